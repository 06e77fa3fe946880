internal import CQuark
internal import CWire

extension UnsafeMutablePointer<quark_process> {
  /// Takes over what a record says of the task. The start time stays as it was first learned: the entity id depends
  /// on it.
  @unsafe func setTask(_ task: wire_task, wallOffsetNS: UInt64) {
    unsafe pointee.flags |= UInt64(QUARK_F_PROC)
    unsafe pointee.proc_cap_inheritable = task.cap_inheritable
    unsafe pointee.proc_cap_permitted = task.cap_permitted
    unsafe pointee.proc_cap_effective = task.cap_effective
    unsafe pointee.proc_cap_bset = task.cap_bset
    unsafe pointee.proc_cap_ambient = task.cap_ambient
    unsafe pointee.proc_ppid = task.ppid
    unsafe pointee.proc_uid = task.uid
    unsafe pointee.proc_gid = task.gid
    unsafe pointee.proc_suid = task.suid
    unsafe pointee.proc_sgid = task.sgid
    unsafe pointee.proc_euid = task.euid
    unsafe pointee.proc_egid = task.egid
    unsafe pointee.proc_pgid = task.pgid
    unsafe pointee.proc_sid = task.sid
    unsafe pointee.proc_tty_major = task.tty_major
    unsafe pointee.proc_tty_minor = task.tty_minor
    unsafe setNamespaces(task)
    unsafe pointee.comm = task.comm
    unsafe pointee.comm.15 = 0
    guard unsafe pointee.proc_time_boot == 0 else { return }
    unsafe pointee.proc_time_boot = task.start_boot_ns &+ wallOffsetNS
    unsafe withUnsafeMutableBytes(of: &pointee.proc_entity_id) { text in
      let characters = unsafe text.baseAddress!.assumingMemoryBound(to: CChar.self)
      unsafe EntityID.write(pid: pointee.pid, startTimeNS: pointee.proc_time_boot, to: characters)
    }
  }

  /// A task that is being torn down has left its namespaces already: then the record says 0, and what is known stays.
  private func setNamespaces(_ task: wire_task) {
    guard task.uts_inonum != 0 else { return }
    unsafe pointee.proc_uts_inonum = task.uts_inonum
    unsafe pointee.proc_ipc_inonum = task.ipc_inonum
    unsafe pointee.proc_mnt_inonum = task.mnt_inonum
    unsafe pointee.proc_net_inonum = task.net_inonum
  }
}
