internal import CLibbpf
internal import CLinux
internal import CProbes
internal import CWire
internal import QuarkCore

/// A loaded object, its ring and its counters.
@usableFromInline struct LoadedObject: ~Copyable {
  var object: BPFObject
  var ring: RingBuffer
  let counters: RingCounters
}

/// Loads and attaches the programs that its plan names. A program that the kernel refuses is removed from the plan,
/// with the reason, and the rest is tried again: if the kernel accepts all first choices, one pass is enough.
@safe struct EBPFLoader {
  private(set) var plan: HookPlan
  let possibleCPUs: Int

  private let settings: BackendSettings
  private let elf: UnsafeRawPointer
  private let elfSize: Int
  private let types: KernelTypes
  private var lastErrno = Errno(ENOENT)

  /// Each CPU takes 128 free places at a time: LOCAL_FREE_TARGET in kernel/bpf/bpf_lru_list.c.
  private static var callsPerCPU: Int { 256 }

  init(_ settings: BackendSettings) throws(QuarkError) {
    var size = 0
    let bytes = unsafe cprobes_programs(&size)!
    guard size > 0 else {
      throw QuarkError("open the BPF object", Errno(ENOENT), detail: "this build has none: build with `make`")
    }
    let elf = unsafe UnsafeRawPointer(bytes)
    let cpus = libbpf_num_possible_cpus()
    guard cpus > 0 else { throw QuarkError("count the possible CPUs", Errno(-cpus)) }
    let hooks = HookPlan(types: settings.types).hooks
    let types = unsafe try Self.readTypes(of: hooks, elf: elf, size: size)
    let allowed = Self.allowedKinds()
    plan = HookPlan(Self.preference(types), returns: Self.returns(types), types: settings.types) { kind in
      allowed.map { $0.contains { kind.name.hasBytes($0) } } ?? true
    }
    for hook in hooks where hook.isOf32Bits && !hook.variants.contains(where: { types.functionID($0.target) != nil }) {
      plan.leaveOut(hook)
    }
    self.settings = settings
    unsafe self.elf = elf
    elfSize = size
    possibleCPUs = Int(cpus)
    self.types = types
  }

  mutating func open() throws(QuarkError) -> LoadedObject {
    let typesFile = try Self.file(types.extract)
    // Each failed turn removes a variant of a hook, so this ends.
    while true {
      for hook in plan.hooks {
        while let variant = plan[hook], let reason = obstacle(hook, variant) { plan.reject(hook, reason) }
      }
      if let hook = plan.missing {
        throw QuarkError(
          "hook into what processes do", lastErrno, detail: "\(hook.name): none\n" + plan.explanation(of: hook))
      }
      if let loaded = try attempt(typesFile.rawValue) { return loaded }
    }
  }

  /// Nil if the plan has changed, and may be tried again.
  private mutating func attempt(_ typesFile: CInt) throws(QuarkError) -> LoadedObject? {
    let registration = try BPFRegistration(preparation())
    let object = unsafe try BPFObject(
      elf: elf, size: elfSize, programs: plan.programs, types: typesFile, registration)
    try configure(object)
    do throws(BPFObject.LoadFailure) { try object.load() } catch {
      let hooks = error.program.map { plan.hooks(ofProgram: $0) } ?? []
      // Another variant would need as many descriptors.
      if hooks.isEmpty || error.error.errno.isOfDescriptors { throw error.error }
      for hook in hooks { reject(hook, error.error) }
      return nil
    }
    var loaded = try map(object)
    guard try attach(&loaded.object) else { return nil }
    var isWhole = true
    if settings.testsItself {
      let knowledge = SelfTest.Knowledge(
        hooks: plan.hooks.filter { plan[$0] != nil }, maxEnvironment: settings.maxEnvironment)
      for hook in try SelfTest.silentHooks(knowledge, consume: { body in _ = loaded.ring.consume(limit: .max, body) }) {
        plan.reject(hook, "it is attached, but delivers nothing for the process of the self-test")
        isWhole = false
      }
    }
    guard isWhole else { return nil }
    return consume loaded
  }

