internal import CLinux

/// The consumer's side of a BPF ring buffer map (kernel/bpf/ringbuf.c): one writable page with the consumer position,
/// then read-only the producer's page and the data, which is mapped twice in a row so that no record ever wraps.
@safe @usableFromInline struct RingBuffer: ~Copyable {
  private let consumer: UnsafeMutableRawPointer
  private let producer: UnsafeRawPointer
  private let pageSize: Int
  /// Bytes; a power of two.
  private let dataSize: Int

  /// The map's descriptor may be closed afterwards: the mappings keep the map.
  init(map descriptor: CInt, dataSize: Int) throws(Errno) {
    pageSize = sysconf(CInt(_SC_PAGESIZE))
    self.dataSize = dataSize
    let consumer = unsafe mmap(nil, pageSize, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
    guard let consumer = unsafe consumer, unsafe consumer != clinux_map_failed() else { throw .current }
    let length = pageSize + 2 * dataSize
    let producer = unsafe mmap(nil, length, PROT_READ, MAP_SHARED, descriptor, off_t(pageSize))
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
    unsafe munmap(UnsafeMutableRawPointer(mutating: producer), pageSize + 2 * dataSize)
  }

  /// Lends up to `limit` records, oldest first, each only for the duration of the call. Returns how many.
  func consume(limit: Int, _ body: (RawSpan) -> Void) -> Int {
    var position = unsafe consumer.load(as: UInt64.self)
    let end = unsafe clinux_load_acquire_u64(producer)
    var consumed = 0
    while consumed < limit, position < end {
      let start = unsafe producer + pageSize + Int(position & UInt64(dataSize - 1))
      let header = unsafe clinux_load_acquire_u32(start)
      if header & Self.busy != 0 { break }
      let length = Int(header & ~(Self.busy | Self.discard))
      if header & Self.discard == 0 {
        // Safe: the kernel keeps these bytes until the consumer position passes them, which it does below.
        unsafe body(RawSpan(_unsafeStart: start + Self.headerSize, byteCount: min(length, dataSize)))
        consumed += 1
      }
      position += UInt64((Self.headerSize + length + 7) & ~7)
      unsafe clinux_store_release_u64(consumer, position)
    }
    return consumed
  }

  // BPF_RINGBUF_* of include/uapi/linux/bpf.h
  private static var busy: UInt32 { 1 << 31 }
  private static var discard: UInt32 { 1 << 30 }
  private static var headerSize: Int { 8 }
}
