/// The name of something in the kernel's types that kprobes use: `structure.member`, where a member may have members
/// itself, or `enumeration.CONSTANT`. The order of the cases is the order in which they are printed.
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
  // A kernel may lack the following ones: nothing depends on one of these.
  case cgroupKn, cgroupSubsysIDPids, cgroupSubsysStateCgroup, cssSetDflCgrp, cssSetSubsys
  case dentryDIname
  case fileFPathDentry, fileFPathMnt, fsStructRootMnt
  case kernfsNodeID
  case mmStructArgEnd, mmStructArgStart, mmStructExeFile
  case moduleName, moduleSrcversion, moduleState, moduleTaints, moduleVersion
  case mountMntID, mountMntParent
  case signalStructFlags, signalStructGroupExitCode
  case taskStructCgroups, taskStructFlags, taskStructPtrace

  /// The number of names that a kernel must have, except one of `signalStructPids` and `taskStructPids`; they come
  /// first.
  public static var requiredCount: Int { Dotname.vfsmountMntRoot.rawValue + 1 }
  public static var count: Int { Dotname.taskStructPtrace.rawValue + 1 }

  /// From the printed name; nil if there is no such name.
  public init?(_ text: String) {
    for name in Dotname.allCases where name.name.withUTF8Buffer({ unsafe $0.elementsEqual(text.utf8) }) {
      self = name
      return
    }
    return nil
  }

  public var isRequired: Bool { rawValue < Self.requiredCount }

  public var name: StaticString { spellings[0] }

  /// What the place was and is called in one kernel or another: the first that is found counts.
  package var spellings: [StaticString] { Self.table[rawValue] }

  /// The names in the order of the cases.
  private static let table: [[StaticString]] = [
    ["cred.cap_ambient"],
    ["cred.cap_bset"],
    ["cred.cap_effective"],
    ["cred.cap_inheritable"],
    ["cred.cap_permitted"],
    ["cred.egid"],
    ["cred.euid"],
    ["cred.gid"],
    ["cred.sgid"],
    ["cred.suid"],
    ["cred.uid"],
    ["dentry.d_name.name"],
    ["dentry.d_parent"],
    ["fs_struct.pwd.dentry"],
    ["fs_struct.pwd.mnt"],
    ["fs_struct.root.dentry"],
    ["ipc_namespace.proc_inum", "ipc_namespace.ns.inum"],
    ["mm_struct.start_stack"],
    ["mount.mnt"],
    ["mount.mnt_mountpoint"],
    ["mnt_namespace.proc_inum", "mnt_namespace.ns.inum"],
    ["net_namespace.proc_inum", "net.ns.inum", "net.proc_inum"],
    ["nsproxy.ipc_ns"],
    ["nsproxy.mnt_ns"],
    ["nsproxy.net_ns"],
    ["nsproxy.uts_ns"],
    ["pid.numbers"],
    ["pid_type.PIDTYPE_PGID"],
    ["pid_type.PIDTYPE_SID"],
    ["signal_struct.pids"],
    ["signal_struct.tty"],
    ["task_struct.comm"],
    ["task_struct.cred"],
    ["task_struct.exit_code"],
    ["task_struct.fs"],
    ["task_struct.group_leader"],
    ["task_struct.mm"],
    ["task_struct.nsproxy"],
    ["task_struct.pid"],
    ["task_struct.pids"],
    ["task_struct.real_parent"],
    ["task_struct.start_boottime", "task_struct.real_start_time"],
    ["task_struct.signal"],
    ["task_struct.tgid"],
    ["tty_driver.major"],
    ["tty_driver.minor_start"],
    ["tty_struct.driver"],
    ["tty_struct.index"],
    ["upid.nr"],
    ["uts_namespace.proc_inum", "uts_namespace.ns.inum"],
    ["vfsmount.mnt_root"],
    ["cgroup.kn"],
    ["cgroup_subsys_id.pids_cgrp_id"],
    ["cgroup_subsys_state.cgroup"],
    ["css_set.dfl_cgrp"],
    ["css_set.subsys"],
    ["dentry.d_iname", "dentry.d_shortname"],
    ["file.f_path.dentry"],
    ["file.f_path.mnt"],
    ["fs_struct.root.mnt"],
    ["kernfs_node.id"],
    ["mm_struct.arg_end"],
    ["mm_struct.arg_start"],
    ["mm_struct.exe_file"],
    ["module.name"],
    ["module.srcversion"],
    ["module.state"],
    ["module.taints"],
    ["module.version"],
    ["mount.mnt_id"],
    ["mount.mnt_parent"],
    ["signal_struct.flags"],
    ["signal_struct.group_exit_code"],
    ["task_struct.cgroups"],
    ["task_struct.flags"],
    ["task_struct.ptrace"],
  ]
}

/// An offset in bytes for each dotname, or an enumeration constant's value.
package struct OffsetVector: Sendable, Equatable {
  private var values = [Int32](repeating: absent, count: Dotname.count)

  private static var absent: Int32 { .min }

  package subscript(_ name: Dotname) -> Int? {
    get { values[name.rawValue] == Self.absent ? nil : Int(values[name.rawValue]) }
    set { values[name.rawValue] = newValue.map { Int32($0) } ?? Self.absent }
  }

  /// A set that a backend can work with: all that it needs, where a process has its group and session either in its
  /// task (up to Linux 4.18) or in what its threads share.
  package var isUsable: Bool {
    var missing = 0
    for name in Dotname.allCases where name.isRequired && self[name] == nil {
      switch name {
      case .signalStructPids, .taskStructPids: missing += 1
      default: return false
      }
    }
    return missing <= 1
  }

  /// The required names without an offset, for a message.
  package var missingNames: String {
    var words = ""
    for name in Dotname.allCases where name.isRequired && self[name] == nil {
      words += words.isEmpty ? "\(name.name)" : " \(name.name)"
    }
    return words
  }
}
