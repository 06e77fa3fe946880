internal import CLinux
internal import CQuark
internal import QuarkBTF
internal import Synchronization

private let count = Atomic<UInt64>(0)

/// An event for perf to open, which has one or more probes.
struct ProbeEvent {
  let probes: [Probe]
  let id: UInt64
  /// Only samples that pass this filter reach the ring.
  let filter: StaticString?
  /// Text such as `kprobe/wake_up_new_task, kprobe/taskstats_exit`.
  let description: String
}

/// The probes that are defined in tracefs; they are removed at the end of this value.
@safe @usableFromInline struct KprobeProbes: ~Copyable {
  private let files: TraceFS
  /// The names of events, without the group.
  private var names: [String] = []
  /// What the kernel has accepted so far.
  private var shape = ProbeShape()
  private(set) var layouts: SampleLayouts
  /// The number of directories that are read for a task.
  var levels: Int { shape.levels }
  var hasArrays: Bool { shape.hasArrays }
  func description(of probe: Probe) -> String { probe.description(shape) }
  func has(_ probe: Probe) -> Bool { events.contains { $0.probes.contains(probe) } }
  private(set) var events: [ProbeEvent] = []
  /// What a queue asks for beyond processes.
  private(set) var asked: [Probe] = []
  private var isInFirstNamespace = true
  /// Why a probe that is not required cannot be had, or not in the way that was tried first.
  private(set) var failures: [(probe: Probe, what: String, reason: String)] = []

  private init(_ files: consuming TraceFS, seesThreads: Bool) {
    layouts = SampleLayouts(seesThreads: seesThreads)
    self.files = files
  }

  /// Defines all probes. Until `settle`, no other process defines or removes probes.
  static func define(
    _ offsets: KernelOffsets, _ blocks: BlockOffsets, without: [ArraySlice<UInt8>], _ settings: BackendSettings
  ) throws(QuarkError) -> KprobeProbes {
    var probes = KprobeProbes(try TraceFS(), seesThreads: settings.seesThreads)
    probes.asked = Probe.allCases.filter { $0.askedType.map { settings.types & 1 << $0.rawValue != 0 } ?? false }
    probes.files.lock()
    probes.files.sweep()
    try probes.define(offsets, blocks, without)
    return probes
  }

  /// Call this when the probes are in use: now no process can mistake them for leftovers.
  func settle() { files.unlock() }

  @inlinable deinit { destroy() }

  @usableFromInline func destroy() { remove() }

  /// Removes the probes, but nothing if another process still has the events open: a child may close, or drop, its copy
  /// of its parent's queue. The kernel refuses to remove a probe that is in use, except probes of an event with
  /// several, which are therefore removed last.
  private func remove() {
    for name in names where !TraceFS.isShared(Array(name.utf8)[...]) {
      if !remove(name) { return }
    }
    for name in names where TraceFS.isShared(Array(name.utf8)[...]) { remove(name) }
  }

  /// Removes an event with all of its probes. False if it is in use.
  @discardableResult
  private func remove(_ name: String) -> Bool {
    // The kernel releases a probe a moment after its last user has closed it.
    for _ in 0..<100 {
      do throws(Errno) {
        try files.remove(name)
        return true
      } catch {
        if error.rawValue != EBUSY { return true }
        usleep(1000)
      }
    }
    return false
  }

  // MARK: -

  private mutating func define(
    _ offsets: KernelOffsets, _ blocks: BlockOffsets, _ without: [ArraySlice<UInt8>]
  ) throws(QuarkError) {
    func has(_ word: StaticString) -> Bool { !without.contains { word.hasBytes($0) } }
    shape.hasArrays = has("arrays")
    shape.joinsLives = has("joining")
    shape.isRecent = has("recent") && ProbeShape.isRecent(SystemName().release)
    if !has("levels") { shape.levels = 1 }
    let kernel = (offsets: offsets, blocks: blocks)
    let tail = "_\(getpid())_\(Self.nextNumber())"
    if try !defineLives(tail, kernel) {
      try define(.fork, tail, kernel)
      try define(.exit, tail, kernel)
    }
    try define(.exec, tail, kernel)
    if !events[0].probes.contains(.name) {
      do throws(QuarkError) {
        try define(.name, tail, kernel)
      } catch { failures.append((.name, description(of: .name), error.message)) }
    }
    if !has("kept") { shape.attachReturns = false }
    if !asked.isEmpty {
      var reader = LateReader()
      isInFirstNamespace = reader.isInFirstPidNamespace()
    }
    for probe in asked { tryToDefine(probe, tail, kernel, keeps: has("kept")) }
  }

  /// What cannot be had is said, and costs nothing else.
  private mutating func tryToDefine(_ probe: Probe, _ tail: String, _ kernel: Kernel, keeps: Bool) {
    do throws(QuarkError) {
      try requireKnowledge(probe, kernel.offsets, keeps: keeps)
      try define(probe, tail, kernel)
    } catch {
      failures.append((probe, description(of: probe), error.message))
      if shape.useOtherWay(of: probe, keeps: keeps) { tryToDefine(probe, tail, kernel, keeps: keeps) }
    }
  }

