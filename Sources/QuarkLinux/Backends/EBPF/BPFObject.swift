internal import CLibbpf
internal import CLinux
internal import QuarkCore

/// Owns one libbpf object: its programs in the kernel, their links and its maps. All are released at the end of this
/// value.
@safe @usableFromInline struct BPFObject: ~Copyable {
  private let object: OpaquePointer
  private var links: [OpaquePointer] = unsafe []
  private var kprobes = KprobeEvents()

  /// Why an object could not be loaded, and the program that caused it, if there is one.
  struct LoadFailure: Error {
    var error: QuarkError
    var program: [UInt8]?
  }

  /// Reads an ELF object, which must stay in memory as long as this lives, and keeps only the named programs. The
  /// registration must live until the object is loaded.
  init(
    elf: UnsafeRawPointer, size: Int, programs: [StaticString], types: CInt,
    _ registration: borrowing BPFRegistration
  ) throws(QuarkError) {
    guard let object = unsafe clibbpf_open(elf, size, "/proc/self/fd/\(types)") else {
      throw unsafe Self.failure("open the BPF object", clinux_errno())
    }
    unsafe self.object = object
    keep(programs)
  }

  @inlinable deinit { destroy() }

  @usableFromInline func destroy() {
    for unsafe link in unsafe links { unsafe bpf_link__destroy(link) }
    unsafe bpf_object__close(object)
  }

  /// The BTF of an object, which describes its own types and those of the kernel.
  static func types(elf: UnsafeRawPointer, size: Int) throws(QuarkError) -> [UInt8] {
    clibbpf_capture_log()
    clinux_log_clear()
    var count = 0
    guard let bytes = unsafe clibbpf_types(elf, size, &count) else {
      throw unsafe failure("read the BPF object's types", clinux_errno())
    }
    defer { unsafe free(bytes) }
    // Safe: this many bytes were copied there.
    return unsafe [UInt8](UnsafeRawBufferPointer(start: bytes, count: count))
  }

  // MARK: - Before loading

  private func keep(_ programs: [StaticString]) {
    var next = unsafe bpf_object__next_program(object, nil)
    while let program = unsafe next {
      let name = unsafe bpf_program__name(program)!
      let isWanted = programs.contains { unsafe strcmp(name, $0.cString) == 0 }
      _ = unsafe bpf_program__set_autoload(program, isWanted)
      unsafe next = bpf_object__next_program(object, program)
    }
  }

  func setMaxEntries(map name: StaticString, _ count: Int) throws(QuarkError) {
    let map = unsafe find(name)
    let error = unsafe bpf_map__set_max_entries(map, UInt32(count))
    if error != 0 { throw unsafe Self.failure("size a BPF map", -error, subject: bpf_map__name(map)) }
  }

  func setType(map name: StaticString, _ type: bpf_map_type) throws(QuarkError) {
    let map = unsafe find(name)
    let error = unsafe bpf_map__set_type(map, type)
    if error != 0 { throw unsafe Self.failure("choose the type of a BPF map", -error, subject: bpf_map__name(map)) }
  }

  /// Sets constants of the programs, which are in a separate section.
  @unsafe func setConstants<Value>(section name: StaticString, _ value: Value) throws(QuarkError) {
    let error = unsafe withUnsafeBytes(of: value) {
      unsafe bpf_map__set_initial_value(find(name), $0.baseAddress!, $0.count)
    }
    if error != 0 { throw unsafe Self.failure("set the programs' constants", -error) }
  }

  func load() throws(LoadFailure) {
    clinux_log_clear()
    let error = unsafe bpf_object__load(object)
    if error == 0 { return }
    let program = Self.blamedProgram()
    throw LoadFailure(error: unsafe Self.failure("load the BPF programs", -error), program: program)
  }

  // MARK: - After loading

  /// Attaches the programs of a variant. The verifier has accepted them already; only what it hooks may be missing.
  mutating func attach(_ hook: Hook, _ variant: HookVariant) throws(QuarkError) {
    let program = unsafe find(program: variant.program)
    clinux_log_clear()
    switch variant.kind {
    case .rawTracepoint:
      try unsafe keep(bpf_program__attach_raw_tracepoint(program, variant.target.cString), of: program)
    case .fentry, .fexit: try unsafe keep(bpf_program__attach_trace(program), of: program)
    case .kprobes, .kretprobes: try attach([(hook, variant)])
    case .kprobe: try attach(variant.program, to: variant.target, isReturn: false)
    case .kretprobe:
      // The entry first: of each call whose return is seen the arguments are kept.
      try attach(variant.entry!, to: variant.target, isReturn: false)
      try attach(variant.program, to: variant.target, isReturn: true)
    }
  }

