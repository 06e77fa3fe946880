import CLinux
import CQuark
import QuarkCore

@c @implementation
public func quark_event_dump(_ event: UnsafePointer<quark_event>!, _ file: UnsafeMutablePointer<FILE>!) -> CInt {
  var text = ByteBuffer()
  let isComplete = unsafe EventText.append(event.pointee, to: &text)
  let isWritten = unsafe text.span.withUnsafeBytes { unsafe fwrite($0.baseAddress, 1, $0.count, file) == $0.count }
  return unsafe isWritten && fflush(file) == 0 && isComplete ? 0 : -1
}

@c @implementation
public func parse_container_cgroup(
  _ cgroup: UnsafePointer<CChar>!, _ out: UnsafeMutablePointer<CChar>!, _ size: Int
) -> CInt {
  // Safe: the caller's string ends with a NUL, and `out` has room for `size` bytes.
  let path = unsafe Span<UInt8>(
    _unsafeStart: UnsafeRawPointer(cgroup!).assumingMemoryBound(to: UInt8.self), count: strlen(cgroup))
  let text = unsafe UnsafeMutableBufferPointer<CChar>(start: out, count: size)
  return unsafe ContainerID.write(cgroup: path, to: text) == nil ? -1 : 0
}

@c @implementation
public func quark_cmdline_iter_init(
  _ iterator: UnsafeMutablePointer<quark_cmdline_iter>!, _ cmdline: UnsafePointer<CChar>!, _ length: Int
) {
  unsafe iterator.pointee.cursor = cmdline
  unsafe iterator.pointee.end = cmdline.map { unsafe $0 + length }
}

@c @implementation
public func quark_cmdline_iter_next(_ iterator: UnsafeMutablePointer<quark_cmdline_iter>!) -> UnsafePointer<CChar>! {
  guard let start = unsafe iterator.pointee.cursor, let end = unsafe iterator.pointee.end, unsafe start < end,
    let terminator = unsafe memchr(start, 0, end - start)
  else { return nil }
  unsafe iterator.pointee.cursor = UnsafePointer(terminator.assumingMemoryBound(to: CChar.self)) + 1
  return unsafe start
}
