internal import CQuark

extension ProcessFamily {
  /// What is known of the process.
  @unsafe static func appendText(of event: quark_event, to text: inout ByteBuffer) {
    guard let process = unsafe event.process else { return }
    unsafe withUnsafeBytes(of: process.pointee.comm) { comm in
      guard unsafe comm[0] != 0 else { return }
      text.append("  COMM\tcomm=")
      unsafe text.append(cString: comm.baseAddress!.assumingMemoryBound(to: CChar.self))
      text.append("\n")
    }
    unsafe appendArguments(process, to: &text)
    if unsafe process.pointee.flags & UInt64(QUARK_F_PROC) != 0 { unsafe appendTask(process, to: &text) }
    unsafe EventText.append("  CWD\tcwd=", process.pointee.cwd, to: &text)
    unsafe EventText.append("  EXE\texe=", process.pointee.exe, to: &text)
    unsafe EventText.append("  EXE\tscript=", process.pointee.script, to: &text)
    if unsafe process.pointee.env != nil {
      unsafe EventText.appendLength("  ENV\tenv_len=", process.pointee.env_len, of: process.pointee.env_orig_len, to: &text)
    }
    unsafe EventText.append("  CGRP\tcgroup=", process.pointee.cgroup, to: &text)
    guard unsafe process.pointee.flags & UInt64(QUARK_F_EXIT) != 0 else { return }
    unsafe EventText.appendSigned("  EXIT\texit_code=", process.pointee.exit_code, to: &text)
    unsafe EventText.append(" exit_time=", process.pointee.exit_time_event, to: &text)
    text.append("\n")
  }

  private static func appendArguments(_ process: UnsafePointer<quark_process>, to text: inout ByteBuffer) {
    guard let cmdline = unsafe process.pointee.cmdline else { return }
    text.append("  CMDL\tcmdline=[ ")
    let length = unsafe process.pointee.cmdline_len
    unsafe text.append(separated: cmdline, count: length)
    text.append(" ]\n")
    guard unsafe process.pointee.cmdline_orig_len > length else { return }
    unsafe EventText.appendLength("  CMDL\tcmdline_len=", length, of: process.pointee.cmdline_orig_len, to: &text)
  }

  private static func appendTask(_ process: UnsafePointer<quark_process>, to text: inout ByteBuffer) {
    let task = unsafe process.pointee
    unsafe EventText.appendID("  PROC\tppid=", task.proc_ppid, to: &text)
    text.append("\n")
    unsafe EventText.appendID("  PROC\tuid=", task.proc_uid, to: &text)
    unsafe EventText.appendID(" gid=", task.proc_gid, to: &text)
    unsafe EventText.appendID(" suid=", task.proc_suid, to: &text)
    unsafe EventText.appendID(" sgid=", task.proc_sgid, to: &text)
    unsafe EventText.appendID(" euid=", task.proc_euid, to: &text)
    unsafe EventText.appendID(" egid=", task.proc_egid, to: &text)
    unsafe EventText.appendID(" pgid=", task.proc_pgid, to: &text)
    unsafe EventText.appendID(" sid=", task.proc_sid, to: &text)
    text.append("\n")
    unsafe EventText.appendHex("  PROC\tcap_inheritable=", task.proc_cap_inheritable, to: &text)
    unsafe EventText.appendHex(" cap_permitted=", task.proc_cap_permitted, to: &text)
    unsafe EventText.appendHex(" cap_effective=", task.proc_cap_effective, to: &text)
    text.append("\n")
    unsafe EventText.appendHex("  PROC\tcap_bset=", task.proc_cap_bset, to: &text)
    unsafe EventText.appendHex(" cap_ambient=", task.proc_cap_ambient, to: &text)
    text.append("\n")
    unsafe EventText.append("  PROC\ttime_boot=", task.proc_time_boot, to: &text)
    unsafe EventText.append(" tty_major=", UInt64(task.proc_tty_major), to: &text)
    unsafe EventText.append(" tty_minor=", UInt64(task.proc_tty_minor), to: &text)
    text.append("\n")
    unsafe EventText.append("  PROC\tuts_inonum=", UInt64(task.proc_uts_inonum), to: &text)
    unsafe EventText.append(" ipc_inonum=", UInt64(task.proc_ipc_inonum), to: &text)
    text.append("\n")
    unsafe EventText.append("  PROC\tmnt_inonum=", UInt64(task.proc_mnt_inonum), to: &text)
    unsafe EventText.append(" net_inonum=", UInt64(task.proc_net_inonum), to: &text)
    text.append("\n  PROC\tentity_id=")
    unsafe withUnsafeBytes(of: task.proc_entity_id) { id in
      unsafe text.append(cString: id.baseAddress!.assumingMemoryBound(to: CChar.self))
    }
    text.append(", entry_leader_type=")
    unsafe text.append(entryLeaderName(task.proc_entry_leader_type))
    unsafe EventText.append(" entry_leader=", UInt64(task.proc_entry_leader), to: &text)
    text.append("\n")
  }

  static func entryLeaderName(_ type: UInt32) -> StaticString {
    switch Int(type) {
    case QUARK_ELT_INIT: "INIT"
    case QUARK_ELT_KTHREAD: "KTHREAD"
    case QUARK_ELT_SSHD: "SSHD"
    case QUARK_ELT_SSM: "SSM"
    case QUARK_ELT_CONTAINER: "CONTAINER"
    case QUARK_ELT_TERM: "TERM"
    case QUARK_ELT_CONSOLE: "CONSOLE"
    default: "UNKNOWN"
    }
  }
}
