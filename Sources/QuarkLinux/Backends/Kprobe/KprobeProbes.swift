internal import CLinux
internal import Synchronization

private let count = Atomic<UInt64>(0)

/// The probes that are defined in tracefs, which they leave with this.
@safe @usableFromInline struct KprobeProbes: ~Copyable {
  private let files: TraceFS
  /// Event names behind the group, by probe; empty: there is none.
  private var names: [String]
  /// What the kernel has taken so far.
  private var shape = ProbeShape()
  private(set) var layouts: SampleLayouts
  /// Directories that a new process and an exec are read with.
  var levels: Int { shape.levels }
  var hasArrays: Bool { shape.hasArrays }
  private(set) var ids: [(probe: Probe, id: UInt64)] = []
  /// Why a probe that is not required cannot be had.
  private(set) var failures: [(probe: Probe, reason: String)] = []

  private init(_ files: consuming TraceFS, seesThreads: Bool) {
    layouts = SampleLayouts(seesThreads: seesThreads)
    names = [String](repeating: "", count: Probe.allCases.count)
    self.files = files
  }

  /// Defines all probes. Until `settle`, nobody else does.
  static func define(
    _ offsets: KernelOffsets, _ blocks: BlockOffsets, without: [ArraySlice<UInt8>], seesThreads: Bool
  ) throws(QuarkError) -> KprobeProbes {
    var probes = KprobeProbes(try TraceFS(), seesThreads: seesThreads)
    probes.files.lock()
    probes.files.sweep()
    try probes.define(offsets, blocks, without)
    return probes
  }

  /// The probes are in use now: nobody takes them for leftovers.
  func settle() { files.unlock() }

  @inlinable deinit { destroy() }

  @usableFromInline func destroy() { remove() }

  private func remove() {
    for name in names where !name.isEmpty {
      // The kernel lets go of a probe a moment after its last user has closed it.
      for _ in 0..<100 {
        do throws(Errno) {
          try files.remove(name)
          break
        } catch {
          if error.rawValue != EBUSY { break }
          usleep(1000)
        }
      }
    }
  }

  // MARK: -

  private mutating func define(
    _ offsets: KernelOffsets, _ blocks: BlockOffsets, _ without: [ArraySlice<UInt8>]
  ) throws(QuarkError) {
    if without.contains(where: { ("arrays" as StaticString).hasBytes($0) }) { shape.hasArrays = false }
    if without.contains(where: { ("levels" as StaticString).hasBytes($0) }) { shape.levels = 1 }
    let number = Self.nextNumber()
    for probe in Probe.allCases {
      guard let function = probe.function else {
        try addTracepoint(probe)
        continue
      }
      let name = "\(probe.label)_\(getpid())_\(number)"
      do throws(QuarkError) {
        try define(probe, name: name, function: function, offsets, blocks)
      } catch {
        if probe.isRequired { throw error }
        failures.append((probe, error.message))
      }
    }
  }

  /// As much as the kernel takes: it refuses more than it can, and then less is tried.
  private mutating func define(
    _ probe: Probe, name: String, function: StaticString, _ offsets: KernelOffsets, _ blocks: BlockOffsets
  ) throws(QuarkError) {
    let event = "\(TraceFS.group)/\(name)"
    while true {
      let arguments = probe.arguments(offsets, blocks, shape)
      var text = "p:\(event) \(function)"
      for (_, argument) in arguments { text += argument.definition(hasArrays: shape.hasArrays) }
      do throws(Errno) {
        try files.write(text)
      } catch {
        // A function that there is not will not come from asking for less of it.
        if error.rawValue != ENOENT, error.rawValue != EEXIST, shape.reduce() { continue }
        let complaint = files.lastComplaint()
        throw QuarkError(
          "define a kprobe", error, detail: "\(function)" + (complaint.isEmpty ? "" : ": \(complaint)"))
      }
      names[probe.rawValue] = name
      return try add(probe, event, arguments)
    }
  }

  private mutating func add(
    _ probe: Probe, _ event: String, _ arguments: [(field: SampleField, argument: FetchArgument)]
  ) throws(QuarkError) {
    let (id, format) = try QuarkError.attempting("read what a kprobe looks like") { () throws(Errno) in
      (try files.id(of: event), try files.format(of: event))
    }
    guard let layout = SampleLayout(format, arguments, shape) else {
      throw QuarkError("read what a kprobe looks like", Errno(EPROTO), detail: "\(event): not what was asked for")
    }
    layouts.set(probe, id: UInt16(truncatingIfNeeded: id), layout)
    ids.append((probe, id))
  }

  private mutating func addTracepoint(_ probe: Probe) throws(QuarkError) {
    let event = "sched/sched_process_exec"
    let (id, format) = try QuarkError.attempting("read what the tracepoint sched_process_exec looks like") {
      () throws(Errno) in (try files.id(of: event), try files.format(of: event))
    }
    guard let layout = SampleLayout(ofExec: format) else {
      throw QuarkError("read what the tracepoint sched_process_exec looks like", Errno(EPROTO))
    }
    layouts.set(probe, id: UInt16(truncatingIfNeeded: id), layout)
    ids.append((probe, id))
  }

  /// Counts the queues of this process.
  private static func nextNumber() -> UInt64 { count.wrappingAdd(1, ordering: .relaxed).oldValue }
}

extension ProbeShape {
  /// Asks for less. False: there is nothing left to leave out.
  fileprivate mutating func reduce() -> Bool {
    if levels > 1 {
      levels -= 1
    } else if hasArrays {
      self = ProbeShape()
      hasArrays = false
    } else {
      return false
    }
    return true
  }
}
