/// Allocates the slabs of a queue. An owner that has a few MiB gets larger slabs, aligned to a huge page, and `advise`
/// is called with them: code that may make system calls can then ask for huge pages. With pages of 4 KiB, the page
/// faults of a growing cache take as long as everything else that is done for an event.
@safe public struct SlabMemory: Sendable {
  /// Gets the address and the size, in bytes, of new memory.
  public typealias Advice = @convention(c) (UnsafeMutableRawPointer?, Int) -> Void

  private let advise: Advice?

  /// Memory without advice.
  public init() { unsafe advise = nil }

  /// `advise` must not change the content of the memory.
  @unsafe public init(advise: @escaping Advice) { unsafe self.advise = advise }

  /// Bytes of a huge page on x86-64 and, with 4 KiB pages, on arm64.
  static var largeSlab: Int { 2 << 20 }
  /// An owner with this many bytes gets large slabs.
  private static var largeFrom: Int { 4 << 20 }

  /// Bytes of the next slab of an owner that has `reserved` bytes, and wants `size` bytes while it is small.
  func nextSize(reserved: Int, size: Int) -> Int { reserved < Self.largeFrom ? size : max(size, Self.largeSlab) }

  /// Allocates memory; release it with `deallocate()`.
  @unsafe func allocate(_ size: Int, alignment: Int) -> UnsafeMutableRawPointer {
    guard size >= Self.largeSlab else { return .allocate(byteCount: size, alignment: alignment) }
    let slab = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: max(alignment, Self.largeSlab))
    unsafe advise?(slab, size)
    return unsafe slab
  }
}
