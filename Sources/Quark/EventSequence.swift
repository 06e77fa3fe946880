#if !hasFeature(Embedded)
  public import QuarkLinux

  /// What becomes of events when nobody asks for them.
  public enum OverflowPolicy: Equatable, Sendable {
    /// They stay in the queue, which holds ``Queue/Attributes/maxLength`` raw events, and then in the kernel's ring; what
    /// does not fit there is ``Queue/Statistics/lost``.
    case wait
    /// They go to a buffer of so many bytes. When it is full, the oldest ones go, and ``EventBatch/dropped`` of the next
    /// batch counts them.
    case dropOldest(bufferSize: Int = 8 << 20)
    /// They go to a buffer of so many bytes. When it is full, the newest ones do not come in, and ``EventBatch/dropped`` of
    /// the next batch that does counts them.
    case dropNewest(bufferSize: Int = 8 << 20)
  }

  extension Queue {
    /// Makes a sequence of the events. The queue belongs to the sequence from now on, which has a thread that waits for
    /// the kernel.
    ///
    /// - Parameters:
    ///   - batchLimit: Events of a batch at most, from 1. A batch is handed out as soon as nothing more is ready.
    ///   - overflow: What becomes of events when nobody asks for them. A buffer is to take a batch at least: an event
    ///     needs 2 KiB or so.
    /// - Throws: ENFILE, EMFILE, EAGAIN and such: there is no descriptor, or no thread.
    public consuming func events(
      batchLimit: Int = 256, overflow: OverflowPolicy = .wait
    ) throws(QuarkError) -> EventSequence {
      precondition(batchLimit > 0)
      return EventSequence(try EventPump.start(self, batchLimit: batchLimit, overflow: overflow))
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

    /// Lets `body` have the queue: for its processes, its rules, its statistics. Events that it takes are not in the
    /// sequence, and nobody gets a batch meanwhile.
    ///
    /// - Throws: A ``QuarkError`` of EBADF when the sequence has ended; what `body` throws.
    public func withQueue<Result>(_ body: (inout Queue) throws -> Result) throws -> Result {
      try owner.pump.withQueue(body)
    }

    /// How much went through the queue.
    ///
    /// - Throws: A ``QuarkError`` of EBADF when the sequence has ended.
    public func statistics() throws -> Queue.Statistics { try withQueue { $0.statistics } }

    public struct AsyncIterator: AsyncIteratorProtocol {
      private let owner: Owner

      fileprivate init(_ owner: Owner) { self.owner = owner }

      /// Waits for the next batch. Nil: the sequence has ended.
      public mutating func next(isolation actor: isolated (any Actor)?) async throws(QuarkError) -> EventBatch? {
        try await owner.pump.next(isolation: actor)
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
