/// Where the slabs of a queue come from. An owner of a few MiB gets larger ones, aligned to a huge page, and `advise`
/// is told of them: who may make system calls can ask for huge pages then. With pages of 4 KiB the faults of a cache
/// that grows take as long as everything else that is done for an event.
@safe public struct SlabMemory: Sendable {
  /// Is handed the address and the size, in bytes, of new memory.
  public typealias Advice = @convention(c) (UnsafeMutableRawPointer?, Int) -> Void

  private let advise: Advice?

  /// No advice.
  public init() { unsafe advise = nil }

  /// `advise` must leave the content of the memory alone.
  @unsafe public init(advise: @escaping Advice) { unsafe self.advise = advise }

  /// Bytes of a huge page on x86-64 and, with 4 KiB pages, on arm64.
  static var largeSlab: Int { 2 << 20 }
  /// Who has that many bytes gets large slabs.
  private static var largeFrom: Int { 4 << 20 }

  /// Bytes of the next slab of an owner that has `reserved`, and wants `size` while it is small.
  func nextSize(reserved: Int, size: Int) -> Int { reserved < Self.largeFrom ? size : max(size, Self.largeSlab) }

  /// To be given back with `deallocate()`.
  @unsafe func allocate(_ size: Int, alignment: Int) -> UnsafeMutableRawPointer {
    guard size >= Self.largeSlab else { return .allocate(byteCount: size, alignment: alignment) }
    let slab = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: max(alignment, Self.largeSlab))
    unsafe advise?(slab, size)
    return unsafe slab
  }
}
