/// A place in the kernel's structures that kprobes read, by the name that stands for it: `structure.member`, of which
/// a member may have members itself, or `enumeration.CONSTANT`. The order is the order they are printed in.
public enum Dotname: Int, CaseIterable, Sendable {
  case credCapAmbient, credCapBset, credCapEffective, credCapInheritable, credCapPermitted
  case credEgid, credEuid, credGid, credSgid, credSuid, credUid
  case dentryDNameName, dentryDParent
  case fsStructPwdDentry, fsStructPwdMnt, fsStructRootDentry
  case ipcNamespaceProcInum
  case mmStructStartStack
  case mountMnt, mountMntMountpoint
  case mntNamespaceProcInum, netNamespaceProcInum
  case nsproxyIpcNs, nsproxyMntNs, nsproxyNetNs, nsproxyUtsNs
  case pidNumbers
  case pidTypePGID, pidTypeSID
  case signalStructPids, signalStructTty
  case taskStructComm, taskStructCred, taskStructExitCode, taskStructFs, taskStructGroupLeader, taskStructMm
  case taskStructNsproxy, taskStructPid, taskStructPids, taskStructRealParent, taskStructStartBoottime
  case taskStructSignal, taskStructTgid
  case ttyDriverMajor, ttyDriverMinorStart, ttyStructDriver, ttyStructIndex
  case upidNr
  case utsNamespaceProcInum
  case vfsmountMntRoot
  // What follows a kernel may lack: nothing depends on one of these.
  case mmStructArgEnd, mmStructArgStart, mountMntParent, signalStructGroupExitCode

  /// Those a kernel must have, all but one of `signalStructPids` and `taskStructPids`; they come first.
  public static var requiredCount: Int { Dotname.vfsmountMntRoot.rawValue + 1 }
  public static var count: Int { Dotname.signalStructGroupExitCode.rawValue + 1 }

  /// As printed; nil: there is none of that name.
  public init?(_ text: String) {
    let bytes = Array(text.utf8)
    for name in Dotname.allCases where name.name.hasBytes(bytes[...]) {
      self = name
      return
    }
    return nil
  }

  public var isRequired: Bool { rawValue < Self.requiredCount }

  public var name: StaticString { spellings[0] }

  /// What the place was and is called in one kernel or another: the first that is found counts.
  var spellings: [StaticString] {
    switch self {
    case .credCapAmbient: ["cred.cap_ambient"]
    case .credCapBset: ["cred.cap_bset"]
    case .credCapEffective: ["cred.cap_effective"]
    case .credCapInheritable: ["cred.cap_inheritable"]
    case .credCapPermitted: ["cred.cap_permitted"]
    case .credEgid: ["cred.egid"]
    case .credEuid: ["cred.euid"]
    case .credGid: ["cred.gid"]
    case .credSgid: ["cred.sgid"]
    case .credSuid: ["cred.suid"]
    case .credUid: ["cred.uid"]
    case .dentryDNameName: ["dentry.d_name.name"]
    case .dentryDParent: ["dentry.d_parent"]
    case .fsStructPwdDentry: ["fs_struct.pwd.dentry"]
    case .fsStructPwdMnt: ["fs_struct.pwd.mnt"]
    case .fsStructRootDentry: ["fs_struct.root.dentry"]
    case .ipcNamespaceProcInum: ["ipc_namespace.proc_inum", "ipc_namespace.ns.inum"]
    case .mmStructStartStack: ["mm_struct.start_stack"]
    case .mountMnt: ["mount.mnt"]
    case .mountMntMountpoint: ["mount.mnt_mountpoint"]
    case .mntNamespaceProcInum: ["mnt_namespace.proc_inum", "mnt_namespace.ns.inum"]
    // The structure has always been called `net`.
    case .netNamespaceProcInum: ["net_namespace.proc_inum", "net.ns.inum", "net.proc_inum"]
    case .nsproxyIpcNs: ["nsproxy.ipc_ns"]
    case .nsproxyMntNs: ["nsproxy.mnt_ns"]
    case .nsproxyNetNs: ["nsproxy.net_ns"]
    case .nsproxyUtsNs: ["nsproxy.uts_ns"]
    case .pidNumbers: ["pid.numbers"]
    case .pidTypePGID: ["pid_type.PIDTYPE_PGID"]
    case .pidTypeSID: ["pid_type.PIDTYPE_SID"]
    case .signalStructPids: ["signal_struct.pids"]
    case .signalStructTty: ["signal_struct.tty"]
    case .taskStructComm: ["task_struct.comm"]
    case .taskStructCred: ["task_struct.cred"]
    case .taskStructExitCode: ["task_struct.exit_code"]
    case .taskStructFs: ["task_struct.fs"]
    case .taskStructGroupLeader: ["task_struct.group_leader"]
    case .taskStructMm: ["task_struct.mm"]
    case .taskStructNsproxy: ["task_struct.nsproxy"]
    case .taskStructPid: ["task_struct.pid"]
    case .taskStructPids: ["task_struct.pids"]
    case .taskStructRealParent: ["task_struct.real_parent"]
    case .taskStructStartBoottime: ["task_struct.start_boottime", "task_struct.real_start_time"]
    case .taskStructSignal: ["task_struct.signal"]
    case .taskStructTgid: ["task_struct.tgid"]
    case .ttyDriverMajor: ["tty_driver.major"]
    case .ttyDriverMinorStart: ["tty_driver.minor_start"]
    case .ttyStructDriver: ["tty_struct.driver"]
    case .ttyStructIndex: ["tty_struct.index"]
    case .upidNr: ["upid.nr"]
    case .utsNamespaceProcInum: ["uts_namespace.proc_inum", "uts_namespace.ns.inum"]
    case .vfsmountMntRoot: ["vfsmount.mnt_root"]
    case .mmStructArgEnd: ["mm_struct.arg_end"]
    case .mmStructArgStart: ["mm_struct.arg_start"]
    case .mountMntParent: ["mount.mnt_parent"]
    case .signalStructGroupExitCode: ["signal_struct.group_exit_code"]
    }
  }
}

/// An offset in bytes for each dotname, or an enumeration constant's value.
struct OffsetVector: Sendable, Equatable {
  private var values = InlineArray<55, Int32>(repeating: absent)

  private static var absent: Int32 { .min }

  subscript(_ name: Dotname) -> Int? {
    get { values[name.rawValue] == Self.absent ? nil : Int(values[name.rawValue]) }
    set { values[name.rawValue] = newValue.map { Int32($0) } ?? Self.absent }
  }

  /// A set that a backend can work with: all that it needs, where a process has its group and session either in its
  /// task (up to Linux 4.18) or in what its threads share.
  var isUsable: Bool {
    var missing = 0
    for name in Dotname.allCases where name.isRequired && self[name] == nil {
      guard name == .signalStructPids || name == .taskStructPids else { return false }
      missing += 1
    }
    return missing <= 1
  }

  /// The required names without an offset, for a message.
  var missingNames: String {
    var words = ""
    for name in Dotname.allCases where name.isRequired && self[name] == nil {
      words += words.isEmpty ? "\(name.name)" : " \(name.name)"
    }
    return words
  }

  static func == (left: OffsetVector, right: OffsetVector) -> Bool {
    for index in left.values.indices where left.values[index] != right.values[index] { return false }
    return true
  }
}
