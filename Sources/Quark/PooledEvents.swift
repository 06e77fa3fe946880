#if !hasFeature(Embedded)
  public import CQuark

  /// Copies of several events, whose memory is used again.
  @safe @usableFromInline final class PooledEvents: CopiedEvents, @unchecked Sendable {
    @usableFromInline let events: UnsafePointer<UnsafePointer<quark_event>>
    @usableFromInline let count: Int
    private let pool: BlockPool

    /// - Parameters:
    ///   - events: The events, which are in the memory.
    ///   - pool: Gets the blocks at the end.
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
