#if !hasFeature(Embedded)
  /// Copies of several events, in the order in which they happened.
  public struct EventBatch: RandomAccessCollection, Sendable {
    @usableFromInline let owner: PooledEvents
    /// Events that were dropped, for want of room, between those of the batch before and these.
    public internal(set) var dropped: UInt64

    init(_ owner: PooledEvents) {
      self.owner = owner
      dropped = 0
    }

    @inlinable public var startIndex: Int { 0 }
    @inlinable public var endIndex: Int { owner.count }
    @inlinable public subscript(position: Int) -> Event {
      precondition(position >= 0 && position < owner.count)
      return unsafe Event(owner, owner.events[position])
    }

    /// Bytes of memory that the copies take.
    var byteCount: Int { owner.memory.byteCount }
  }
#endif
