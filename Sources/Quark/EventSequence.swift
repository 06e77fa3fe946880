#if !hasFeature(Embedded)
  public import QuarkLinux

  /// What becomes of events when nobody takes them, and the buffer of an ``EventSequence`` is full.
  public enum OverflowPolicy: Sendable {
    /// The queue is not read until there is room. It goes on to hold what it can, ``Queue/Attributes/maxLength``, and
    /// then the kernel's ring; what does not fit there is ``Queue/Statistics/lost``.
    case wait
    /// The oldest events in the buffer go, and ``EventBatch/dropped`` of the next batch counts them.
    case dropOldest
    /// The newest events do not come in, and ``EventBatch/dropped`` of the next batch that does counts them.
    case dropNewest
  }

  extension Queue {
    /// Makes a sequence of the events. The queue belongs to the sequence from now on, and has a thread that takes the
    /// events and copies them.
    ///
    /// - Parameters:
    ///   - batchLimit: Events of a batch at most, from 1. A batch is handed out as soon as nothing more is ready.
    ///   - bufferSize: Bytes of the batches that wait to be taken, from 1; a batch that finds nobody before it waits,
    ///     whatever it takes. An event takes 2 KiB or so.
    ///   - overflow: What becomes of events when that is full.
    /// - Throws: ENFILE, EMFILE, EAGAIN and such: there is no descriptor, or no thread.
    public consuming func events(
      batchLimit: Int = 256, bufferSize: Int = 8 << 20, overflow: OverflowPolicy = .wait
    ) throws(QuarkError) -> EventSequence {
      precondition(batchLimit > 0 && bufferSize > 0)
      return EventSequence(
        try EventPump.start(self, batchLimit: batchLimit, bufferSize: bufferSize, overflow: overflow))
    }
  }

  /// The events of a queue, in batches. One task takes them: of several that iterate, each gets a part.
  ///
  /// When a task that waits for a batch is cancelled, the sequence ends, for all. It returns nil after the queue has
  /// given back what it had of the kernel, and so does ``close()``. A sequence that nobody has any longer ends, too. One
  /// of a recording ends when all of that was played.
  public struct EventSequence: AsyncSequence, Sendable {
    public typealias Element = EventBatch
    public typealias Failure = QuarkError

    private let owner: Owner

    init(_ pump: EventPump) { owner = Owner(pump) }

    var pump: EventPump { owner.pump }

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(owner) }

    /// Ends the sequence; those who wait for a batch get nil. Returns when the queue has given back what it had of the
    /// kernel. To close again is nothing.
    public func close() async { await owner.pump.close() }

    /// Lets `body` have the queue, between two batches: for its processes, its rules, its statistics. Events that it
    /// takes are not in the sequence. The thread of the queue runs it, and does nothing else meanwhile.
    ///
    /// - Throws: A ``QuarkError`` of EBADF when the sequence has ended; what `body` throws.
    public func withQueue<Result: Sendable>(
      _ body: @escaping @Sendable (inout Queue) throws -> Result
    ) async throws -> Result {
      try await owner.pump.perform(body)
    }

    /// How much went through the queue.
    ///
    /// - Throws: A ``QuarkError`` of EBADF when the sequence has ended.
    public func statistics() async throws -> Queue.Statistics { try await withQueue { $0.statistics() } }

    public struct AsyncIterator: AsyncIteratorProtocol {
      private let owner: Owner

      fileprivate init(_ owner: Owner) { self.owner = owner }

      /// Waits for the next batch. Nil: the sequence has ended.
      public mutating func next(isolation actor: isolated (any Actor)?) async throws(QuarkError) -> EventBatch? {
        try await owner.pump.next()
      }
    }

    /// Ends the sequence when the last one goes who could take from it: the thread holds the pump, but not this.
    fileprivate final class Owner: Sendable {
      let pump: EventPump
      init(_ pump: EventPump) { self.pump = pump }
      deinit { pump.end() }
    }
  }
#endif
