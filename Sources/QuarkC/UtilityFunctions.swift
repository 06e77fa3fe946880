import CLinux
import CQuark
import QuarkLinux

@c @implementation
public func qread(_ fd: CInt, _ buf: UnsafeMutableRawPointer!, _ count: Int) -> Int {
  while true {
    let result = unsafe read(fd, buf, count)
    if result != -1 || clinux_errno() != EINTR { return result }
  }
}

@c @implementation
public func qwrite(_ fd: CInt, _ buf: UnsafeRawPointer!, _ count: Int) -> CInt {
  var written = 0
  while written < count {
    let result = unsafe write(fd, buf + written, count - written)
    if result == 0 { return fail(EPIPE) }
    if result == -1 && clinux_errno() != EINTR { return -1 }
    written += max(0, result)
  }
  return 0
}

@c @implementation
public func qreadlinkat(
  _ dfd: CInt, _ pathname: UnsafePointer<CChar>!, _ buf: UnsafeMutablePointer<CChar>!, _ bufsiz: Int
) -> Int {
  guard bufsiz >= 2 else { return Int(fail(EINVAL)) }
  let length = unsafe readlinkat(dfd, pathname, buf, bufsiz)
  guard length >= 0 else { return -1 }
  // Safe: this is within the `bufsiz` bytes; a target that fills all of them loses its last byte to the NUL.
  unsafe buf[min(length, bufsiz - 1)] = 0
  return length
}

@c @implementation
public func qclosefrom(_ lowfd: CInt, _ keep: CInt) -> CInt { clinux_close_from(lowfd, keep) }

@c @implementation
public func isnumber(_ text: UnsafePointer<CChar>!) -> CInt {
  unsafe strspn(text, "0123456789") == strlen(text) ? 1 : 0
}

@c @implementation
public func readlineat(
  _ dfd: CInt, _ pathname: UnsafePointer<CChar>!, _ buf: UnsafeMutablePointer<CChar>!, _ bufsiz: Int
) -> Int {
  guard bufsiz > 0 else { return Int(fail(EINVAL)) }
  let fd = unsafe clinux_openat(dfd, pathname, O_RDONLY | O_CLOEXEC)
  guard fd != -1 else { return -1 }
  let length = unsafe qread(fd, buf, bufsiz)
  let error = clinux_errno()
  close(fd)
  guard length >= 0 else { return Int(fail(error)) }
  // Safe: this is one of the bytes that were read, or the first byte for an empty file, for which there is room.
  let kept = max(0, length - 1)
  unsafe buf[kept] = 0
  return kept
}

@c @implementation
public func strtou64(_ number: UnsafeMutablePointer<u64>!, _ text: UnsafePointer<CChar>!, _ base: CInt) -> CInt {
  let before = clinux_errno()
  var end: UnsafeMutablePointer<CChar>?
  clinux_set_errno(0)
  let value = unsafe strtoull(text, &end, base)
  guard clinux_errno() == 0 else { return -1 }
  guard let end = unsafe end, unsafe UnsafePointer(end) != text && end.pointee == 0 else { return fail(EINVAL) }
  clinux_set_errno(before)
  unsafe number.pointee = value
  return 0
}

@c @implementation
public func find_line(
  _ file: UnsafeMutablePointer<FILE>!, _ prefix: UnsafePointer<CChar>!
) -> UnsafeMutablePointer<CChar>! {
  let wanted = unsafe strlen(prefix)
  var line: UnsafeMutablePointer<CChar>?
  var size = 0
  while true {
    let length = unsafe getline(&line, &size, file)
    guard length > 0, let text = unsafe line else { break }
    guard unsafe strncmp(text, prefix, wanted) == 0 else { continue }
    // Safe: this is the last byte that was read.
    if unsafe text[length - 1] == CChar(bitPattern: UInt8(ascii: "\n")) { unsafe text[length - 1] = 0 }
    return unsafe text
  }
  unsafe free(line)
  return nil
}

@c @implementation
public func find_line_p(
  _ path: UnsafePointer<CChar>!, _ prefix: UnsafePointer<CChar>!
) -> UnsafeMutablePointer<CChar>! {
  guard let file = unsafe fopen(path, "re") else { return nil }
  defer { unsafe fclose(file) }
  return unsafe find_line(file, prefix)
}

@c @implementation
public func load_file_nostat(_ fd: CInt, _ total: UnsafeMutablePointer<Int>!) -> UnsafeMutablePointer<CChar>! {
  var text: UnsafeMutableRawPointer?
  var size = 0
  var count = 0
  var result = 0
  repeat {
    // One byte is for the NUL.
    if count + 1 >= size {
      size = max(4096, 2 * size)
      guard let larger = unsafe realloc(text, size) else {
        result = -1
        break
      }
      unsafe text = larger
    }
    result = unsafe qread(fd, text! + count, size - count - 1)
    count += max(0, result)
  } while result > 0
  if result == 0 {
    unsafe total?.pointee = count
    if count == 0 { clinux_set_errno(0) }
  }
  guard result == 0, count > 0, let text = unsafe text?.assumingMemoryBound(to: CChar.self) else {
    let error = clinux_errno()
    unsafe free(text)
    clinux_set_errno(error)
    return nil
  }
  unsafe text[count] = 0
  return unsafe text
}

@c @implementation
public func load_file_path_nostat(
  _ path: UnsafePointer<CChar>!, _ total: UnsafeMutablePointer<Int>!
) -> UnsafeMutablePointer<CChar>! {
  let fd = unsafe clinux_open(path, O_RDONLY | O_CLOEXEC, 0)
  guard fd != -1 else { return nil }
  let text = unsafe load_file_nostat(fd, total)
  let error = clinux_errno()
  close(fd)
  clinux_set_errno(error)
  return unsafe text
}

@c @implementation
public func ipv6_supported() -> CInt {
  let fd = socket(AF_INET6, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
  guard fd != -1 else { return 0 }
  close(fd)
  return 1
}

@c @implementation
public func safe_basename(_ path: UnsafePointer<CChar>!) -> UnsafePointer<CChar>! {
  guard let slash = unsafe strrchr(path, CInt(UInt8(ascii: "/"))), unsafe slash[1] != 0 else { return nil }
  return unsafe UnsafePointer(slash + 1)
}
