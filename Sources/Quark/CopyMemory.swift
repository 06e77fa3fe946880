/// Memory for copies, allocated piece by piece.
@safe struct CopyMemory: ~Copyable {
  /// Blocks of one size, filled one after the other, and blocks that were made for one large piece.
  var blocks = BlockChain()
  var large = BlockChain()
  /// Empty blocks of that size.
  var spare: BlockChain
  private let blockSize: Int
  private var end: UnsafeMutableRawPointer
  private var room = 0
  /// Bytes of the blocks in use.
  private(set) var byteCount = 0

  private static var alignment: Int { MemoryLayout<UInt64>.alignment }

  /// - Parameter blockSize: Bytes. A larger piece gets its own block.
  init(blockSize: Int, spare: consuming BlockChain = BlockChain()) {
    self.blockSize = blockSize
    self.spare = spare
    // Safe: the range is empty, so nothing is read or written there.
    unsafe end = UnsafeMutableRawPointer(bitPattern: Self.alignment)!
  }

  /// Allocates `size` bytes, aligned for every type that is copied.
  @inline(__always)
  mutating func take(_ count: Int) -> UnsafeMutableRawPointer {
    let size = (count &+ Self.alignment &- 1) & ~(Self.alignment &- 1)
    if size > room {
      guard size <= blockSize else { return unsafe addLarge(size) }
      addBlock()
    }
    let start = unsafe end
    unsafe end = start + size
    room &-= size
    return unsafe start
  }

  /// Copies `size` bytes.
  @inline(__always)
  mutating func copy(_ text: UnsafePointer<CChar>, _ count: Int) -> UnsafeMutablePointer<CChar> {
    let copy = unsafe take(count)
    unsafe copy.copyMemory(from: text, byteCount: count)
    return unsafe copy.bindMemory(to: CChar.self, capacity: count)
  }

  @inline(never)
  private mutating func addBlock() {
    unsafe end = blocks.move(from: &spare) ?? blocks.allocate(blockSize)
    room = blockSize
    byteCount += blockSize
  }

  @inline(never)
  private mutating func addLarge(_ size: Int) -> UnsafeMutableRawPointer {
    byteCount += size
    return unsafe large.allocate(size)
  }
}
