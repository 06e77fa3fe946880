internal import CQuark
internal import CWire
internal import QuarkBTF

/// The hooks of the KPROBE backend. The raw value is the index in tables.
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

  /// The name of the kernel function.
  func function(_ shape: ProbeShape) -> StaticString {
    switch self {
    case .fork: "wake_up_new_task"
    case .exec: "proc_exec_connector"
    case .exit: "taskstats_exit"
    // proc_comm_connector() is not called for an exec, and since Linux 5.16 it is called for all other changes of
    // names: comm_write() in fs/proc/base.c.
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

  /// Only samples that pass this filter reach the ring.
  func filter(_ shape: ProbeShape) -> StaticString? {
    switch self {
    // taskstats_exit(task, group_dead): 1 for the last thread of its group. Other probes of one event have other
    // numbers.
    case .exit: "dead != 0"
    // __set_task_comm(task, name, exec): the probe of the exec reports the name of an exec.
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

/// How much a probe reads: as much as the kernel accepts.
struct ProbeShape {
  /// The number of folders from a leaf upwards, at least 1. Linux 7.3 follows eight pointers in one argument.
  var levels = ProbeShape.mostLevels
  /// True if the pids controller has its own hierarchy: control groups version 1.
  var hasPidsHierarchy = ControlGroups.hasPidsHierarchy
  /// Linux 4.20 and later have arrays.
  var hasArrays = true
  /// Forks, exits and new names are one event, because closing an event takes the kernel one or two grace periods.
  /// Since Linux 5.4 several probes may share one event, if they read values with the same names and types.
  var joinsLives = true
  /// True for Linux 5.16 and later. Two changes of this version cannot be detected in advance. A sample may have 8,192
  /// bytes instead of 2,048: PERF_MAX_TRACE_SIZE. A larger one is lost, and the kernel warns on the console, so before
  /// 5.16 nothing of unknown size may be read. And proc_comm_connector() is called for all new names.
  var isRecent = false
  /// The return of ptrace_attach() is probed, where the kernel has its arguments then: Linux 6.9.
  var attachReturns = true
  /// The return of do_init_module() is probed, likewise.
  var moduleReturns = false

  /// Each level costs about 1,200 instructions.
  static var mostLevels: Int { 4 }

  static func isRecent(_ release: String) -> Bool {
    let numbers = Array(release.utf8).split { $0 < UInt8(ascii: "0") || $0 > UInt8(ascii: "9") }
    guard numbers.count > 1, let major = EventFormat.number(numbers[0]),
      let minor = EventFormat.number(numbers[1])
    else { return false }
    return major > 5 || major == 5 && minor >= 16
  }

  /// The number of names of the executable's path, with its own name.
  var fileLevels: Int { min(levels, isRecent ? 4 : 3) }
  /// Bytes of the name that was called, with its NUL, if it cannot be read as a string. Each word after the end of the
  /// stack costs a fault.
  var calledBytes: Int { hasArrays ? 64 : 32 }

  /// Bytes of a folder's name, with its NUL, that are inside its entry. Longer names are elsewhere.
  static var nameBytes: Int { 32 }
  /// Bytes of arguments that are read, up to their end.
  var argumentBytes: Int { hasArrays ? 1024 : 160 }
  /// Bytes that are read at the beginning of the arguments, in case that they are longer than that.
  var headBytes: Int { hasArrays ? 64 : 32 }
}

/// The blocks that are read in one piece: parts of a task's credentials, of its file system structure, of a directory
/// entry, and of a mount, from the place to which other structures point.
struct BlockOffsets {
  let credentials: Range<Int>
  let fileSystem: Range<Int>
  let entry: Range<Int>
  let mount: Range<Int>
  /// The path of a file.
  let path: Range<Int>
  /// A short name, inside its entry.
  let entryName: Int
  /// Relative to the mount to which other structures point.
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
    // After the pointer to the name is a pointer to the inode, and then the name, unless the types say otherwise.
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
  /// The offset in an entry.
  var parent: Int { offsets.place(.dentryDParent) - entry.lowerBound }
  var namePointer: Int { offsets.place(.dentryDNameName) - entry.lowerBound }
  var name: Int { entryName - entry.lowerBound }
  /// Hash and length of the name, before its pointer: struct qstr in include/linux/dcache.h. Nil if they are not read.
  var hashAndLength: Int? { namePointer >= 8 && parent != namePointer - 8 ? namePointer - 8 : nil }
  /// The offset in a mount.
  var inMountPoint: Int { mountPoint - mount.lowerBound }
  var inMountRoot: Int { offsets.place(.vfsmountMntRoot) - mount.lowerBound }
  /// The offset in the path of a file.
  var inPathMount: Int { offsets.place(.fileFPathMnt) - path.lowerBound }
  var inPathEntry: Int { offsets.place(.fileFPathDentry) - path.lowerBound }

  /// The range that covers all members, in whole words.
  private static func range(_ offsets: KernelOffsets, words: [Dotname], halves: [Dotname]) -> Range<Int> {
    var (first, end) = (Int.max, 0)
    for name in words + halves { first = min(first, offsets.place(name)) }
    for name in words { end = max(end, offsets.place(name) + 8) }
    for name in halves { end = max(end, offsets.place(name) + 4) }
    return first..<first + (end - first + 7) / 8 * 8
  }
}

extension KernelOffsets {
  /// The offset of a member that every usable set of offsets has. For another member that is missing it is 0, and must
  /// not be used.
  func place(_ name: Dotname) -> Int { self[name] ?? 0 }
}
