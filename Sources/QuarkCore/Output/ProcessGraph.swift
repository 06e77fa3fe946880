public import CQuark

/// The process cache as a DOT graph: a box for each process, and an arrow from each parent. It is made in pieces, so
/// that its user decides how much of it is in memory: `begin`, then all processes in ascending pid as nodes, then all
/// as edges, then `end`.
public enum ProcessGraph {
  public static func appendBegin(to text: inout ByteBuffer) {
    text.append("digraph {\nranksep=2.0;\nnodesep=0.65;\nnode [style=filled, shape=box, color=black];\n")
  }

  public static func appendEnd(to text: inout ByteBuffer) { text.append("}\n") }

  @unsafe public static func appendNode(_ process: UnsafePointer<quark_process>, to text: inout ByteBuffer) {
    unsafe append("\"", process.pointee.pid, to: &text)
    unsafe append("\" [label=\"", process.pointee.pid, to: &text)
    text.append("\\n")
    unsafe withUnsafeBytes(of: &UnsafeMutablePointer(mutating: process).pointee.comm) { comm in
      let comm = unsafe comm.baseAddress!.assumingMemoryBound(to: CChar.self)
      unsafe appendName(process.pointee.exe, comm, to: &text)
      if unsafe comm.pointee != 0 { unsafe append("comm ", comm, to: &text) }
    }
    unsafe append("cwd ", process.pointee.cwd, to: &text)
    if unsafe process.pointee.flags & UInt64(QUARK_F_PROC) != 0 { unsafe appendTask(process, to: &text) }
    if unsafe process.pointee.flags & UInt64(QUARK_F_EXIT) != 0 {
      text.append("exit ")
      unsafe text.append(decimal: Int64(process.pointee.exit_code))
      unsafe EventText.append("\\nexit_time ", process.pointee.exit_time_event, to: &text)
      text.append("\\n")
    }
    unsafe append("flags 0x", hex: process.pointee.flags, to: &text)
    text.append("\", fillcolor=")
    unsafe text.append(color(ofParent: process.pointee.proc_ppid))
    text.append("];\n")
  }

  @unsafe public static func appendEdge(_ process: UnsafePointer<quark_process>, to text: inout ByteBuffer) {
    unsafe text.append(decimal: UInt64(process.pointee.proc_ppid))
    unsafe append(" -> ", process.pointee.pid, to: &text)
    text.append(";\n")
  }

  private static func appendName(
    _ exe: UnsafeMutablePointer<CChar>?, _ comm: UnsafePointer<CChar>, to text: inout ByteBuffer
  ) {
    if let exe = unsafe exe {
      unsafe text.append(dotLabel: exe)
    } else if unsafe comm.pointee != 0 {
      unsafe text.append(dotLabel: comm)
    } else {
      text.append("<unknown>")
    }
    text.append("\\n")
  }

  private static func appendTask(_ process: UnsafePointer<quark_process>, to text: inout ByteBuffer) {
    let task = unsafe process.pointee
    unsafe append("cap_inh 0x", hex: task.proc_cap_inheritable, to: &text)
    unsafe append("cap_per 0x", hex: task.proc_cap_permitted, to: &text)
    unsafe append("cap_eff 0x", hex: task.proc_cap_effective, to: &text)
    unsafe append("cap_bset 0x", hex: task.proc_cap_bset, to: &text)
    unsafe append("cap_amb 0x", hex: task.proc_cap_ambient, to: &text)
    unsafe EventText.append("time_boot ", task.proc_time_boot, to: &text)
    text.append("\\n")
    unsafe appendID("uid ", task.proc_uid, to: &text)
    unsafe appendID("gid ", task.proc_gid, to: &text)
    unsafe appendID("suid ", task.proc_suid, to: &text)
    unsafe appendID("sgid ", task.proc_sgid, to: &text)
    unsafe appendID("sid ", task.proc_sid, to: &text)
    unsafe appendID("tty_maj ", task.proc_tty_major, to: &text)
    unsafe appendID("tty_min ", task.proc_tty_minor, to: &text)
    text.append("el_type ")
    unsafe text.append(ProcessFamily.entryLeaderName(task.proc_entry_leader_type))
    text.append("\\n")
    unsafe appendID("el_leader ", task.proc_entry_leader, to: &text)
  }

  /// Children of the same parent have the same colour.
  private static func color(ofParent ppid: UInt32) -> StaticString {
    switch ppid % 16 {
    case 0: "aqua"
    case 1: "aquamarine3"
    case 2: "azure3"
    case 3: "coral"
    case 4: "darkgoldenrod1"
    case 5: "darkolivegreen2"
    case 6: "darkorchid1"
    case 7: "firebrick3"
    case 8: "forestgreen"
    case 9: "lemonchiffon2"
    case 10: "lightslateblue"
    case 11: "lime"
    case 12: "orange2"
    case 13: "skyblue3"
    case 14: "violet"
    default: "yellow"
    }
  }

  private static func append(_ label: StaticString, _ value: UInt32, to text: inout ByteBuffer) {
    EventText.append(label, UInt64(value), to: &text)
  }

  private static func appendID(_ label: StaticString, _ value: UInt32, to text: inout ByteBuffer) {
    EventText.appendID(label, value, to: &text)
    text.append("\\n")
  }

  private static func append(_ label: StaticString, hex value: UInt64, to text: inout ByteBuffer) {
    text.append(label)
    text.append(hex: value)
    text.append("\\n")
  }

  private static func append(_ label: StaticString, _ value: UnsafePointer<CChar>?, to text: inout ByteBuffer) {
    guard let value = unsafe value else { return }
    text.append(label)
    unsafe text.append(dotLabel: value)
    text.append("\\n")
  }
}