  /// Why a variant need not be tried: the kernel's types lack something that it needs.
  private func obstacle(_ hook: Hook, _ variant: HookVariant) -> String? {
    if variant.isOfTrampoline, types.functionID(variant.target) == nil {
      return "the kernel's types have no such function"
    }
    if variant.isOfMany, !types.has("fprobe", member: "nmissed") {
      return "the kernel's types have no fprobe"
    }
    if variant.kind == .kretprobes, types.functionID(variant.target) == nil {
      return "the kernel's types have no such function"
    }
    // The program recognizes an exec by the owner of a mutex.
    if hook == .comm, variant.kind == .rawTracepoint, !types.has("mutex", member: "owner"),
      !types.has("rt_mutex_base", member: "owner")
    {
      return "the kernel's types have no owner of a mutex"
    }
    return nil
  }

  private func map(_ object: consuming BPFObject) throws(QuarkError) -> LoadedObject {
    let (ringMap, size) = (object.descriptor(ofMap: "ring"), object.maxEntries(ofMap: "ring"))
    let ring = try QuarkError.attempting("map the ring buffer") { () throws(Errno) in
      try RingBuffer(map: ringMap, dataSize: size)
    }
    let (countersMap, count) = (object.descriptor(ofMap: "ring_stats"), possibleCPUs)
    let counters = try QuarkError.attempting("map the counters") { () throws(Errno) in
      try RingCounters(map: countersMap, count: count)
    }
    return LoadedObject(object: object, ring: ring, counters: counters)
  }

  /// False if the plan has changed.
  private mutating func attach(_ object: inout BPFObject) throws(QuarkError) -> Bool {
    // Events first: while one is put into its map, the kernel skips programs on this CPU.
    var isWhole = try attach(plan.hooks.filter { plan[$0]?.isOfEvents ?? false }, &object)
    for kind in [HookVariant.Kind.kprobes, .kretprobes] where try !attachTogether(plan.hooks(kind), &object) {
      isWhole = false
    }
    let rest = plan.hooks.filter { hook in plan[hook].map { !$0.isOfEvents && !$0.isOfMany } ?? false }
    return try attach(rest, &object) && isWhole
  }

  /// Each for itself. False if the plan has changed.
  private mutating func attach(_ hooks: [Hook], _ object: inout BPFObject) throws(QuarkError) -> Bool {
    var isWhole = true
    for hook in hooks {
      do throws(QuarkError) { try object.attach(hook, plan[hook]!) } catch {
        if error.errno.isOfDescriptors { throw error }
        reject(hook, error)
        isWhole = false
      }
    }
    return isWhole
  }

  /// All in one link. The kernel refuses it for one function that it does not have, or cannot probe: then each is tried
  /// alone, to find the hooks that must do without it. False if the plan has changed.
  private mutating func attachTogether(_ hooks: [Hook], _ object: inout BPFObject) throws(QuarkError) -> Bool {
    if hooks.isEmpty { return true }
    do throws(QuarkError) {
      try object.attach(hooks.map { ($0, plan[$0]!) })
      return true
    } catch {
      if error.errno.isOfDescriptors { throw error }
      var isFound = false
      for hook in hooks {
        do throws(QuarkError) { try object.attach(hook, plan[hook]!) } catch {
          reject(hook, error)
          isFound = true
        }
      }
      if !isFound { for hook in hooks { reject(hook, error) } }
      return false
    }
  }

  private mutating func reject(_ hook: Hook, _ error: QuarkError) {
    lastErrno = error.errno
    plan.reject(hook, error.message)
  }

  private func preparation() -> BPFRegistration.Preparation {
    var preparation = BPFRegistration.Preparation()
    for hook in plan.hooks {
      guard let variant = plan[hook], variant.isOfTrampoline, let id = types.functionID(variant.target)
      else { continue }
      preparation.functions.append((variant.program, id))
    }
    return preparation
  }

