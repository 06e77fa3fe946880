extension StringPool {
  /// The head of a chunk: 64 KiB of blocks of one size, or one string above 8 KiB.
  @unsafe struct Chunk {
    /// The next chunk of the class that has room, the next free chunk, or the next large string.
    var next: UnsafeMutablePointer<Chunk>?
    var previous: UnsafeMutablePointer<Chunk>?
    /// Free blocks that were used before; each points to the next.
    var free: UnsafeMutableRawPointer?
    /// The beginning of the part that was never used, bytes from the head.
    var unused: UInt32
    var live: UInt32 = 0
    var blockSize: UInt32
    var classIndex: UInt32

    init(_ classIndex: Int, blockSize: Int) {
      unsafe self.classIndex = UInt32(classIndex)
      unsafe self.blockSize = UInt32(blockSize)
      unsafe unused = UInt32(headSize)
    }

    var isFull: Bool { unsafe free == nil && unused + blockSize > UInt32(chunkSize) }
  }

  static var chunkSize: Int { 64 << 10 }
  static var chunksPerSlab: Int { 16 }
  static var headSize: Int { 64 }
  /// Bytes of the reference count before a string, and of the NUL after it.
  static var overhead: Int { MemoryLayout<UInt32>.size + 1 }
  static var largestClass: Int { 8 << 10 }
  static var classCount: Int { classIndex(largestClass) + 1 }

  /// The steps are 8 bytes up to 128, then an eighth of each power of two: at most an eighth is wasted.
  static func classIndex(_ size: Int) -> Int {
    if size <= 128 { return (size &+ 7) >> 3 &- 1 }
    let exponent = Int.bitWidth &- 1 &- (size &- 1).leadingZeroBitCount
    return 16 &+ (exponent &- 7) << 3 &+ (size &- 1) >> (exponent &- 3) & 7
  }

  static func classSize(_ index: Int) -> Int {
    if index < 16 { return (index + 1) << 3 }
    return (index & 7 + 9) << (4 + (index - 16) >> 3)
  }

  // A slab begins with the head of its first chunk. The link to the next slab comes after the members of this head,
  // which are overwritten whenever the chunk gets a class.
  static func nextSlab(of slab: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
    unsafe (slab + slabLinkOffset).load(as: UnsafeMutableRawPointer?.self)
  }

  static func setNextSlab(of slab: UnsafeMutableRawPointer, to next: UnsafeMutableRawPointer?) {
    unsafe (slab + slabLinkOffset).storeBytes(of: next, as: UnsafeMutableRawPointer?.self)
  }

  /// The offset after the members of `Chunk`, within `headSize`.
  private static var slabLinkOffset: Int { 48 }
}
