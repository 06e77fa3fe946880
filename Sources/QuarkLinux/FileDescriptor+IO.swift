internal import CLinux

extension FileDescriptor {
  /// Writes all bytes to a descriptor that the caller owns, with as many calls as needed.
  public static func writeAll(_ bytes: Span<UInt8>, to descriptor: CInt) throws(Errno) {
    var offset = 0
    while offset < bytes.count {
      // Safe: the bytes are only read, and only for the duration of the call.
      let written = unsafe bytes.extracting(offset...).withUnsafeBytes {
        unsafe write(descriptor, $0.baseAddress, $0.count)
      }
      if written >= 0 {
        offset += written
      } else if Errno.current.rawValue != EINTR {
        throw .current
      }
    }
  }

  /// Writes a message of a program to its standard error; an error of writing is ignored.
  public static func complain(_ message: String) {
    let bytes = Array(message.utf8)
    try? writeAll(bytes.span, to: STDERR_FILENO)
  }
}