  /// Whether the probe's records can be told rightly.
  private func requireKnowledge(_ probe: Probe, _ offsets: KernelOffsets, keeps: Bool) throws(QuarkError) {
    var missing: String?
    switch probe {
    case .module where offsets[.moduleName] == nil || offsets[.moduleState] == nil:
      missing = "where a module has its name and state is not known"
    case .ptraceAttach where !shape.attachReturns && offsets[.taskStructPtrace] == nil:
      missing = "where a task has how it is traced is not known"
    case .ptraceRequest where !keeps: missing = "arguments may not be kept until a function returns"
    default: break
    }
    // Samples have pids as this process sees them, and the task that acts is not among what can be read.
    if !isInFirstNamespace { missing = "this process is not in the first pid namespace" }
    if let missing { throw QuarkError("tell of it", Errno(ENOTSUP), detail: missing) }
  }

  private typealias Kernel = (offsets: KernelOffsets, blocks: BlockOffsets)

  /// Defines forks, exits and new names as one event. False if the kernel cannot do this.
  private mutating func defineLives(_ tail: String, _ kernel: Kernel) throws(QuarkError) -> Bool {
    guard shape.joinsLives else { return false }
    let whole = shape
    let name = "\(TraceFS.shared)" + tail
    var probes = [Probe.fork, .exit]
    do throws(Errno) {
      try writeReducing(.fork, name, kernel)
      names.append(name)
      try write(.exit, name, kernel)
      if shape.isRecent, (try? write(.name, name, kernel)) != nil { probes.append(.name) }
    } catch {
      if names.popLast() != nil { remove(name) }
      shape = whole
      shape.joinsLives = false
      return false
    }
    try add(probes, name, kernel)
    return true
  }

  private mutating func define(_ probe: Probe, _ tail: String, _ kernel: Kernel) throws(QuarkError) {
    let name = "\(probe.word)" + tail
    do throws(Errno) {
      if probe.askedType == nil {
        try writeReducing(probe, name, kernel)
      } else {
        try write(probe, name, kernel)
      }
    } catch {
      let complaint = files.lastComplaint()
      throw QuarkError(
        "define a kprobe", error, detail: "\(probe.function(shape))" + (complaint.isEmpty ? "" : ": \(complaint)"))
    }
    names.append(name)
    try add([probe], name, kernel)
  }

  /// Defines as much as the kernel accepts: if it refuses, less is tried.
  private mutating func writeReducing(_ probe: Probe, _ name: String, _ kernel: Kernel) throws(Errno) {
    while true {
      do throws(Errno) {
        return try write(probe, name, kernel)
      } catch {
        // If the function does not exist, a smaller definition does not help.
        guard error.rawValue != ENOENT, error.rawValue != EEXIST, shape.reduce() else { throw error }
      }
    }
  }

  private func write(_ probe: Probe, _ name: String, _ kernel: Kernel) throws(Errno) {
    var text = "\(probe.kind(shape)):\(TraceFS.group)/\(name) \(probe.function(shape))"
    for (_, argument) in probe.arguments(kernel.offsets, kernel.blocks, shape) {
      text += argument.definition(hasArrays: shape.hasArrays)
    }
    try files.write(text)
  }

  private mutating func add(_ probes: [Probe], _ name: String, _ kernel: Kernel) throws(QuarkError) {
    let event = "\(TraceFS.group)/\(name)"
    let (id, format) = try QuarkError.attempting("read what a kprobe looks like") { () throws(Errno) in
      (try files.id(of: event), try files.format(of: event))
    }
    for probe in probes {
      guard let layout = SampleLayout(format, probe.arguments(kernel.offsets, kernel.blocks, shape), shape) else {
        throw QuarkError("read what a kprobe looks like", Errno(EPROTO), detail: "\(event): not what was asked for")
      }
      layouts.set(probe, id: UInt16(truncatingIfNeeded: id), layout)
    }
    var (description, filter) = ("", StaticString?.none)
    for probe in probes {
      description += (description.isEmpty ? "" : ", ") + probe.description(shape)
      filter = filter ?? probe.filter(shape)
    }
    events.append(ProbeEvent(probes: probes, id: id, filter: filter, description: description))
  }

  /// Counts the queues of this process.
  private static func nextNumber() -> UInt64 { count.wrappingAdd(1, ordering: .relaxed).oldValue }
}

extension ProbeShape {
  /// False: there is none.
  fileprivate mutating func useOtherWay(of probe: Probe, keeps: Bool) -> Bool {
    switch probe {
    case .module where !moduleReturns && keeps: moduleReturns = true
    case .ptraceAttach where attachReturns: attachReturns = false
    default: return false
    }
    return true
  }

  /// Asks for less. False: there is nothing left to leave out.
  fileprivate mutating func reduce() -> Bool {
    if levels > 1 {
      levels -= 1
    } else if hasArrays {
      levels = Self.mostLevels
      hasArrays = false
    } else {
      return false
    }
    return true
  }
}
