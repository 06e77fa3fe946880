internal import CLinux

/// The consumer's side of a BPF ring buffer map (kernel/bpf/ringbuf.c): one writable page with the consumer position,
/// then the read-only page of the producer and the data, which appears twice in a row so that no record wraps around.
///
/// Only a window of the data is mapped, and it moves: mapped memory counts as memory of this process.
@safe @usableFromInline struct RingBuffer: ~Copyable {
  private let map: CInt
  private let consumer: UnsafeMutableRawPointer
  private let producer: UnsafeRawPointer
  private let pageSize: Int
  /// Size of the data in bytes; a power of two.
  private let dataSize: Int
  /// Size of the window in bytes; the largest record fits, at any offset in a page.
  private let windowSize: Int
  private var window: UnsafeMutableRawPointer?
  /// The offset of the window in the data.
  private var windowOffset = 0

  /// The descriptor of the map must stay open as long as this lives.
  init(map descriptor: CInt, dataSize: Int) throws(Errno) {
    pageSize = sysconf(CInt(_SC_PAGESIZE))
    self.dataSize = dataSize
    map = descriptor
    windowSize = min(2 * dataSize, Self.largestWindow)
    let consumer = unsafe mmap(nil, pageSize, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
    guard let consumer = unsafe consumer, unsafe consumer != clinux_map_failed() else { throw .current }
    let producer = unsafe mmap(nil, pageSize, PROT_READ, MAP_SHARED, descriptor, off_t(pageSize))
    guard let producer = unsafe producer, unsafe producer != clinux_map_failed() else {
      let error = Errno.current
      unsafe munmap(consumer, pageSize)
      throw error
    }
    unsafe self.consumer = consumer
    unsafe self.producer = UnsafeRawPointer(producer)
  }

  @inlinable deinit { destroy() }

  @usableFromInline func destroy() {
    unsafe munmap(consumer, pageSize)
    unsafe munmap(UnsafeMutableRawPointer(mutating: producer), pageSize)
    if let window = unsafe window { unsafe munmap(window, windowSize) }
  }

  /// At least four times the largest possible record, and a page.
  private static var largestWindow: Int { 512 << 10 }

  /// Lends up to `limit` records, oldest first, each only for the duration of the call. Returns their number.
  mutating func consume(limit: Int, _ body: (RawSpan) -> Void) -> Int {
    var position = unsafe consumer.load(as: UInt64.self)
    let end = unsafe clinux_load_acquire_u64(producer)
    var consumed = 0
    while consumed < limit, position < end {
      guard let start = unsafe record(at: Int(position & UInt64(dataSize - 1)), count: Self.headerSize) else { break }
      let header = unsafe clinux_load_acquire_u32(start)
      if header & Self.busy != 0 { break }
      let length = min(Int(header & ~(Self.busy | Self.discard)), windowSize - pageSize - Self.headerSize)
      if header & Self.discard == 0 {
        let offset = Int(position & UInt64(dataSize - 1))
        guard let start = unsafe record(at: offset, count: Self.headerSize + length) else { break }
        // Safe: the kernel keeps these bytes until the consumer position passes them, which it does below.
        unsafe body(RawSpan(_unsafeStart: start + Self.headerSize, byteCount: length))
        consumed += 1
      }
      position += UInt64((Self.headerSize + length + 7) & ~7)
      unsafe clinux_store_release_u64(consumer, position)
    }
    return consumed
  }

  /// Moves the window to this part of the data; nil if the kernel has no memory for this at the moment.
  @inline(__always)
  private mutating func record(at offset: Int, count: Int) -> UnsafeRawPointer? {
    if let window = unsafe window, offset >= windowOffset, offset + count <= windowOffset + windowSize {
      return unsafe UnsafeRawPointer(window + (offset - windowOffset))
    }
    return unsafe moveWindow(to: offset)
  }

  @inline(never)
  private mutating func moveWindow(to offset: Int) -> UnsafeRawPointer? {
    // The window ends within the second copy of the data.
    let begin = min(offset & ~(pageSize - 1), 2 * dataSize - windowSize)
    let moved = unsafe mmap(nil, windowSize, PROT_READ, MAP_SHARED, map, off_t(2 * pageSize + begin))
    guard let moved = unsafe moved, unsafe moved != clinux_map_failed() else { return nil }
    if let window = unsafe window { unsafe munmap(window, windowSize) }
    unsafe window = moved
    windowOffset = begin
    return unsafe UnsafeRawPointer(moved + (offset - begin))
  }

  // BPF_RINGBUF_* of include/uapi/linux/bpf.h
  private static var busy: UInt32 { 1 << 31 }
  private static var discard: UInt32 { 1 << 30 }
  private static var headerSize: Int { 8 }
}
