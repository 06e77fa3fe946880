/// The strings that processes and raw events point to: immutable, NUL-terminated, with reference counts, in memory of
/// this pool. A child shares its parent's strings, the strings of an exec move from its raw event to its process, and
/// paths that repeat are stored once.
///
/// Blocks have size classes and are cut from 64 KiB chunks; a chunk whose blocks are all free can serve any class
/// again. After a peak the pool takes nothing more from the heap, except for strings above 8 KiB, which have their own
/// memory. At the limit only the allocation is refused.
@safe public struct StringPool: ~Copyable {
  /// A string of the pool; its reference count is in the 4 bytes before it.
  public typealias Bytes = UnsafeMutablePointer<CChar>

  /// The maximum number of bytes taken from the heap, with strings above 8 KiB.
  public let limit: Int
  private let memory: SlabMemory
  /// Three quarters of `limit`.
  let tightLevel: Int
  /// Bytes taken from the heap now. Chunks stay until the end of the pool.
  public private(set) var reserved = 0
  /// Bytes of blocks in use.
  public private(set) var held = 0
  /// Strings that were refused because the pool was at its limit.
  public private(set) var refusals: UInt64 = 0

  private let partial: UnsafeMutablePointer<UnsafeMutablePointer<Chunk>?>
  private var freeChunks: UnsafeMutablePointer<Chunk>?
  private var slabs: UnsafeMutableRawPointer?
  private var largeBlocks: UnsafeMutablePointer<Chunk>?
  let recent: UnsafeMutablePointer<Recent>

  public init(limit: Int = StringPool.defaultLimit, memory: SlabMemory = SlabMemory()) {
    self.limit = limit
    self.memory = memory
    tightLevel = limit / 4 * 3
    unsafe partial = .allocate(capacity: Self.classCount)
    unsafe partial.initialize(repeating: nil, count: Self.classCount)
    unsafe recent = .allocate(capacity: Self.recentCount)
    unsafe recent.initialize(repeating: Recent(), count: Self.recentCount)
  }

  @inlinable deinit { destroy() }

  @usableFromInline func destroy() {
    unsafe partial.deallocate()
    unsafe recent.deallocate()
    var slab = unsafe slabs
    while let current = unsafe slab {
      unsafe slab = Self.nextSlab(of: current)
      unsafe current.deallocate()
    }
    var block = unsafe largeBlocks
    while let current = unsafe block {
      unsafe block = current.pointee.next
      unsafe current.deallocate()
    }
  }

  /// 512 MiB.
  public static var defaultLimit: Int { 512 << 20 }

  /// Allocates room for `count` bytes, which the caller fills, and a NUL after them, with one reference; nil at the
  /// limit.
  @unsafe public mutating func allocate(count: Int) -> Bytes? {
    let size = count + Self.overhead
    guard size <= Self.largestClass else { return unsafe allocateLarge(count: count) }
    let index = Self.classIndex(size)
    guard let chunk = unsafe partial[index] ?? addChunk(index) else {
      refusals &+= 1
      return nil
    }
    let block: UnsafeMutableRawPointer
    let blockSize = unsafe Int(chunk.pointee.blockSize)
    if let free = unsafe chunk.pointee.free {
      unsafe block = free
      unsafe chunk.pointee.free = free.load(as: UnsafeMutableRawPointer?.self)
    } else {
      unsafe block = UnsafeMutableRawPointer(chunk) + Int(chunk.pointee.unused)
      unsafe chunk.pointee.unused &+= UInt32(truncatingIfNeeded: blockSize)
    }
    unsafe chunk.pointee.live &+= 1
    held &+= blockSize
    if unsafe chunk.pointee.isFull { unsafe unlink(chunk, index) }
    return unsafe Self.string(in: block, count: count)
  }

  @unsafe public static func retain(_ bytes: Bytes) { unsafe references(bytes).pointee &+= 1 }

  @unsafe public mutating func release(_ bytes: Bytes) {
    let references = unsafe Self.references(bytes)
    unsafe references.pointee &-= 1
    if unsafe references.pointee == 0 { unsafe free(UnsafeMutableRawPointer(references)) }
  }

  // MARK: - Blocks

