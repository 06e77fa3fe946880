#if !hasFeature(Embedded)
  internal import CLinux
  internal import QuarkLinux
  internal import Synchronization

  /// A queue, the tasks that wait for batches of its events, and a thread that waits for the kernel for them.
  ///
  /// A task that asks for a batch when events are ready takes them itself. The thread delivers what becomes ready
  /// later, and handles the overflow: it keeps the kernel's ring empty as long as the queue has room, or puts events
  /// for which no task waits into a buffer.
  final class EventPump: Sendable {
    /// Nil when the sequence has ended. If both are locked, this is locked before `state`.
    private let queue: Mutex<Queue?>
    /// The queue's epoll descriptor.
    private let epoll: CInt
    /// Readable when the thread must look at something other than events. The thread closes it at its end.
    private let wakeup: CInt
    private let batchLimit: Int
    private let overflow: OverflowPolicy
    private let pool = BlockPool(limit: BatchCopier.longest / BlockPool.blockSize)
    private let state = Mutex(State())

    private struct State: ~Copyable {
      /// Batches that no task has asked for; always empty with `OverflowPolicy.wait`.
      var buffer = BatchBuffer()
      /// The tasks that wait for a batch, or for the end. As long as there is one, the buffer is empty.
      var takers: [CheckedContinuation<Delivery, Never>] = []
      var closers: [CheckedContinuation<Void, Never>] = []
      /// The thread must end.
      var isEnding = false
      /// The thread has ended, and the queue is closed.
      var isOver = false
      var failure: QuarkError?
      /// The thread sleeps, and events do not wake it: a task that waits for a batch must wake it.
      var isDeaf = false

      /// How the sequence has ended. A failure is reported once.
      mutating func ending() -> Delivery {
        defer { failure = nil }
        return failure.map { .failure($0) } ?? .success(nil)
      }
    }

    private typealias Delivery = Result<EventBatch?, QuarkError>

    /// The longest sleep of the thread, milliseconds, with or without events.
    private static var longestSleepMS: Int { 100 }

    static func start(
      _ queue: consuming Queue, batchLimit: Int, overflow: OverflowPolicy
    ) throws(QuarkError) -> EventPump {
      let wakeup = try QuarkError.attempting("make an event descriptor") { () throws(Errno) in
        try Errno.check(eventfd(0, CInt(EFD_CLOEXEC | EFD_NONBLOCK)))
      }
      let pump = EventPump(queue, wakeup, batchLimit: batchLimit, overflow: overflow)
      let context = unsafe Unmanaged.passRetained(pump)
      let error = unsafe clinux_start_thread(runPump, context.toOpaque())
      guard error == 0 else {
        unsafe context.release()
        pump.finish()
        throw QuarkError("start a thread", Errno(error))
      }
      return pump
    }

    private init(_ queue: consuming Queue, _ wakeup: CInt, batchLimit: Int, overflow: OverflowPolicy) {
      epoll = queue.epollDescriptor
      self.queue = Mutex(queue)
      self.wakeup = wakeup
      self.batchLimit = batchLimit
      self.overflow = overflow
    }

    // MARK: - Tasks that take batches

    /// - Parameter actor: Everything runs on its executor: a switch to another one and back takes longer than a batch.
    func next(isolation actor: isolated (any Actor)?) async throws(QuarkError) -> EventBatch? {
      if Task.isCancelled { end() }
      if let ready = state.withLock({ state in take(from: &state) }) { return try ready.get() }
      if let batch = takeByOneself() { return batch }
      let delivery = await withTaskCancellationHandler {
        await withCheckedContinuation(isolation: actor) { continuation in
          let ready: Delivery? = state.withLock { state in
            if let ready = take(from: &state) { return ready }
            state.takers.append(continuation)
            if state.isDeaf { wake() }
            return nil
          }
          if let ready { continuation.resume(returning: ready) }
        }
      } onCancel: {
        end()
      }
      return try delivery.get()
    }

    /// What can be taken now; nil if the task must wait. The end is delivered when the thread has ended. Once the
    /// thread was asked to end, the content of the buffer is not delivered any longer.
    private func take(from state: inout State) -> Delivery? {
      if state.isOver { return state.buffer.isEmpty ? state.ending() : .success(state.buffer.removeFirst()) }
      return state.isEnding || state.buffer.isEmpty ? nil : .success(state.buffer.removeFirst())
    }

    /// The events that are ready, if there are any and no other task waits for them. Nil if the queue is in use,
    /// because its user may take long.
    private func takeByOneself() -> EventBatch? {
      guard overflow == .wait else { return nil }
      let batch: EventBatch?? = queue.withLockIfAvailable { queue in
        guard queue != nil, state.withLock({ !$0.isEnding && $0.takers.isEmpty }) else { return nil }
        return readyBatch(of: &queue!)
      }
      return batch ?? nil
    }

    /// Nil if nothing is ready. A recording is completely there already, and needs no thread that waits for it.
    private func readyBatch(of queue: inout Queue) -> EventBatch? {
      while true {
        if let batch = nextBatch(of: &queue) { return batch }
        guard queue.source == .recording, (try? queue.sleepMS(atMost: 0)) != nil else { return nil }
      }
    }

    func withQueue<Result>(_ body: (inout Queue) throws -> Result) throws -> Result {
      let result: Result? = try queue.withLock { queue in
        guard queue != nil else { return nil }
        return try body(&queue!)
      }
      guard let result else { throw QuarkError("use the queue of a sequence that has ended", Errno(EBADF)) }
      return result
    }

    func close() async {
      end()
      await withCheckedContinuation { continuation in
        let isOver = state.withLock { state in
          if !state.isOver { state.closers.append(continuation) }
          return state.isOver
        }
        if isOver { continuation.resume() }
      }
    }

    /// Asks the thread to end. It ends when it is next at work.
    func end() {
      state.withLock { state in
        state.isEnding = true
        if state.isOver { state.buffer.removeAll() } else { wake() }
      }
    }

    /// Call it with the state locked, and before the thread has ended.
    private func wake() { eventfd_write(wakeup, 1) }

    // MARK: - The thread

    fileprivate func run() {
      do throws(QuarkError) {
        while !state.withLock({ $0.isEnding }) {
          switch try work() {
          // The queue is unlocked here, because the task that gets the batch may want more at once.
          case .deliver(let batch): deliver(batch)
          case .sleep(let milliseconds, let isDeaf): wait(milliseconds, isDeaf: isDeaf)
          }
        }
      } catch {
        if error.errno.rawValue != ENODATA { state.withLock { $0.failure = error } }
      }
      finish()
    }

    private enum Work {
      case deliver(EventBatch)
      /// `isDeaf`: nothing that the queue gets is of use now.
      case sleep(milliseconds: Int, isDeaf: Bool)
    }

    private func work() throws(QuarkError) -> Work {
      let result: Result<Work, Errno> = queue.withLock { queue in
        do throws(Errno) { return .success(try work(on: &queue!)) } catch { return .failure(error) }
      }
      return try QuarkError.attempting("wait for events") { () throws(Errno) in try result.get() }
    }

    /// Takes what is ready for the waiting tasks, or else makes room in the ring. Throws ENODATA at the end of a
    /// recording.
    private func work(on queue: inout Queue) throws(Errno) -> Work {
      guard overflow != .wait || state.withLock({ !$0.takers.isEmpty }) else {
        // A recording does not overflow.
        let isDeaf = queue.source == .recording || queue.populate() == 0 && queue.isFull
        return .sleep(milliseconds: Self.longestSleepMS, isDeaf: isDeaf)
      }
      if let batch = nextBatch(of: &queue) { return .deliver(batch) }
      return .sleep(milliseconds: try queue.sleepMS(atMost: Self.longestSleepMS), isDeaf: false)
    }

    private func wait(_ milliseconds: Int, isDeaf: Bool) {
      let sleeps = state.withLock { state in
        // A task that came in between has not woken the thread.
        if isDeaf, !state.takers.isEmpty { return false }
        state.isDeaf = isDeaf
        return true
      }
      guard sleeps else { return }
      var descriptors = [pollfd(fd: wakeup, events: Int16(POLLIN), revents: 0)]
      if !isDeaf { descriptors.append(pollfd(fd: epoll, events: Int16(POLLIN), revents: 0)) }
      _ = unsafe poll(&descriptors, nfds_t(descriptors.count), CInt(milliseconds))
      state.withLock { $0.isDeaf = false }
      var count: UInt64 = 0
      _ = unsafe eventfd_read(wakeup, &count)
    }

    /// Nil if no event is ready.
    private func nextBatch(of queue: inout Queue) -> EventBatch? {
      guard let first = unsafe queue.nextEvent() else { return nil }
      var copier = unsafe BatchCopier(limit: batchLimit, pool, sharing: queue.strings)
      unsafe copier.append(first)
      while !copier.isFull, let event = unsafe queue.nextHeldEvent() ?? queue.nextEvent() {
        unsafe copier.append(event)
      }
      return copier.finish()
    }

    private func deliver(_ batch: EventBatch) {
      let handover: (taker: CheckedContinuation<Delivery, Never>, batch: EventBatch)? = state.withLock { state in
        state.buffer.append(batch, overflow)
        guard !state.isEnding, !state.takers.isEmpty, !state.buffer.isEmpty else { return nil }
        return (state.takers.removeFirst(), state.buffer.removeFirst())
      }
      handover?.taker.resume(returning: .success(handover?.batch))
    }

    /// Closes the queue, and then resumes the tasks that wait for the end.
    private func finish() {
      queue.withLock { $0 = nil }
      let waiting = state.withLock { state in
        state.isOver = true
        _ = CLinux.close(wakeup)
        if state.isEnding { state.buffer.removeAll() }
        defer { (state.takers, state.closers) = ([], []) }
        return (takers: state.takers, closers: state.closers)
      }
      for taker in waiting.takers { taker.resume(returning: state.withLock { $0.ending() }) }
      for closer in waiting.closers { closer.resume() }
    }
  }

  private func runPump(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    // Safe: a literal is a C string, too; `start` retained the pump for this thread.
    unsafe clinux_name_thread("quark-events")
    unsafe Unmanaged<EventPump>.fromOpaque(context!).takeRetainedValue().run()
    return nil
  }
#endif
