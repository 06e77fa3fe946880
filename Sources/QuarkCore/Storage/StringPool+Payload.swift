internal import CQuark

extension StringPool {
  /// Allocates the payload of a raw event: a structure of quark.h, followed by what it points to, all set to 0 and
  /// aligned to 8 bytes. At the limit it returns nil and counts a refusal.
  @unsafe mutating func makePayload(size: Int) -> UnsafeMutableRawPointer? {
    guard let block = unsafe allocate(count: Payloads.headSize + size) else { return nil }
    // Safe: the block has this many bytes. It begins 4 bytes after a multiple of 8, because of its reference count.
    let payload = unsafe UnsafeMutableRawPointer(block) + Payloads.headSize
    unsafe payload.initializeMemory(as: UInt8.self, repeating: 0, count: size)
    return unsafe payload
  }

  /// Releases a payload that is not in use any longer.
  @unsafe mutating func releasePayload(_ payload: UnsafeMutableRawPointer) {
    unsafe release((payload - Payloads.headSize).assumingMemoryBound(to: CChar.self))
  }
}

/// The payloads of the event that was delivered last. They stay until the next event.
@safe struct Payloads: ~Copyable {
  /// The first payload. Before each payload is the address of the next one.
  private var first: UnsafeMutableRawPointer?

  /// Bytes between the beginning of a string of the pool and a payload: 4 unused bytes, and a link.
  static var headSize: Int { 12 }
  private static var linkOffset: Int { -8 }

  @inline(__always)
  var isEmpty: Bool { unsafe first == nil }

  /// Keeps the payload of a raw event, if it has one, beside the raw event: whether the next one joins depends on both
  /// payloads.
  @unsafe mutating func take(from event: UnsafeMutablePointer<raw_event>) {
    guard let payload = unsafe event.pointee.payload else { return }
    unsafe StringPool.retain((payload - Self.headSize).assumingMemoryBound(to: CChar.self))
    unsafe payload.storeBytes(of: first, toByteOffset: Self.linkOffset, as: UnsafeMutableRawPointer?.self)
    unsafe first = payload
  }

  mutating func release(in strings: inout StringPool) {
    while let payload = unsafe first {
      unsafe first = payload.load(fromByteOffset: Self.linkOffset, as: UnsafeMutableRawPointer?.self)
      unsafe strings.releasePayload(payload)
    }
  }
}
