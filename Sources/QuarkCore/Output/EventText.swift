public import CQuark

/// The text form of an event: a line `->PID (FORK+EXEC)` and a line per group of facts.
public enum EventText {
  /// False: the event has no process, and only the first line was written.
  @unsafe public static func append(_ event: quark_event, to text: inout ByteBuffer) -> Bool {
    text.append("->")
    unsafe text.append(decimal: UInt64(event.process?.pointee.pid ?? 0))
    if unsafe event.events != 0 {
      text.append(" (")
      unsafe appendNames(of: event.events, to: &text)
      text.append(")")
    }
    text.append("\n")
    guard let process = unsafe event.process else { return false }
    unsafe append(process, to: &text)
    return true
  }

  private static func appendNames(of events: UInt64, to text: inout ByteBuffer) {
    var rest = events
    while rest != 0 {
      let bit = rest.trailingZeroBitCount
      text.append(name(ofBit: bit))
      rest &= rest - 1
      if rest != 0 { text.append("+") }
    }
  }

  private static func name(ofBit bit: Int) -> StaticString {
    switch bit {
    case 0: "FORK"
    case 1: "EXEC"
    case 2: "EXIT"
    case 3: "ID_CHANGE"
    case 4: "SETPROCTITLE"
    case 5: "SOCK_CONN_ESTABLISHED"
    case 6: "SOCK_CONN_CLOSED"
    case 7: "PACKET"
    case 8: "BYPASS"
    case 9: "FILE"
    case 10: "PTRACE"
    case 11: "MODULE_LOAD"
    case 12: "SHM"
    case 13: "TTY"
    case 14: "GETPID"
    case 15: "MPROTECT"
    default: "?"
    }
  }

  private static func append(_ process: UnsafePointer<quark_process>, to text: inout ByteBuffer) {
    unsafe withUnsafeBytes(of: process.pointee.comm) { comm in
      guard unsafe comm[0] != 0 else { return }
      text.append("  COMM\tcomm=")
      unsafe text.append(cString: comm.baseAddress!.assumingMemoryBound(to: CChar.self))
      text.append("\n")
    }
    unsafe appendArguments(process, to: &text)
    if unsafe process.pointee.flags & UInt64(QUARK_F_PROC) != 0 { unsafe appendTask(process, to: &text) }
    unsafe append("  CWD\tcwd=", process.pointee.cwd, to: &text)
    unsafe append("  EXE\texe=", process.pointee.exe, to: &text)
    unsafe append("  EXE\tscript=", process.pointee.script, to: &text)
    if unsafe process.pointee.env != nil {
      unsafe appendLength("  ENV\tenv_len=", process.pointee.env_len, of: process.pointee.env_orig_len, to: &text)
    }
    unsafe append("  CGRP\tcgroup=", process.pointee.cgroup, to: &text)
    guard unsafe process.pointee.flags & UInt64(QUARK_F_EXIT) != 0 else { return }
    unsafe appendSigned("  EXIT\texit_code=", process.pointee.exit_code, to: &text)
    unsafe append(" exit_time=", process.pointee.exit_time_event, to: &text)
    text.append("\n")
  }

  private static func appendArguments(_ process: UnsafePointer<quark_process>, to text: inout ByteBuffer) {
    guard let cmdline = unsafe process.pointee.cmdline else { return }
    text.append("  CMDL\tcmdline=[ ")
    let length = unsafe process.pointee.cmdline_len
    unsafe text.append(separated: cmdline, count: length)
    text.append(" ]\n")
    guard unsafe process.pointee.cmdline_orig_len > length else { return }
    unsafe appendLength("  CMDL\tcmdline_len=", length, of: process.pointee.cmdline_orig_len, to: &text)
  }

  /// What was cut says how much there was.
  private static func appendLength(
    _ label: StaticString, _ length: Int, of original: Int, to text: inout ByteBuffer
  ) {
    append(label, UInt64(length), to: &text)
    if original > length { append(" of ", UInt64(original), to: &text) }
    text.append("\n")
  }

  private static func appendTask(_ process: UnsafePointer<quark_process>, to text: inout ByteBuffer) {
    let task = unsafe process.pointee
    unsafe appendID("  PROC\tppid=", task.proc_ppid, to: &text)
    text.append("\n")
    unsafe appendID("  PROC\tuid=", task.proc_uid, to: &text)
    unsafe appendID(" gid=", task.proc_gid, to: &text)
    unsafe appendID(" suid=", task.proc_suid, to: &text)
    unsafe appendID(" sgid=", task.proc_sgid, to: &text)
    unsafe appendID(" euid=", task.proc_euid, to: &text)
    unsafe appendID(" egid=", task.proc_egid, to: &text)
    unsafe appendID(" pgid=", task.proc_pgid, to: &text)
    unsafe appendID(" sid=", task.proc_sid, to: &text)
    text.append("\n")
    unsafe appendHex("  PROC\tcap_inheritable=", task.proc_cap_inheritable, to: &text)
    unsafe appendHex(" cap_permitted=", task.proc_cap_permitted, to: &text)
    unsafe appendHex(" cap_effective=", task.proc_cap_effective, to: &text)
    text.append("\n")
    unsafe appendHex("  PROC\tcap_bset=", task.proc_cap_bset, to: &text)
    unsafe appendHex(" cap_ambient=", task.proc_cap_ambient, to: &text)
    text.append("\n")
    unsafe append("  PROC\ttime_boot=", task.proc_time_boot, to: &text)
    unsafe append(" tty_major=", UInt64(task.proc_tty_major), to: &text)
    unsafe append(" tty_minor=", UInt64(task.proc_tty_minor), to: &text)
    text.append("\n")
    unsafe append("  PROC\tuts_inonum=", UInt64(task.proc_uts_inonum), to: &text)
    unsafe append(" ipc_inonum=", UInt64(task.proc_ipc_inonum), to: &text)
    text.append("\n")
    unsafe append("  PROC\tmnt_inonum=", UInt64(task.proc_mnt_inonum), to: &text)
    unsafe append(" net_inonum=", UInt64(task.proc_net_inonum), to: &text)
    text.append("\n  PROC\tentity_id=")
    unsafe withUnsafeBytes(of: task.proc_entity_id) { id in
      unsafe text.append(cString: id.baseAddress!.assumingMemoryBound(to: CChar.self))
    }
    text.append(", entry_leader_type=")
    unsafe text.append(entryLeaderName(task.proc_entry_leader_type))
    unsafe append(" entry_leader=", UInt64(task.proc_entry_leader), to: &text)
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

  static func append(_ label: StaticString, _ value: UInt64, to text: inout ByteBuffer) {
    text.append(label)
    text.append(decimal: value)
  }

  /// Ids print signed: -1 is "no id".
  static func appendID(_ label: StaticString, _ value: UInt32, to text: inout ByteBuffer) {
    appendSigned(label, Int32(bitPattern: value), to: &text)
  }

  private static func appendSigned(_ label: StaticString, _ value: Int32, to text: inout ByteBuffer) {
    text.append(label)
    text.append(decimal: Int64(value))
  }

  private static func appendHex(_ label: StaticString, _ value: UInt64, to text: inout ByteBuffer) {
    text.append(label)
    text.append("0x")
    text.append(hex: value)
  }

  private static func append(
    _ label: StaticString, _ value: UnsafeMutablePointer<CChar>?, to text: inout ByteBuffer
  ) {
    guard let value = unsafe value else { return }
    text.append(label)
    unsafe text.append(cString: value)
    text.append("\n")
  }
}