  private mutating func free(_ block: UnsafeMutableRawPointer) {
    // Safe: every block is in the 64 KiB after the aligned head of its chunk.
    let address = UInt(bitPattern: block) & ~UInt(Self.chunkSize - 1)
    let chunk = unsafe UnsafeMutablePointer<Chunk>(bitPattern: address)!
    held &-= unsafe Int(chunk.pointee.blockSize)
    let index = unsafe Int(chunk.pointee.classIndex)
    if index == Self.classCount {
      unsafe freeLarge(chunk)
      return
    }
    let wasFull = unsafe chunk.pointee.isFull
    unsafe block.storeBytes(of: chunk.pointee.free, as: UnsafeMutableRawPointer?.self)
    unsafe chunk.pointee.free = block
    unsafe chunk.pointee.live &-= 1
    if wasFull { unsafe link(chunk, index) }
    // The only chunk of its class stays; otherwise single events would free and take it again and again.
    if unsafe chunk.pointee.live == 0, unsafe chunk.pointee.next != nil || chunk.pointee.previous != nil {
      unsafe unlink(chunk, index)
      unsafe chunk.pointee.next = freeChunks
      unsafe freeChunks = chunk
    }
  }

  private mutating func addChunk(_ index: Int) -> UnsafeMutablePointer<Chunk>? {
    if unsafe freeChunks == nil { addSlab() }
    guard let chunk = unsafe freeChunks else { return nil }
    unsafe freeChunks = chunk.pointee.next
    unsafe chunk.initialize(to: Chunk(index, blockSize: Self.classSize(index)))
    unsafe partial[index] = chunk
    return unsafe chunk
  }

  /// Allocates sixteen chunks at a time, or more: the alignment of a single chunk would waste as much memory as its
  /// size.
  private mutating func addSlab() {
    let small = Self.chunkSize * Self.chunksPerSlab
    let wanted = memory.nextSize(reserved: reserved, size: small)
    let size = reserved + wanted <= limit ? wanted : small
    guard reserved + size <= limit else { return }
    reserved += size
    let slab = unsafe memory.allocate(size, alignment: Self.chunkSize)
    for index in (0..<size / Self.chunkSize).reversed() {
      let chunk = unsafe (slab + index * Self.chunkSize).bindMemory(to: Chunk.self, capacity: 1)
      unsafe chunk.initialize(to: Chunk(0, blockSize: 0))
      unsafe chunk.pointee.next = freeChunks
      unsafe freeChunks = chunk
    }
    unsafe Self.setNextSlab(of: slab, to: slabs)
    unsafe slabs = slab
  }

  private mutating func link(_ chunk: UnsafeMutablePointer<Chunk>, _ index: Int) {
    let next = unsafe partial[index]
    unsafe chunk.pointee.previous = nil
    unsafe chunk.pointee.next = next
    unsafe next?.pointee.previous = chunk
    unsafe partial[index] = chunk
  }

  private mutating func unlink(_ chunk: UnsafeMutablePointer<Chunk>, _ index: Int) {
    let (previous, next) = unsafe (chunk.pointee.previous, chunk.pointee.next)
    if let previous = unsafe previous { unsafe previous.pointee.next = next } else { unsafe partial[index] = next }
    unsafe next?.pointee.previous = previous
    unsafe chunk.pointee.next = nil
    unsafe chunk.pointee.previous = nil
  }

  private mutating func allocateLarge(count: Int) -> Bytes? {
    let size = Self.headSize + count + Self.overhead
    guard reserved + size <= limit else {
      refusals &+= 1
      return nil
    }
    reserved += size
    held += size
    let chunk = unsafe UnsafeMutableRawPointer.allocate(byteCount: size, alignment: Self.chunkSize)
      .bindMemory(to: Chunk.self, capacity: 1)
    unsafe chunk.initialize(to: Chunk(Self.classCount, blockSize: size))
    unsafe chunk.pointee.next = largeBlocks
    unsafe largeBlocks?.pointee.previous = chunk
    unsafe largeBlocks = chunk
    return unsafe Self.string(in: UnsafeMutableRawPointer(chunk) + Self.headSize, count: count)
  }

  private mutating func freeLarge(_ chunk: UnsafeMutablePointer<Chunk>) {
    let (previous, next) = unsafe (chunk.pointee.previous, chunk.pointee.next)
    if let previous = unsafe previous { unsafe previous.pointee.next = next } else { unsafe largeBlocks = next }
    unsafe next?.pointee.previous = previous
    reserved -= unsafe Int(chunk.pointee.blockSize)
    unsafe chunk.deallocate()
  }

  private static func string(in block: UnsafeMutableRawPointer, count: Int) -> Bytes {
    // Safe: a block has room for the reference count, the bytes and the NUL.
    unsafe block.storeBytes(of: 1, as: UInt32.self)
    let bytes = unsafe (block + MemoryLayout<UInt32>.size).assumingMemoryBound(to: CChar.self)
    unsafe bytes[count] = 0
    return unsafe bytes
  }

  private static func references(_ bytes: Bytes) -> UnsafeMutablePointer<UInt32> {
    unsafe (UnsafeMutableRawPointer(bytes) - MemoryLayout<UInt32>.size).assumingMemoryBound(to: UInt32.self)
  }
}
