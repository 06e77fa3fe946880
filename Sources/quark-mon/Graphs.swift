import CQuark
import Quark
import QuarkCore

/// Writes graphs of all processes, or of all raw events.
enum Graphs {
  /// Returns the exit status, or `EventOutput.readerGone`, like the other functions here.
  static func writeProcesses(_ queue: borrowing Queue, to output: inout EventOutput) -> CInt {
    ProcessGraph.appendBegin(to: &output.text)
    for isNode in [true, false] {
      var pid: UInt32 = 0
      while let process = unsafe queue.firstProcess(notBelow: pid) {
        if isNode {
          unsafe ProcessGraph.appendNode(process, to: &output.text)
        } else {
          unsafe ProcessGraph.appendEdge(process, to: &output.text)
        }
        let status = output.flushIfFull()
        if status != 0 { return status }
        pid = unsafe process.pointee.pid + 1
      }
    }
    ProcessGraph.appendEnd(to: &output.text)
    return output.flush()
  }

  static func writeRawEvents(
    _ queue: inout Queue, _ order: RawEventGraph.Order, to output: inout EventOutput
  ) -> CInt {
    queue.appendRawEventGraph(order, to: &output.text)
    return output.flush()
  }

  static func drawTree(_ queue: borrowing Queue, to output: inout EventOutput) -> CInt {
    var tree = ProcessTree()
    var pid: UInt32 = 0
    while let process = unsafe queue.firstProcess(notBelow: pid) {
      unsafe tree.add(process)
      pid = unsafe process.pointee.pid + 1
    }
    tree.draw(to: &output.text)
    return output.flush()
  }
}
