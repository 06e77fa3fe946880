internal import CQuark

extension StringPool {
  /// Room for the payload of a raw event: a structure of quark.h, and behind it what it points to, all of it 0 and
  /// aligned to 8 bytes. Nil at the limit, and then it is counted as a refusal.
  @unsafe mutating func makePayload(size: Int) -> UnsafeMutableRawPointer? {
    guard let block = unsafe allocate(count: Payloads.headSize + size) else { return nil }
    // Safe: the block has so many bytes. It begins 4 bytes behind a multiple of 8, for its count of references.
    let payload = unsafe UnsafeMutableRawPointer(block) + Payloads.headSize
    unsafe payload.initializeMemory(as: UInt8.self, repeating: 0, count: size)
    return unsafe payload
  }

  /// Gives back a payload that nobody holds.
  @unsafe mutating func releasePayload(_ payload: UnsafeMutableRawPointer) {
    unsafe release((payload - Payloads.headSize).assumingMemoryBound(to: CChar.self))
  }
}

/// The payloads of the event that is handed out. They stay until there is another one.
@safe struct Payloads: ~Copyable {
  /// Each has the address of the next one in front of it.
  private var first: UnsafeMutableRawPointer?

  /// Bytes between the beginning of a string of the pool and a payload: 4 that are not used, and a link.
  static var headSize: Int { 12 }
  private static var linkOffset: Int { -8 }

  @inline(__always)
  var isEmpty: Bool { unsafe first == nil }

  /// Takes over the payload of a raw event, if it has one.
  @unsafe mutating func take(from event: UnsafeMutablePointer<raw_event>) {
    guard let payload = unsafe event.pointee.payload else { return }
    unsafe event.pointee.payload = nil
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
