/// Copies of several events, in the order in which they happened.
public struct EventBatch: RandomAccessCollection, Sendable {
  @usableFromInline let owner: CopiedEvents
  /// Events that were dropped, for want of room, between those of the batch before and these.
  public internal(set) var dropped: UInt64

  init(_ owner: CopiedEvents) {
    self.owner = owner
    dropped = 0
  }

  @inlinable public var startIndex: Int { 0 }
  @inlinable public var endIndex: Int { unsafe owner.events.count }
  @inlinable public subscript(position: Int) -> Event { unsafe Event(owner, owner.events[position]) }

  /// Bytes of memory that the copies take.
  var byteCount: Int { owner.byteCount }
}
