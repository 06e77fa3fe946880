extension StringPool {
  /// One of the newest shared strings. It has a reference to the string.
  @unsafe struct Recent {
    var hash: UInt32 = 0
    var count: UInt32 = 0
    var bytes: Bytes?

    @inline(__always)
    func match(_ hash: UInt32, _ other: UnsafeRawPointer, _ count: Int) -> Bytes? {
      guard unsafe self.hash == hash, unsafe Int(self.count) == count, let bytes = unsafe bytes,
        unsafe StringPool.equal(bytes, other, count: count)
      else { return nil }
      return unsafe bytes
    }
  }

  /// The number of newest shared strings that are remembered; a power of two.
  static var recentCount: Int { 4096 }
  /// Bytes of the longest string that is shared.
  private static var longestShared: Int { 255 }
  private static var longestEnvironmentShared: Int { 4096 }

  /// Makes a copy of the bytes. Nil at the limit.
  @unsafe public mutating func copy(_ bytes: UnsafeRawPointer, count: Int) -> Bytes? {
    guard let copy = unsafe allocate(count: count) else { return nil }
    unsafe UnsafeMutableRawPointer(copy).copyMemory(from: bytes, byteCount: count)
    return unsafe copy
  }

  /// Stores bytes, only once if they were stored recently: working directories, control groups and executables are
  /// often the same from process to process. Nil at the limit.
  @unsafe public mutating func share(_ bytes: UnsafeRawPointer, count: Int) -> Bytes? {
    guard count <= Self.longestShared else { return unsafe copy(bytes, count: count) }
    return unsafe shareKnown(bytes, count: count)
  }

  /// The same for environments, which are few, long, and often equal.
  @inline(never)
  mutating func shareEnvironment(_ bytes: UnsafeRawPointer, count: Int) -> Bytes? {
    guard count <= Self.longestEnvironmentShared else { return unsafe copy(bytes, count: count) }
    return unsafe shareKnown(bytes, count: count)
  }

  @inline(__always)
  private mutating func shareKnown(_ bytes: UnsafeRawPointer, count: Int) -> Bytes? {
    let hash = unsafe Self.hash(bytes, count: count)
    let tag = UInt32(truncatingIfNeeded: hash >> 32)
    let pair = unsafe recent + Int(hash & UInt64(Self.recentCount - 2))
    if let known = unsafe pair[0].match(tag, bytes, count) {
      unsafe Self.retain(known)
      return unsafe known
    }
    return unsafe shareSecond(bytes, count: count, tag, pair)
  }

  /// Each place has room for two strings: looks at the second one, or puts a new string first.
  @inline(never)
  private mutating func shareSecond(
    _ bytes: UnsafeRawPointer, count: Int, _ tag: UInt32, _ pair: UnsafeMutablePointer<Recent>
  ) -> Bytes? {
    if let known = unsafe pair[1].match(tag, bytes, count) {
      unsafe Self.retain(known)
      return unsafe known
    }
    guard let string = unsafe copy(bytes, count: count) else { return nil }
    if let old = unsafe pair[1].bytes { unsafe release(old) }
    unsafe Self.retain(string)
    unsafe pair[1] = pair[0]
    unsafe pair[0] = Recent(hash: tag, count: UInt32(count), bytes: string)
    return unsafe string
  }

  /// Hashes the beginning, the middle and the end, where paths differ. A collision only costs a comparison.
  @inline(__always)
  private static func hash(_ bytes: UnsafeRawPointer, count: Int) -> UInt64 {
    let seed = UInt64(truncatingIfNeeded: count) &* 0x9E37_79B9_7F4A_7C15
    guard count >= 16 else {
      var hash = seed
      for index in 0..<count { unsafe hash = mix(hash ^ UInt64(bytes.load(fromByteOffset: index, as: UInt8.self))) }
      return mix(hash)
    }
    let first = unsafe word(bytes, 0)
    let middle = unsafe word(bytes, count / 2 &- 4)
    let (beforeLast, last) = unsafe (word(bytes, count &- 16), word(bytes, count &- 8))
    return mix(mix(seed ^ first ^ beforeLast << 1) ^ mix(seed ^ last) ^ middle)
  }

  @inline(__always)
  private static func mix(_ value: UInt64) -> UInt64 {
    let product = value.multipliedFullWidth(by: 0xD6E8_FEB8_6659_FD93)
    return product.high ^ product.low
  }

  /// Sixteen bytes at a time; the last sixteen overlap.
  @inline(__always)
  private static func equal(_ left: UnsafeRawPointer, _ right: UnsafeRawPointer, count: Int) -> Bool {
    guard count >= 16 else {
      for index in 0..<count where unsafe left.load(fromByteOffset: index, as: UInt8.self)
        != right.load(fromByteOffset: index, as: UInt8.self) { return false }
      return true
    }
    var offset = 0
    while offset < count &- 16 {
      guard unsafe difference(left, right, offset) == 0 else { return false }
      offset &+= 16
    }
    return unsafe difference(left, right, count &- 16) == 0
  }

  /// Zero if the sixteen bytes at `offset` are the same.
  @inline(__always)
  private static func difference(_ left: UnsafeRawPointer, _ right: UnsafeRawPointer, _ offset: Int) -> UInt64 {
    unsafe (word(left, offset) ^ word(right, offset)) | (word(left, offset &+ 8) ^ word(right, offset &+ 8))
  }

  @inline(__always)
  private static func word(_ bytes: UnsafeRawPointer, _ offset: Int) -> UInt64 {
    unsafe bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
  }
}
