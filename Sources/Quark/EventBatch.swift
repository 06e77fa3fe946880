#if !hasFeature(Embedded)
  /// Copies of several events, in the order in which they happened.
  public struct EventBatch: RandomAccessCollection, Sendable {
    @usableFromInline let owner: PooledEvents
    /// The number of events that were dropped, because there was no room, after the batch before and before this one.
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

    /// Bytes of memory that the copies use.
    var byteCount: Int { owner.memory.byteCount }
  }
#endif
