internal import CLinux

/// Reads a file of any size from beginning to end through a small buffer.
@safe @usableFromInline struct FileReader: ~Copyable {
  private let descriptor: FileDescriptor
  private let buffer: UnsafeMutableRawPointer
  private var start = 0
  private var end = 0
  /// The file offset of the byte at `start`.
  private(set) var offset = 0

  /// The maximum number of bytes for one call.
  static var capacity: Int { 64 << 10 }

  init(path: String) throws(Errno) {
    descriptor = FileDescriptor(owning: try unsafe Errno.check(clinux_open(path, O_RDONLY | O_CLOEXEC, 0)))
    unsafe buffer = .allocate(byteCount: Self.capacity, alignment: 8)
  }

  @inlinable deinit { destroy() }

  @usableFromInline func destroy() { unsafe buffer.deallocate() }

  mutating func seek(to offset: Int) {
    if offset >= self.offset, offset - self.offset <= end - start {
      start += offset - self.offset
    } else {
      start = 0
      end = 0
    }
    self.offset = offset
  }

  /// The next bytes, at least `count`; fewer at the end of the file. They are valid until the next call.
  @unsafe mutating func peek(_ count: Int) throws(Errno) -> UnsafeRawBufferPointer {
    if end - start < count {
      unsafe buffer.copyMemory(from: buffer + start, byteCount: end - start)
      end -= start
      start = 0
      // A sysfs file returns one page at a time.
      while end < Self.capacity {
        // Safe: there is room for this many bytes.
        let length = unsafe pread(descriptor.rawValue, buffer + end, Self.capacity - end, off_t(offset + end))
        if length == 0 { break }
        if length > 0 {
          end += length
        } else if Errno.current.rawValue != EINTR {
          throw .current
        }
      }
    }
    return unsafe UnsafeRawBufferPointer(start: buffer + start, count: end - start)
  }

  mutating func skip(_ count: Int) { seek(to: offset + count) }

  /// Fills `target` from any offset in the file, and does not change the reading position. False if the file is
  /// shorter.
  @unsafe func read(_ target: UnsafeMutableRawBufferPointer, at offset: Int) throws(Errno) -> Bool {
    var filled = 0
    while filled < target.count {
      let length = unsafe pread(
        descriptor.rawValue, target.baseAddress! + filled, target.count - filled, off_t(offset + filled))
      if length == 0 { return false }
      if length > 0 {
        filled += length
      } else if Errno.current.rawValue != EINTR {
        throw .current
      }
    }
    return true
  }
}
