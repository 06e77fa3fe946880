import CLinux
import CQuark
import Quark
import QuarkCore

@c @implementation
public func quark_dump_process_cache_graph(
  _ queue: UnsafeMutablePointer<quark_queue>!, _ file: UnsafeMutablePointer<FILE>!
) -> CInt {
  guard let driver = unsafe driver(of: queue) else { return fail(EINVAL) }
  var text = ByteBuffer()
  ProcessGraph.appendBegin(to: &text)
  for isNode in [true, false] {
    var pid: UInt32 = 0
    while let process = unsafe driver.pointee.firstProcess(notBelow: pid) {
      if isNode {
        unsafe ProcessGraph.appendNode(process, to: &text)
      } else {
        unsafe ProcessGraph.appendEdge(process, to: &text)
      }
      if text.count > pieceSize, unsafe !write(&text, to: file) { return -1 }
      pid = unsafe process.pointee.pid + 1
    }
  }
  ProcessGraph.appendEnd(to: &text)
  return unsafe write(&text, to: file) && fflush(file) == 0 ? 0 : -1
}

@c @implementation
public func quark_dump_raw_event_graph(
  _ queue: UnsafeMutablePointer<quark_queue>!, _ by_time: UnsafeMutablePointer<FILE>!,
  _ by_pidtime: UnsafeMutablePointer<FILE>!
) -> CInt {
  guard let driver = unsafe driver(of: queue) else { return fail(EINVAL) }
  var text = ByteBuffer()
  unsafe driver.pointee.appendRawEventGraph(.byTime, to: &text)
  guard unsafe write(&text, to: by_time), unsafe fflush(by_time) == 0 else { return -1 }
  unsafe driver.pointee.appendRawEventGraph(.byPIDTime, to: &text)
  return unsafe write(&text, to: by_pidtime) && fflush(by_pidtime) == 0 ? 0 : -1
}

/// Bytes of a graph that are written at once.
private let pieceSize = 64 << 10

/// Writes `text` and empties it. Returns false, with errno, if not all could be written.
private func write(_ text: inout ByteBuffer, to file: UnsafeMutablePointer<FILE>) -> Bool {
  // Safe: the bytes are only read, and only for the duration of the call.
  let isWritten = unsafe text.span.withUnsafeBytes { unsafe fwrite($0.baseAddress, 1, $0.count, file) == $0.count }
  text.removeAll()
  return isWritten
}
