internal import CQuark

/// The raw events that wait in a queue as a DOT graph: one node for each, in order, and the balanced tree of them.
public enum RawEventGraph {
  /// Which of the queue's two trees.
  public enum Order: Sendable {
    case byTime, byPIDTime
  }

  static func append(_ queue: inout RawEventQueue, _ order: Order, to text: inout ByteBuffer) {
    text.append("digraph {\nnode [style=filled, color=black];\n")
    let tree = unsafe queue.indexed(order)
    var next = unsafe tree.first
    while let link = unsafe next {
      unsafe appendNode(event(link, order), order, to: &text)
      unsafe next = link.pointee.next
    }
    unsafe next = tree.first
    while let link = unsafe next {
      if let left = unsafe link.pointee.left { unsafe appendEdge(link, left, order, to: &text) }
      if let right = unsafe link.pointee.right { unsafe appendEdge(link, right, order, to: &text) }
      unsafe next = link.pointee.next
    }
    text.append("}\n")
  }

  private static func event(
    _ link: RankBalancedTree.Link, _ order: Order
  ) -> UnsafeMutablePointer<raw_event> {
    unsafe order == .byTime ? UnsafeMutablePointer(byTime: link) : UnsafeMutablePointer(byPIDTime: link)
  }

  private static func appendNode(
    _ event: UnsafeMutablePointer<raw_event>, _ order: Order, to text: inout ByteBuffer
  ) {
    text.append("\"")
    unsafe appendKey(event, order, to: &text)
    text.append("\" [label=\"")
    unsafe text.append(decimal: event.pointee.time)
    text.append("\\n")
    let color = unsafe appendText(event, to: &text)
    text.append("\\npid ")
    unsafe text.append(decimal: UInt64(event.pointee.pid))
    text.append("\", fillcolor=")
    text.append(color)
    text.append("];\n")
  }

  private static func appendEdge(
    _ from: RankBalancedTree.Link, _ to: RankBalancedTree.Link, _ order: Order, to text: inout ByteBuffer
  ) {
    text.append("\"")
    unsafe appendKey(event(from, order), order, to: &text)
    text.append("\" -> \"")
    unsafe appendKey(event(to, order), order, to: &text)
    text.append("\";\n")
  }

  /// Appends `TIME` or `PID TIME`; if several events have the same key, the second and further ones get a number.
  private static func appendKey(_ event: UnsafeMutablePointer<raw_event>, _ order: Order, to text: inout ByteBuffer) {
    let previous: UnsafeMutablePointer<raw_event>?
    switch order {
    case .byTime: unsafe previous = event.byTime.pointee.previous.map { unsafe UnsafeMutablePointer(byTime: $0) }
    case .byPIDTime:
      unsafe text.append(decimal: UInt64(event.pointee.pid))
      text.append(" ")
      unsafe previous = event.byPIDTime.pointee.previous.map { unsafe UnsafeMutablePointer(byPIDTime: $0) }
    }
    unsafe text.append(decimal: event.pointee.time)
    guard let previous = unsafe previous, unsafe previous.pointee.time == event.pointee.time else { return }
    if order == .byPIDTime, unsafe previous.pointee.pid != event.pointee.pid { return }
    text.append("+")
    unsafe text.append(decimal: event.pointee.sequence)
  }

  /// Appends the type of the raw event, and its colour.
  private static func appendText(
    _ event: UnsafeMutablePointer<raw_event>, to text: inout ByteBuffer
  ) -> StaticString {
    // Safe: there is a row for every type, and its label is a literal.
    unsafe text.append(cString: cquark_type(event.pointee.type).pointee.label)
    return unsafe Families.appendGraphText(of: event, to: &text)
  }
}