  private func configure(_ object: borrowing BPFObject) throws(QuarkError) {
    let ringSize = settings.ringSize == 0 ? EBPFBackend.defaultRingSize : settings.ringSize
    let stages = possibleCPUs + Int(WIRE_SPARE_STAGES.rawValue)
    try object.setMaxEntries(map: "stages", stages)
    try object.setMaxEntries(map: "ring_stats", possibleCPUs)
    try object.setMaxEntries(map: "ring", ringSize)
    let keepsCalls = plan.hooks.contains { plan[$0]?.entry != nil }
    if keepsCalls { try object.setMaxEntries(map: "calls", max(1024, Self.callsPerCPU * possibleCPUs)) }
    if Self.withheld().contains(where: { ("notes" as StaticString).hasBytes($0) }) {
      try object.setType(map: "notes", BPF_MAP_TYPE_HASH)
      try object.setMaxEntries(map: "notes", 1)
    }
    let interval = max(1, min(settings.holdTimeMS / 10, 100))
    var namespace = clinux_pid_namespace()
    let isReaderKnown = unsafe clinux_own_pid_namespace(&namespace) == 0
    let values = wire_settings(
      wake_interval_ns: UInt64(interval) * 1_000_000, wake_bytes: UInt32(ringSize / 8),
      stage_count: UInt32(stages), max_env: UInt32(min(settings.maxEnvironment, Int(WIRE_ENV_MAX.rawValue))),
      exit_has_group_dead: types.tracepointParameters("btf_trace_sched_process_exit") == 2 ? 1 : 0,
      keeps_calls: keepsCalls ? 1 : 0, reader_pid: isReaderKnown ? UInt32(getpid()) : 0,
      pid_ns_device: namespace.device, pid_ns_inode: namespace.inode)
    unsafe try object.setConstants(section: ".rodata.settings", values)
  }

  // MARK: - Facts about the kernel

  private static func readTypes(
    of hooks: [Hook], elf: UnsafeRawPointer, size: Int
  ) throws(QuarkError) -> KernelTypes {
    let object = unsafe try BPFObject.types(elf: elf, size: size)
    var symbols: [StaticString] = ["btf_trace_sched_process_exit"]
    for hook in hooks { symbols += hook.variants.map { $0.target } }
    let path = unsafe clinux_environment("QUARK_BTF_PATH").map { unsafe String(cString: $0) }
    return unsafe try KernelTypes(
      path: path ?? KernelTypes.systemPath, object: object.span.bytes, symbols: symbols,
      structures: [
        "srcu_struct", "srcu_reader_flavor", "bpf_trampoline", "fops", "fprobe", "nmissed", "hlist_array",
      ])
  }

  /// Writes the bytes to a file without a name.
  private static func file(_ bytes: [UInt8]) throws(QuarkError) -> FileDescriptor {
    try QuarkError.attempting("keep the kernel's types in memory") { () throws(Errno) in
      let file = FileDescriptor(owning: try Errno.check(clinux_memfd()))
      try FileDescriptor.writeAll(bytes.span, to: file.rawValue)
      return file
    }
  }

  /// A program that is preempted counts as running on its CPU, and is passed over there until it goes on: what another
  /// task does meanwhile is missed. That happens to programs of tracepoints from 6.19 on, which reads tracepoints under
  /// a kind of SRCU that came with it, and to those of trampolines where tasks are preempted in the kernel, as most of
  /// these kernels do it. A kprobe's program keeps its CPU to itself.
  private static func preference(_ types: KernelTypes) -> HookPlan.Preference {
    types.has("srcu_struct", member: "srcu_reader_flavor") ? .kprobes : .tracepoints
  }

  /// A table of all fprobes came with their use of the stacks on which the kernel keeps returns, one for each task.
  /// Before that each fprobe, and each trampoline that has its own operations of ftrace, waits for all tasks when it is
  /// closed.
  private static func returns(_ types: KernelTypes) -> HookPlan.Returns {
    if types.has("fprobe", member: "hlist_array") { return .links }
    return types.has("bpf_trampoline", member: "fops") ? .kprobes : .trampolines
  }

  /// The kinds of variants that QUARK_EBPF_HOOKS names, separated by commas; nil means all.
  private static func allowedKinds() -> [ArraySlice<UInt8>]? {
    unsafe words(clinux_environment("QUARK_EBPF_HOOKS"))
  }

  /// The things that QUARK_EBPF_WITHOUT names, separated by commas; they get almost no room.
  private static func withheld() -> [ArraySlice<UInt8>] {
    unsafe words(clinux_environment("QUARK_EBPF_WITHOUT")) ?? []
  }

  @unsafe private static func words(_ text: UnsafePointer<CChar>?) -> [ArraySlice<UInt8>]? {
    guard let text = unsafe text else { return nil }
    // Safe: an environment variable ends with a NUL.
    let bytes = unsafe [UInt8](UnsafeRawBufferPointer(start: text, count: strlen(text)))
    return bytes.split(separator: UInt8(ascii: ","))
  }
}
