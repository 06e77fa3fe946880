internal import CQuark
internal import CWire
internal import QuarkBTF

/// What the KPROBE backend hooks into. The raw value is its place in tables.
enum Probe: Int, CaseIterable {
  /// A new task is about to run for the first time.
  case fork
  /// A program begins.
  case exec
  /// A thread ends.
  case exit
  /// A thread gets a new name.
  case name
  /// A module of the kernel is in use.
  case module
  /// A task traces another one from now on.
  case ptraceAttach
  /// A task is traced by its parent from now on.
  case ptraceTraceme
  /// Something was done to a task that is traced.
  case ptraceRequest

  /// As hooks are listed: EBPF's of the same kind have the same.
  var label: StaticString {
    switch self {
    case .fork: "fork"
    case .exec: "exec"
    case .exit: "exit"
    case .name: "name"
    case .module: "module load"
    case .ptraceAttach: "ptrace attach"
    case .ptraceTraceme: "ptrace traceme"
    case .ptraceRequest: "ptrace request"
    }
  }

  /// The first word of its event's name in tracefs.
  var word: StaticString {
    switch self {
    case .fork, .exec, .exit, .name: label
    case .module: "module"
    case .ptraceAttach: "attach"
    case .ptraceTraceme: "traceme"
    case .ptraceRequest: "request"
    }
  }

  /// What its records become, if that must be asked for.
  var askedType: raw_types? {
    switch self {
    case .fork, .exec, .exit, .name: nil
    case .module: RAW_MODULE_LOAD
    case .ptraceAttach, .ptraceTraceme, .ptraceRequest: RAW_PTRACE
    }
  }

  /// Of which family its records are.
  var family: wire_family {
    switch self {
    case .fork, .exec, .exit, .name: WIRE_FAMILY_PROCESS
    case .module: WIRE_FAMILY_MODULE
    case .ptraceAttach, .ptraceTraceme, .ptraceRequest: WIRE_FAMILY_PTRACE
    }
  }

  /// The kernel's.
  func function(_ shape: ProbeShape) -> StaticString {
    switch self {
    case .fork: "wake_up_new_task"
    case .exec: "proc_exec_connector"
    case .exit: "taskstats_exit"
    // The first says nothing of an exec, and since Linux 5.16 all that a process does to names: comm_write() in
    // fs/proc/base.c.
    case .name: shape.isRecent ? "proc_comm_connector" : "__set_task_comm"
    // The first calls the second when the module's own beginning has succeeded. Others call it for a module that goes,
    // which is not in use then.
    case .module: shape.moduleReturns ? "do_init_module" : "module_arch_freeing_init"
    // ptrace_attach() calls the second when it has succeeded; another caller has another number for what it does.
    case .ptraceAttach: shape.attachReturns ? "ptrace_attach" : "proc_ptrace_connector"
    case .ptraceTraceme: "ptrace_traceme"
    case .ptraceRequest: "arch_ptrace"
    }
  }

  /// Only what passes this reaches the ring.
  func filter(_ shape: ProbeShape) -> StaticString? {
    switch self {
    // taskstats_exit(task, group_dead): the last thread of its group. Other moments of one event have other numbers.
    case .exit: "dead != 0"
    // __set_task_comm(task, name, exec): an exec is told by the exec.
    case .name: shape.isRecent ? nil : "byexec == 0"
    case .ptraceAttach: shape.attachReturns ? "ret == 0" : "request == 16"
    case .ptraceTraceme: "ret == 0"
    case .ptraceRequest: "ret >= 0"
    case .module: shape.moduleReturns ? "ret == 0" : "state == 0"
    case .fork, .exec: nil
    }
  }

  /// It is hit when the function returns.
  func isAtReturn(_ shape: ProbeShape) -> Bool {
    switch self {
    case .fork, .exec, .exit, .name: false
    case .module: shape.moduleReturns
    case .ptraceAttach: shape.attachReturns
    case .ptraceTraceme, .ptraceRequest: true
    }
  }

  /// How a definition begins. Of calls of a function that have not returned yet the kernel follows so many; more of
  /// them at a time are not told, and not counted either.
  func kind(_ shape: ProbeShape) -> StaticString { isAtReturn(shape) ? "r256" : "p" }

  /// In an event of several probes, where an exit has 0 or 1.
  var moment: Int { rawValue + 2 }

  /// `kprobe/wake_up_new_task`
  func description(_ shape: ProbeShape) -> String {
    "\(isAtReturn(shape) ? "kretprobe" : "kprobe")/\(function(shape))"
  }
}

