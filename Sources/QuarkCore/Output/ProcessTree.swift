public import CQuark

/// Processes as a tree, drawn in ASCII like `pstree -p`:
///
///     init(1)-+-getty(50)
///             `-sshd(60)---sh(61)---sleep(70)[exit 0]
///
/// The pointers that are added must be valid as long as the tree is used.
public struct ProcessTree {
  @safe private struct Node {
    let process: UnsafePointer<quark_process>
    /// An index of a node; -1: none.
    var firstChild = -1
    var nextSibling = -1
    var isDrawn = false

    init(_ process: UnsafePointer<quark_process>) { unsafe self.process = process }

    var pid: UInt32 { unsafe process.pointee.pid }
    /// 0: not known.
    var ppid: UInt32 { unsafe process.pointee.flags & UInt64(QUARK_F_PROC) != 0 ? process.pointee.proc_ppid : 0 }
  }

  private var nodes: [Node] = []

  public init() {}

  /// Add processes in ascending order of pids.
  @unsafe public mutating func add(_ process: UnsafePointer<quark_process>) {
    unsafe nodes.append(Node(process))
  }

  /// Draws every process once: one tree for each process whose parent is not known.
  public mutating func draw(to text: inout ByteBuffer) {
    link()
    for index in nodes.indices where self.index(of: nodes[index].ppid) == nil { draw(from: index, to: &text) }
    // Pids are used again, so the pids of parents can form a ring, which has no beginning.
    for index in nodes.indices where !nodes[index].isDrawn { draw(from: index, to: &text) }
  }

  /// Links children in ascending pid: each is put before those with higher pids.
  private mutating func link() {
    for index in nodes.indices.reversed() {
      guard let parent = self.index(of: nodes[index].ppid), parent != index else { continue }
      nodes[index].nextSibling = nodes[parent].firstChild
      nodes[parent].firstChild = index
    }
  }

  private func index(of pid: UInt32) -> Int? {
    var (low, high) = (0, nodes.count)
    while low < high {
      let middle = (low + high) / 2
      if nodes[middle].pid < pid { low = middle + 1 } else { high = middle }
    }
    return low < nodes.count && nodes[low].pid == pid ? low : nil
  }

  /// A branch of a line: its column, and the child that is drawn there next, if any.
  private struct Branch {
    let column: Int
    var next: Int
  }

  private mutating func draw(from root: Int, to text: inout ByteBuffer) {
    // This is not recursive, because a tree may be as deep as the number of processes.
    var branches: [Branch] = []
    var column = 0
    var node = root
    while true {
      nodes[node].isDrawn = true
      column += unsafe Self.appendName(nodes[node].process, to: &text)
      let child = undrawn(nodes[node].firstChild)
      if child != -1 {
        let next = undrawn(nodes[child].nextSibling)
        text.append(next == -1 ? "---" : "-+-")
        branches.append(Branch(column: column + 1, next: next))
        column += 3
        node = child
        continue
      }
      text.append("\n")
      while let last = branches.last, last.next == -1 { branches.removeLast() }
      guard let branch = branches.last else { return }
      node = branch.next
      let next = undrawn(nodes[node].nextSibling)
      branches[branches.count - 1].next = next
      appendLead(branches, isLast: next == -1, to: &text)
      column = branch.column + 2
    }
  }

  /// `index`, or the first sibling after it that is not drawn yet; -1 if there is none. Only in a ring some are drawn.
  private func undrawn(_ index: Int) -> Int {
    var index = index
    while index != -1, nodes[index].isDrawn { index = nodes[index].nextSibling }
    return index
  }

  private func appendLead(_ branches: [Branch], isLast: Bool, to text: inout ByteBuffer) {
    var column = 0
    for index in branches.indices {
      while column < branches[index].column {
        text.append(" ")
        column += 1
      }
      if index == branches.count - 1 {
        text.append(isLast ? "`-" : "|-")
      } else {
        text.append(branches[index].next == -1 ? " " : "|")
        column += 1
      }
    }
  }

  /// Returns the number of columns that it needs.
  private static func appendName(_ process: UnsafePointer<quark_process>, to text: inout ByteBuffer) -> Int {
    let before = text.count
    unsafe withUnsafeBytes(of: process.pointee.comm) { comm in
      if unsafe comm[0] == 0 { text.append("?") }
      for unsafe byte in unsafe comm {
        if byte == 0 { break }
        text.append(byte > 0x20 && byte < 0x7f ? byte : UInt8(ascii: "?"))
      }
    }
    text.append("(")
    unsafe text.append(decimal: UInt64(process.pointee.pid))
    text.append(")")
    if unsafe process.pointee.flags & UInt64(QUARK_F_EXIT) != 0 {
      let signal = unsafe process.pointee.exit_signal
      text.append(signal == 0 ? "[exit " : "[signal ")
      unsafe text.append(decimal: Int64(signal == 0 ? process.pointee.exit_code : signal))
      text.append("]")
    }
    return text.count - before
  }
}
