internal import CLinux

/// A buffer into which files and links are read, one after another. It grows when needed and does not shrink.
@safe @usableFromInline struct ReadBuffer: ~Copyable {
  private var start: UnsafeMutablePointer<UInt8>
  private var capacity: Int
  private var count = 0

  init(capacity: Int) {
    self.capacity = capacity
    unsafe start = .allocate(capacity: capacity)
  }

  @inlinable deinit { destroy() }

  @usableFromInline func destroy() { unsafe start.deallocate() }

  /// The bytes that were read last.
  var bytes: Span<UInt8> {
    @_lifetime(borrow self) get {
      // Safe: this many bytes were filled, and any change of the buffer needs exclusive access to it.
      let span = unsafe Span(_unsafeStart: start, count: count)
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }

  /// Reads the first `limit` bytes of a file; for more than one page of a file in /proc several read(2) may be needed.
  /// If the file cannot be read, the buffer is empty.
  mutating func readFile(_ name: UnsafePointer<CChar>, in directory: CInt, limit: Int) throws(Errno) {
    count = 0
    let descriptor = unsafe try FileDescriptor(owning: Errno.check(
      // NONBLOCK: a fifo in a tree that is not /proc must not block.
      clinux_openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)))
    var filled = 0
    while filled < limit {
      if filled == capacity { grow(keeping: filled) }
      // Safe: there is room for `capacity - filled` bytes.
      let length = unsafe read(descriptor.rawValue, start + filled, min(capacity, limit) - filled)
      if length == 0 { break }
      if length > 0 {
        filled += length
      } else if Errno.current.rawValue != EINTR {
        throw .current
      }
    }
    count = filled
  }

  /// Reads the target of a link. If it cannot be read, or may have been cut, the buffer is empty.
  mutating func readLink(_ name: UnsafePointer<CChar>, in directory: CInt) throws(Errno) {
    count = 0
    // Safe: readlinkat(2) fills as many bytes as it returns.
    let length = unsafe start.withMemoryRebound(to: CChar.self, capacity: capacity) {
      unsafe readlinkat(directory, name, $0, capacity)
    }
    guard length >= 0 else { throw .current }
    guard length < capacity else { throw Errno(ENAMETOOLONG) }
    count = length
  }

  private mutating func grow(keeping filled: Int) {
    let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: 2 * capacity)
    // Safe: both have room for `filled` bytes.
    unsafe larger.update(from: start, count: filled)
    unsafe start.deallocate()
    unsafe start = larger
    capacity *= 2
  }
}