/// How much a probe reads: as much as the kernel takes.
struct ProbeShape {
  /// Folders from a leaf upwards, 1 at least. Linux 7.3 follows eight pointers in one argument.
  var levels = ProbeShape.mostLevels
  /// The pids controller has a hierarchy of its own: control groups version 1.
  var hasPidsHierarchy = ControlGroups.hasPidsHierarchy
  /// Linux 4.20 has arrays.
  var hasArrays = true
  /// Forks, exits and new names are one event, for closing one takes the kernel a grace period or two: since Linux 5.4
  /// several probes may be one, if they read things of the same names and types.
  var joinsLives = true
  /// It is Linux 5.16 or newer. Two things came with that, neither of which shows before it is too late. A sample may
  /// have 8,192 bytes, and 2,048 before: PERF_MAX_TRACE_SIZE. One that is larger is lost, and the console warns, so that
  /// without the room nothing may be read whose size is not known. And proc_comm_connector() has all new names.
  var isRecent = false
  /// The return of ptrace_attach() is probed, where the kernel has its arguments then: Linux 6.9.
  var attachReturns = true
  /// The return of do_init_module() is probed, likewise.
  var moduleReturns = false

  /// Each costs some 1,200 instructions.
  static var mostLevels: Int { 4 }

  static func isRecent(_ release: String) -> Bool {
    let numbers = Array(release.utf8).split { $0 < UInt8(ascii: "0") || $0 > UInt8(ascii: "9") }
    guard numbers.count > 1, let major = EventFormat.number(numbers[0]),
      let minor = EventFormat.number(numbers[1])
    else { return false }
    return major > 5 || major == 5 && minor >= 16
  }

  /// Of the path of what is executed, its name included.
  var fileLevels: Int { min(levels, isRecent ? 4 : 3) }
  /// Bytes of the name that was called, NUL included, where that cannot be read as a string. Words behind the stack's
  /// end cost a fault each.
  var calledBytes: Int { hasArrays ? 64 : 32 }

  /// Bytes of a folder's name, NUL included: those that it has in itself. Longer ones are elsewhere.
  static var nameBytes: Int { 32 }
  /// Bytes of arguments that are read, up to their end.
  var argumentBytes: Int { hasArrays ? 1024 : 160 }
  /// Bytes at the beginning of the arguments, for when they are more than that.
  var headBytes: Int { hasArrays ? 64 : 32 }
}

/// What is read in one piece: of a task's credentials, of its file system's structure, of a name in a file system, and
/// of a mount, from what others point to.
struct BlockOffsets {
  let credentials: Range<Int>
  let fileSystem: Range<Int>
  let entry: Range<Int>
  let mount: Range<Int>
  /// A file's path.
  let path: Range<Int>
  /// A short name, in the entry that has it.
  let entryName: Int
  /// From the mount that others point to.
  let mountPoint: Int
  private let offsets: KernelOffsets

  init(_ offsets: KernelOffsets) {
    self.offsets = offsets
    credentials = Self.range(
      offsets,
      words: [.credCapInheritable, .credCapPermitted, .credCapEffective, .credCapBset, .credCapAmbient],
      halves: [.credUid, .credGid, .credSuid, .credSgid, .credEuid, .credEgid])
    var places: [Dotname] = [.fsStructRootDentry, .fsStructPwdMnt, .fsStructPwdDentry]
    if offsets[.fsStructRootMnt] != nil { places.append(.fsStructRootMnt) }
    fileSystem = Self.range(offsets, words: places, halves: [])
    // Behind the name's pointer is one to the inode, then the name, if the types do not say another thing.
    entryName = offsets[.dentryDIname] ?? offsets.place(.dentryDNameName) + 16
    let (parent, name) = (offsets.place(.dentryDParent), offsets.place(.dentryDNameName))
    entry = min(parent, name, entryName)..<max(parent + 8, name + 8, entryName + ProbeShape.nameBytes)
    mountPoint = offsets.place(.mountMntMountpoint) - offsets.place(.mountMnt)
    let root = offsets.place(.vfsmountMntRoot)
    mount = min(mountPoint, root)..<max(mountPoint, root) + 8
    let (pathMount, pathEntry) = (offsets.place(.fileFPathMnt), offsets.place(.fileFPathDentry))
    path = min(pathMount, pathEntry)..<max(pathMount, pathEntry) + 8
  }

  func inCredentials(_ name: Dotname) -> Int { offsets.place(name) - credentials.lowerBound }
  func inFileSystem(_ name: Dotname) -> Int { offsets.place(name) - fileSystem.lowerBound }
  var hasRootMount: Bool { offsets[.fsStructRootMnt] != nil }
  /// In an entry.
  var parent: Int { offsets.place(.dentryDParent) - entry.lowerBound }
  var namePointer: Int { offsets.place(.dentryDNameName) - entry.lowerBound }
  var name: Int { entryName - entry.lowerBound }
  /// Of the name, before its pointer: struct qstr in include/linux/dcache.h. Nil: that is not read.
  var hashAndLength: Int? { namePointer >= 8 && parent != namePointer - 8 ? namePointer - 8 : nil }
  /// In a mount.
  var inMountPoint: Int { mountPoint - mount.lowerBound }
  var inMountRoot: Int { offsets.place(.vfsmountMntRoot) - mount.lowerBound }
  /// In a file's path.
  var inPathMount: Int { offsets.place(.fileFPathMnt) - path.lowerBound }
  var inPathEntry: Int { offsets.place(.fileFPathDentry) - path.lowerBound }

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
  /// Of a member that every usable set of offsets has. Of another one that is lacking it is 0, and not to be read.
  func place(_ name: Dotname) -> Int { self[name] ?? 0 }
}
