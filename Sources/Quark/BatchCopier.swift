#if !hasFeature(Embedded)
  internal import CQuark
  internal import QuarkCore

  /// Copies events of a queue into a batch.
  @safe struct BatchCopier: ~Copyable {
    private var copier: EventCopier
    private let pool: BlockPool
    private let events: UnsafeMutablePointer<UnsafePointer<quark_event>>
    private let limit: Int
    private(set) var count = 0

    /// The maximum size of a batch, bytes; the last event may exceed it.
    static var longest: Int { 1 << 20 }

    /// - Parameters:
    ///   - limit: The maximum number of events in a batch.
    ///   - pool: Supplies the memory, and gets it back.
    init(limit: Int, _ pool: BlockPool, sharing strings: UnsafeMutablePointer<StringPool>) {
      // There is no room for more events, even if they are small.
      self.limit = unsafe min(limit, Self.longest / MemoryLayout<quark_event>.stride + 1)
      self.pool = pool
      var memory = CopyMemory(blockSize: BlockPool.blockSize, spare: pool.takeAll())
      let size = unsafe self.limit * MemoryLayout<UnsafePointer<quark_event>>.stride
      unsafe events = memory.take(size).bindMemory(to: UnsafePointer<quark_event>.self, capacity: self.limit)
      unsafe copier = EventCopier(into: memory, sharing: strings)
    }

    var isFull: Bool { count == limit || copier.memory.byteCount >= Self.longest }

    /// There must be room for the event.
    mutating func append(_ event: UnsafePointer<quark_event>) {
      unsafe (events + count).initialize(to: copier.copy(event))
      count &+= 1
    }

    consuming func finish() -> EventBatch {
      var memory = copier.finish()
      pool.give(&memory.spare)
      return unsafe EventBatch(PooledEvents(events, count: count, in: memory, pool))
    }
  }
#endif
