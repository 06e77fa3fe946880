extension StringPool {
  /// One of the newest shared strings. Holds a reference.
  @unsafe struct Recent {
    var hash: UInt32 = 0
    var count: UInt32 = 0
    var bytes: Bytes?
  }

  /// Newest shared strings that are remembered; a power of two.
  static var recentCount: Int { 4096 }
  /// Bytes of the longest string worth sharing.
  private static var longestShared: Int { 255 }

  /// A copy of the bytes. Nil at the limit.
  @unsafe public mutating func copy(_ bytes: UnsafeRawPointer, count: Int) -> Bytes? {
    guard let copy = unsafe allocate(count: count) else { return nil }
    unsafe UnsafeMutableRawPointer(copy).copyMemory(from: bytes, byteCount: count)
    return unsafe copy
  }

  /// The same bytes, stored once if they were here lately: working directories, control groups and executables repeat
  /// from process to process. Nil at the limit.
  @unsafe public mutating func share(_ bytes: UnsafeRawPointer, count: Int) -> Bytes? {
    guard count <= Self.longestShared else { return unsafe copy(bytes, count: count) }
    let hash = unsafe Self.hash(bytes, count: count)
    let tag = UInt32(truncatingIfNeeded: hash >> 32)
    let slot = unsafe recent + Int(hash & UInt64(Self.recentCount - 1))
    let known = unsafe slot.pointee
    if let string = unsafe known.bytes, unsafe known.hash == tag, unsafe Int(known.count) == count,
      unsafe Self.equal(string, bytes, count: count)
    {
      unsafe Self.retain(string)
      return unsafe string
    }
    guard let string = unsafe copy(bytes, count: count) else { return nil }
    if let old = unsafe known.bytes { unsafe release(old) }
    unsafe Self.retain(string)
    unsafe slot.pointee = Recent(hash: tag, count: UInt32(count), bytes: string)
    return unsafe string
  }

  /// Eight bytes at a time; the last eight overlap. A collision costs a comparison, no more.
  private static func hash(_ bytes: UnsafeRawPointer, count: Int) -> UInt64 {
    var hash = UInt64(truncatingIfNeeded: count) &* 0x9E37_79B9_7F4A_7C15
    if count >= 8 {
      var offset = 0
      while offset < count - 8 {
        unsafe hash = mix(hash ^ bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        offset += 8
      }
      return unsafe mix(hash ^ bytes.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self))
    }
    for index in 0..<count { unsafe hash = mix(hash ^ UInt64(bytes.load(fromByteOffset: index, as: UInt8.self))) }
    return mix(hash)
  }

  private static func mix(_ value: UInt64) -> UInt64 {
    let product = value &* 0xD6E8_FEB8_6659_FD93
    return product ^ product >> 32
  }

  private static func equal(_ left: UnsafeRawPointer, _ right: UnsafeRawPointer, count: Int) -> Bool {
    guard count >= 8 else {
      for index in 0..<count where unsafe left.load(fromByteOffset: index, as: UInt8.self)
        != right.load(fromByteOffset: index, as: UInt8.self) { return false }
      return true
    }
    var offset = 0
    while offset < count - 8 {
      guard unsafe left.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
        == right.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
      else { return false }
      offset += 8
    }
    return unsafe left.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self)
      == right.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self)
  }
}
