#if !hasFeature(Embedded)
  public import QuarkLinux

  /// What happens to events while no task asks for them.
  public enum OverflowPolicy: Equatable, Sendable {
    /// They stay in the queue, which holds ``Queue/Attributes/maxLength`` raw events, and then in the kernel's ring.
    /// Records that do not fit there are counted as ``Queue/Statistics/lost``.
    case wait
    /// They go to a buffer of `bufferSize` bytes. When it is full, the oldest events are dropped, and
    /// ``EventBatch/dropped`` of the next batch counts them.
    case dropOldest(bufferSize: Int = 8 << 20)
    /// They go to a buffer of `bufferSize` bytes. When it is full, new events are dropped, and ``EventBatch/dropped``
    /// of the next accepted batch counts them.
    case dropNewest(bufferSize: Int = 8 << 20)
  }

  extension Queue {
    /// Makes a sequence of the events. From now on the queue belongs to the sequence, which has a thread that waits for
    /// the kernel.
    ///
    /// - Parameters:
    ///   - batchLimit: The maximum number of events in a batch, from 1. A batch is delivered as soon as nothing more is
    ///     ready.
    ///   - overflow: What happens to events while no task asks for them. A buffer must have room for at least one
    ///   batch:
    ///     an event needs about 2 KiB.
    /// - Throws: ENFILE, EMFILE, EAGAIN and similar errors, if there is no descriptor or no thread.
    public consuming func events(
      batchLimit: Int = 256, overflow: OverflowPolicy = .wait
    ) throws(QuarkError) -> EventSequence {
      precondition(batchLimit > 0)
      return EventSequence(try EventPump.start(self, batchLimit: batchLimit, overflow: overflow))
    }
  }

  /// The events of a queue, in batches. One task should take them: if several tasks iterate, each gets a part.
  ///
  /// When a task that waits for a batch is cancelled, the sequence ends for all tasks. `next` then returns nil, and
  /// ``close()`` returns, after the queue has released what it had in the kernel. A sequence also ends when the program
  /// has no reference to it any longer. The sequence of a recording ends when all of it was played.
  public struct EventSequence: AsyncSequence, Sendable {
    public typealias Element = EventBatch
    public typealias Failure = QuarkError

    private let owner: Owner

    init(_ pump: EventPump) { owner = Owner(pump) }

    var pump: EventPump { owner.pump }

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(owner) }

    /// Ends the sequence; tasks that wait for a batch get nil. Returns when the queue has released what it had in the
    /// kernel. It may be called twice.
    public func close() async { await owner.pump.close() }

    /// Calls `body` with the queue, for its processes, its rules, its statistics. Events that `body` takes are not in
    /// the sequence, and no task gets a batch in the meantime.
    ///
    /// - Throws: A ``QuarkError`` with EBADF when the sequence has ended; what `body` throws.
    public func withQueue<Result>(_ body: (inout Queue) throws -> Result) throws -> Result {
      try owner.pump.withQueue(body)
    }

    /// The counters of the queue.
    ///
    /// - Throws: A ``QuarkError`` with EBADF when the sequence has ended.
    public func statistics() throws -> Queue.Statistics { try withQueue { $0.statistics } }

    public struct AsyncIterator: AsyncIteratorProtocol {
      private let owner: Owner

      fileprivate init(_ owner: Owner) { self.owner = owner }

      /// Waits for the next batch. Nil when the sequence has ended.
      public mutating func next(isolation actor: isolated (any Actor)?) async throws(QuarkError) -> EventBatch? {
        try await owner.pump.next(isolation: actor)
      }
    }

    /// Ends the sequence when the last reference to it is gone: the thread has a reference to the pump, but not to
    /// this.
    fileprivate final class Owner: Sendable {
      let pump: EventPump
      init(_ pump: EventPump) { self.pump = pump }
      deinit { pump.end() }
    }
  }
#endif
