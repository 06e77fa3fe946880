internal import CWire

/// What the KPROBE backend hooks into. The raw value is its place in tables.
enum Probe: Int, CaseIterable {
  /// A new task is about to run for the first time.
  case fork
  /// A program begins: a tracepoint of the kernel's own, which tells the file's name.
  case exec
  /// The same program, a moment later: all else that is to be known of it.
  case image
  /// A thread ends.
  case exit
  /// A thread gets a new name.
  case name

  var label: StaticString {
    switch self {
    case .fork: "fork"
    case .exec: "exec"
    case .image: "image"
    case .exit: "exit"
    case .name: "name"
    }
  }

  /// The kernel's function; nil for the tracepoint.
  var function: StaticString? {
    switch self {
    case .fork: "wake_up_new_task"
    case .exec: nil
    case .image: "proc_exec_connector"
    case .exit: "taskstats_exit"
    case .name: "__set_task_comm"
    }
  }

  /// Without these there is no telling who is who.
  var isRequired: Bool { self != .name }

  /// Only what passes this reaches the ring.
  var filter: StaticString? {
    switch self {
    // taskstats_exit(task, group_dead): the last thread of its group.
    case .exit: "dead != 0"
    // __set_task_comm(task, name, exec): an exec is told by the exec.
    case .name: "byexec == 0"
    default: nil
    }
  }

  /// `kprobe/wake_up_new_task`
  var description: String { function.map { "kprobe/\($0)" } ?? "tracepoint/sched_process_exec" }
}

/// How much a probe reads: as much as the kernel takes.
struct ProbeShape {
  /// Directories from the working directory upwards, 1 at least. Linux 7.3 follows eight pointers in one argument.
  var levels = ProbeShape.mostLevels
  /// Linux 4.20 has arrays.
  var hasArrays = true

  static var mostLevels: Int { 7 }

  /// Where a process works when it ends is mostly known from before: then the end of the path tells that it has not
  /// moved.
  func levels(of probe: Probe) -> Int { probe == .exit ? min(levels, 2) : levels }

  /// Bytes of a directory's name, NUL included. Longer ones are not read to their end.
  static var nameBytes: Int { 32 }
  /// Bytes of arguments that are read, up to their end.
  var argumentBytes: Int { hasArrays ? 1024 : 160 }
  /// Bytes at the beginning of the arguments, for when they are more than that.
  var headBytes: Int { hasArrays ? 64 : 32 }
}

/// The places in a task's credentials and in its file system's structure, from where the block that is read begins.
struct BlockOffsets {
  let credentials: Range<Int>
  let fileSystem: Range<Int>
  private let offsets: KernelOffsets

  init(_ offsets: KernelOffsets) {
    self.offsets = offsets
    credentials = Self.range(
      offsets,
      words: [.credCapInheritable, .credCapPermitted, .credCapEffective, .credCapBset, .credCapAmbient],
      halves: [.credUid, .credGid, .credSuid, .credSgid, .credEuid, .credEgid])
    fileSystem = Self.range(offsets, words: [.fsStructRootDentry, .fsStructPwdMnt, .fsStructPwdDentry], halves: [])
  }

  func inCredentials(_ name: Dotname) -> Int { offsets.place(name) - credentials.lowerBound }
  func inFileSystem(_ name: Dotname) -> Int { offsets.place(name) - fileSystem.lowerBound }

  /// What covers all members, in whole words.
  private static func range(_ offsets: KernelOffsets, words: [Dotname], halves: [Dotname]) -> Range<Int> {
    var (first, end) = (Int.max, 0)
    for name in words + halves { first = min(first, offsets.place(name)) }
    for name in words { end = max(end, offsets.place(name) + 8) }
    for name in halves { end = max(end, offsets.place(name) + 4) }
    return first..<first + (end - first + 7) / 8 * 8
  }
}

extension KernelOffsets {
  /// Of a member that every set of offsets has.
  func place(_ name: Dotname) -> Int { self[name] ?? 0 }
}
