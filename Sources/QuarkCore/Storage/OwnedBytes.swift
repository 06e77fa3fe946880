/// A heap copy of some bytes, always followed by a NUL that `count` leaves out. A plain value with one owner: whoever
/// holds it last calls `deallocate()`. It moves from a raw event into a process without being copied again.
@unsafe public struct OwnedBytes {
  public let start: UnsafeMutablePointer<CChar>
  /// Bytes, without the closing NUL.
  public let count: Int

  /// Room for `capacity` bytes and the NUL; `fill` writes at most `capacity` and returns how many.
  public init(capacity: Int, fill: (UnsafeMutableBufferPointer<CChar>) -> Int) {
    unsafe start = .allocate(capacity: capacity + 1)
    let filled = unsafe fill(.init(start: start, count: capacity))
    precondition(filled >= 0 && filled <= capacity)
    unsafe count = filled
    unsafe start[filled] = 0
  }

  public func deallocate() { unsafe start.deallocate() }
}
