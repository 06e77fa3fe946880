internal import CLinux

/// Reads the process directories of a /proc: the entries whose names are numbers.
@safe @usableFromInline struct ProcDirectory: ~Copyable {
  private let descriptor: FileDescriptor
  private let buffer: UnsafeMutableRawPointer
  /// Bytes of the buffer that getdents(2) filled, and bytes that were read from it.
  private var filled = 0
  private var position = 0

  /// An entry has at most 280 bytes: more than a hundred fit in one call.
  private static var bufferSize: Int { 32768 }
  // struct linux_dirent64 of getdents(2)
  private static var lengthOffset: Int { 16 }
  private static var nameOffset: Int { 19 }

  init(path: String) throws(Errno) {
    descriptor = FileDescriptor(owning: try unsafe Errno.check(
      clinux_open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)))
    unsafe buffer = .allocate(byteCount: Self.bufferSize, alignment: 8)
  }

  @inlinable deinit { destroy() }

  @usableFromInline func destroy() { unsafe buffer.deallocate() }

  var rawValue: CInt { descriptor.rawValue }

  /// Begins again at the first entry.
  mutating func rewind() throws(Errno) {
    (filled, position) = (0, 0)
    if lseek(rawValue, 0, SEEK_SET) == -1 { throw .current }
  }

  /// The next process, in the order of the directory, which in a real /proc is ascending.
  mutating func next() throws(Errno) -> UInt32? {
    while true {
      if position == filled, try !refill() { return nil }
      // This may be another tree that looks like /proc, so wrong lengths of its file system must be detected.
      guard filled - position > Self.nameOffset else { throw Errno(EIO) }
      // Safe: the kernel only fills whole entries, each with its length and a NUL-terminated name.
      let entry = unsafe buffer + position
      let length = unsafe Int(entry.load(fromByteOffset: Self.lengthOffset, as: UInt16.self))
      guard length > Self.nameOffset, length <= filled - position else { throw Errno(EIO) }
      position += length
      if let pid = unsafe Self.pid((entry + Self.nameOffset).assumingMemoryBound(to: UInt8.self)) { return pid }
    }
  }

  private mutating func refill() throws(Errno) -> Bool {
    // Safe: the buffer has this size.
    let length = unsafe clinux_getdents(rawValue, buffer, Self.bufferSize)
    guard length >= 0 else { throw .current }
    (filled, position) = (length, 0)
    return length > 0
  }

  /// The pid of a name that has only digits, does not begin with 0, and fits in a pid_t; otherwise nil.
  private static func pid(_ name: UnsafePointer<UInt8>) -> UInt32? {
    var (value, next) = unsafe (UInt64(0), name)
    while true {
      let byte = unsafe next.pointee
      if byte == 0 { return value > 0 ? UInt32(value) : nil }
      guard byte >= UInt8(ascii: value == 0 ? "1" : "0"), byte <= UInt8(ascii: "9") else { return nil }
      value = value * 10 + UInt64(byte - UInt8(ascii: "0"))
      guard value <= UInt64(pid_t.max) else { return nil }
      unsafe next += 1
    }
  }
}