  private mutating func attach(
    _ name: StaticString, to function: StaticString, isReturn: Bool
  ) throws(QuarkError) {
    let program = unsafe find(program: name)
    do throws(Errno) {
      try kprobes.attach(unsafe bpf_program__fd(program), to: function, isReturn: isReturn)
    } catch {
      throw unsafe Self.failure("attach a BPF program", error.rawValue, subject: bpf_program__name(program))
    }
  }

  /// Attaches one program to the functions of all `hooks` at once, and another one to their entries if what is seen is
  /// their returns.
  mutating func attach(_ hooks: [(hook: Hook, variant: HookVariant)]) throws(QuarkError) {
    let variant = hooks[0].variant
    var targets = unsafe hooks.map { unsafe Optional($0.variant.target.cString) }
    if let entry = variant.entry {
      try unsafe attach(entry, to: &targets, cookies: hooks.map { $0.hook.entryCookie }, isReturn: false)
    }
    let cookies = hooks.map { $0.hook.cookie }
    try unsafe attach(variant.program, to: &targets, cookies: cookies, isReturn: variant.entry != nil)
  }

  @unsafe private mutating func attach(
    _ name: StaticString, to targets: inout [UnsafePointer<CChar>?], cookies: [UInt64], isReturn: Bool
  ) throws(QuarkError) {
    let program = unsafe find(program: name)
    clinux_log_clear()
    let link = unsafe clibbpf_attach_kprobes(program, &targets, cookies, targets.count, isReturn ? 1 : 0)
    try unsafe keep(link, of: program)
  }

  @unsafe private mutating func keep(_ link: OpaquePointer?, of program: OpaquePointer) throws(QuarkError) {
    guard let link = unsafe link else {
      throw unsafe Self.failure("attach a BPF program", clinux_errno(), subject: bpf_program__name(program))
    }
    unsafe links.append(link)
  }

  /// Passes to `add` how often each program, by its name, was skipped because the CPU was running it already. False if
  /// the kernel does not have these numbers: before 5.12, and before 5.19 for a process that has dropped its
  /// privileges.
  ///
  /// Reading them makes the kernel skip nothing: bpf_disable_instrumentation() of kernel/bpf/syscall.c is called only
  /// for operations on elements of maps, while bpf_prog_get_info_by_fd() adds up numbers of each CPU.
  func addMissedRuns(_ add: (_ program: UnsafePointer<CChar>, UInt64) -> Void) -> Bool {
    var next = unsafe bpf_object__next_program(object, nil)
    while let program = unsafe next {
      let descriptor = unsafe bpf_program__fd(program)
      if descriptor >= 0 {
        var information = bpf_prog_info()
        var size = UInt32(MemoryLayout<bpf_prog_info>.size)
        // Safe: the kernel fills `size` bytes at most, and does not change members that it does not know.
        guard unsafe bpf_obj_get_info_by_fd(descriptor, &information, &size) == 0 else { return false }
        unsafe add(bpf_program__name(program)!, information.recursion_misses)
      }
      unsafe next = bpf_object__next_program(object, program)
    }
    return true
  }

  /// Valid as long as this lives.
  func descriptor(ofMap name: StaticString) -> CInt { unsafe bpf_map__fd(find(name)) }

  func maxEntries(ofMap name: StaticString) -> Int { unsafe Int(bpf_map__max_entries(find(name))) }

  // MARK: -

  /// The programs are part of our object, as the maps are: a missing one is a bug of this library.
  @unsafe private func find(program name: StaticString) -> OpaquePointer {
    unsafe bpf_object__find_program_by_name(object, name.cString)!
  }

  /// The maps are part of our object: a missing one is a bug of this library.
  private func find(_ name: StaticString) -> OpaquePointer {
    unsafe bpf_object__find_map_by_name(object, name.cString)!
  }

  /// libbpf logs `prog 'NAME': …` for each failure of a program; the last one is the cause.
  private static func blamedProgram() -> [UInt8]? {
    var name: [UInt8]?
    var next = unsafe strstr(clinux_log_tail(), "prog '")
    while let mark = unsafe next {
      let start = unsafe mark + 6
      // Safe: the log ends with a NUL.
      guard let end = unsafe strchr(start, CInt(UInt8(ascii: "'"))) else { break }
      name = unsafe [UInt8](UnsafeRawBufferPointer(start: start, count: end - start))
      unsafe next = strstr(end, "prog '")
    }
    return name
  }

  static func failure(
    _ attempt: StaticString, _ errno: CInt, subject: UnsafePointer<CChar>? = nil
  ) -> QuarkError {
    var detail = unsafe String(cString: clinux_log_tail())
    if let subject = unsafe subject { unsafe detail = String(cString: subject) + "\n" + detail }
    return QuarkError(attempt, Errno(errno), detail: detail)
  }
}
