internal import CQuark

/// The kind of terminal, from its device number.
public enum TTYKind: Sendable {
  case unknown, pts, serial, console

  /// Majors 136 to 143 are UNIX98 slaves; major 4 has first the virtual consoles, then the serial lines
  /// (Documentation/admin-guide/devices.txt).
  public init(major: UInt32, minor: UInt32) {
    switch (major, minor) {
    case (136...143, _): self = .pts
    case (4, 0...63): self = .console
    case (4, 64...255): self = .serial
    default: self = .unknown
    }
  }
}

extension ProcessCache {
  /// Computes the entry leaders of all known processes, parents before children, beginning with those without a parent.
  public mutating func findEntryLeaders() {
    guard findsEntryLeaders else { return }
    var byParent: [UnsafeMutablePointer<quark_process>] = unsafe []
    unsafe byParent.reserveCapacity(count)
    var next = unsafe table.first(notBelow: 0)
    while let process = unsafe next {
      unsafe byParent.append(process)
      unsafe next = table.first(notBelow: process.pointee.pid + 1)
    }
    unsafe byParent.sort { unsafe ($0.pointee.proc_ppid, $0.pointee.pid) < ($1.pointee.proc_ppid, $1.pointee.pid) }
    // Each process has one parent, so the line has no process twice, and only processes below a root.
    var line: [UnsafeMutablePointer<quark_process>] = unsafe []
    unsafe Self.appendChildren(of: 0, from: byParent, to: &line)
    var index = 0
    while unsafe index < line.count {
      let process = unsafe line[index]
      unsafe updateEntryLeader(of: process)
      unsafe Self.appendChildren(of: process.pointee.pid, from: byParent, to: &line)
      index += 1
    }
  }

  private static func appendChildren(
    of pid: UInt32, from byParent: [UnsafeMutablePointer<quark_process>],
    to line: inout [UnsafeMutablePointer<quark_process>]
  ) {
    var (low, high) = unsafe (0, byParent.count)
    while low < high {
      let middle = (low + high) / 2
      if unsafe byParent[middle].pointee.proc_ppid < pid { low = middle + 1 } else { high = middle }
    }
    while unsafe low < byParent.count, unsafe byParent[low].pointee.proc_ppid == pid {
      if unsafe byParent[low].pointee.pid != pid { unsafe line.append(byParent[low]) }
      low += 1
    }
  }

  /// Sets the process through which this one came onto the machine. The first rule that applies decides. A process
  /// keeps its value if its parent is not known or has no entry leader.
  mutating func updateEntryLeader(of process: UnsafeMutablePointer<quark_process>) {
    guard findsEntryLeaders else { return }
    unsafe setEntryLeader(of: process)
  }

  private mutating func setEntryLeader(of process: UnsafeMutablePointer<quark_process>) {
    guard let leader = unsafe entryLeader(of: process) else { return }
    unsafe process.pointee.proc_entry_leader_type = UInt32(truncatingIfNeeded: leader.type)
    unsafe process.pointee.proc_entry_leader = leader.pid
  }

  private typealias Leader = (type: Int, pid: UInt32)

  private mutating func entryLeader(of process: UnsafeMutablePointer<quark_process>) -> Leader? {
    let pid = unsafe process.pointee.pid
    let ppid = unsafe process.pointee.proc_ppid
    let leadsSession = unsafe pid == process.pointee.proc_sid
    if pid == 1 { return (QUARK_ELT_INIT, 1) }
    if pid == 2 || ppid == 2 { return (QUARK_ELT_KTHREAD, leadsSession ? pid : 2) }
    let tty = unsafe TTYKind(major: process.pointee.proc_tty_major, minor: process.pointee.proc_tty_minor)
    let name = unsafe BaseName(process.pointee.exe)
    if leadsSession, tty == .serial { return (QUARK_ELT_TERM, pid) }
    if unsafe leadsSession && tty == .console && name.equals("login") { return (QUARK_ELT_TERM, pid) }
    guard let parent = unsafe parent(of: process), unsafe parent.pointee.proc_entry_leader_type != UInt32(QUARK_ELT_UNKNOWN)
    else { return nil }
    let inherited = unsafe (Int(parent.pointee.proc_entry_leader_type), parent.pointee.proc_entry_leader)
    guard leadsSession, unsafe !Self.isHelper(name) else { return inherited }
    let parentName = unsafe BaseName(parent.pointee.exe)
    if unsafe tty == .pts && parentName.equals("ssm-session-worker") { return (QUARK_ELT_SSM, pid) }
    if unsafe parentName.equals("sshd") && !name.equals("sshd") { return (QUARK_ELT_SSHD, pid) }
    if unsafe Self.startsContainers(parentName) { return (QUARK_ELT_CONTAINER, pid) }
    return inherited
  }

  /// Programs that container runtimes run beside the payload.
  private static func isHelper(_ name: BaseName) -> Bool {
    unsafe name.begins(with: "runc") || name.begins(with: "containerd-shim") || name.begins(with: "calico-node")
      || name.begins(with: "check-status") || name.begins(with: "pause") || name.begins(with: "conmon")
  }

  private static func startsContainers(_ name: BaseName) -> Bool {
    unsafe name.begins(with: "containerd-shim") || name.begins(with: "runc") || name.begins(with: "conmon")
  }
}

/// The text after the last slash of a path; empty if there is no slash.
@unsafe private struct BaseName {
  private let start: UnsafePointer<CChar>?

  init(_ path: UnsafePointer<CChar>?) {
    var start: UnsafePointer<CChar>?
    if var next = unsafe path {
      while unsafe next.pointee != 0 {
        if unsafe next.pointee == CChar(UInt8(ascii: "/")) { unsafe start = next + 1 }
        unsafe next += 1
      }
    }
    unsafe self.start = start
  }

  func begins(with text: StaticString) -> Bool { unsafe lengthOfMatch(text) != nil }

  func equals(_ text: StaticString) -> Bool {
    guard let length = unsafe lengthOfMatch(text) else { return false }
    return unsafe start![length] == 0
  }

  private func lengthOfMatch(_ text: StaticString) -> Int? {
    guard let start = unsafe start else { return nil }
    return text.withUTF8Buffer { text in
      for index in text.indices where unsafe UInt8(bitPattern: start[index]) != text[index] { return nil }
      return text.count
    }
  }
}
