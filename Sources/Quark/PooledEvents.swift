#if !hasFeature(Embedded)
  public import CQuark

  /// Copies of several events, the memory of which goes round.
  @safe @usableFromInline final class PooledEvents: CopiedEvents, @unchecked Sendable {
    @usableFromInline let events: UnsafePointer<UnsafePointer<quark_event>>
    @usableFromInline let count: Int
    private let pool: BlockPool

    /// - Parameters:
    ///   - events: In the memory.
    ///   - pool: Gets the blocks in the end.
    init(
      _ events: UnsafePointer<UnsafePointer<quark_event>>, count: Int, in memory: consuming CopyMemory, _ pool: BlockPool
    ) {
      unsafe self.events = unsafe events
      self.count = count
      self.pool = pool
      super.init(in: memory)
    }

    deinit { pool.give(&memory.blocks) }
  }
#endif
