/// A linked list of memory blocks, newest first. It frees them at its end.
@safe struct BlockChain: ~Copyable, @unchecked Sendable {
  // Sendable: no other code has pointers to the blocks.
  /// The beginning of each block.
  @unsafe private struct Header {
    var next: UnsafeMutablePointer<Header>?
  }

  private var first: UnsafeMutablePointer<Header>?
  private var last: UnsafeMutablePointer<Header>?
  private(set) var count = 0

  private static var headerSize: Int { unsafe MemoryLayout<Header>.size }

  deinit {
    var next = unsafe first
    while let block = unsafe next {
      unsafe next = block.pointee.next
      unsafe block.deallocate()
    }
  }

  /// Adds a block with room for `size` bytes, aligned like a pointer.
  mutating func allocate(_ size: Int) -> UnsafeMutableRawPointer {
    let block = unsafe UnsafeMutableRawPointer.allocate(
      byteCount: Self.headerSize + size, alignment: MemoryLayout<Header>.alignment)
    return unsafe push(block.bindMemory(to: Header.self, capacity: 1))
  }

  /// Moves the newest block of `other` here. Nil if there is none.
  mutating func move(from other: inout BlockChain) -> UnsafeMutableRawPointer? {
    guard let block = unsafe other.first else { return nil }
    unsafe other.first = unsafe block.pointee.next
    if unsafe other.first == nil { unsafe other.last = nil }
    other.count &-= 1
    return unsafe push(block)
  }

  /// Moves all blocks of `other` to the front of this list.
  mutating func move(allOf other: inout BlockChain) {
    guard let end = unsafe other.last else { return }
    unsafe end.pointee.next = unsafe first
    unsafe first = unsafe other.first
    if unsafe last == nil { unsafe last = unsafe end }
    count &+= other.count
    unsafe (other.first, other.last, other.count) = (nil, nil, 0)
  }

  private mutating func push(_ block: UnsafeMutablePointer<Header>) -> UnsafeMutableRawPointer {
    unsafe block.initialize(to: Header(next: first))
    unsafe first = unsafe block
    if unsafe last == nil { unsafe last = unsafe block }
    count &+= 1
    return unsafe UnsafeMutableRawPointer(block) + Self.headerSize
  }
}
