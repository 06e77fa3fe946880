#if !hasFeature(Embedded)
  internal import CLinux
  internal import QuarkLinux
  internal import Synchronization

  /// A queue, a thread that takes its events, and batches of these that wait for who takes them.
  @safe final class EventPump: @unchecked Sendable {
    // Sendable: the queue is the thread's alone, all that others see is in `state`, and the rest never changes.
    private let queue: UnsafeMutablePointer<Queue>
    /// Readable when the thread has something to look at beside events. The thread closes it at its end.
    private let wakeup: CInt
    private let batchLimit: Int
    private let bufferSize: Int
    private let overflow: OverflowPolicy
    private let state = Mutex(State())

    private struct State: ~Copyable {
      var buffer = BatchBuffer()
      /// Those who wait for a batch, or for the end. As long as there is one who waits for a batch, the buffer is empty.
      var takers: [CheckedContinuation<Delivery, Never>] = []
      var closers: [CheckedContinuation<Void, Never>] = []
      var requests: [Request] = []
      /// The thread is to end.
      var isEnding = false
      /// It has ended, and the queue is no more.
      var isOver = false
      var failure: QuarkError?
      /// The thread waits for room, and is to be woken when there is some.
      var wantsRoom = false

      /// How the sequence has ended. A failure is told of once.
      mutating func ending() -> Delivery {
        defer { failure = nil }
        return failure.map { .failure($0) } ?? .success(nil)
      }
    }

    private typealias Delivery = Result<EventBatch?, QuarkError>

    /// What somebody wants of the queue. One of the two is called, once: the other one when the queue is no more.
    private struct Request: Sendable {
      let perform: @Sendable (inout Queue) -> Void
      let refuse: @Sendable () -> Void
    }

    /// Milliseconds that the thread sleeps at most, events or not.
    private static var longestSleepMS: Int { 100 }

    static func start(
      _ queue: consuming Queue, batchLimit: Int, bufferSize: Int, overflow: OverflowPolicy
    ) throws(QuarkError) -> EventPump {
      let wakeup = try QuarkError.attempting("make an event descriptor") { () throws(Errno) in
        try Errno.check(eventfd(0, CInt(EFD_CLOEXEC | EFD_NONBLOCK)))
      }
      let pump = EventPump(queue, wakeup, batchLimit: batchLimit, bufferSize: bufferSize, overflow: overflow)
      do throws(Errno) { try unsafe pump.queue.pointee.parts.pointee.epoll.add(readable: wakeup) } catch {
        pump.finish()
        throw QuarkError("watch an event descriptor", error)
      }
      let context = unsafe Unmanaged.passRetained(pump)
      let error = unsafe clinux_start_thread(runPump, context.toOpaque())
      guard error == 0 else {
        unsafe context.release()
        pump.finish()
        throw QuarkError("start a thread", Errno(error))
      }
      return pump
    }

    private init(
      _ queue: consuming Queue, _ wakeup: CInt, batchLimit: Int, bufferSize: Int, overflow: OverflowPolicy
    ) {
      unsafe self.queue = .allocate(capacity: 1)
      unsafe self.queue.initialize(to: queue)
      self.wakeup = wakeup
      self.batchLimit = batchLimit
      self.bufferSize = bufferSize
      self.overflow = overflow
    }

    // MARK: - Those who take

    func next() async throws(QuarkError) -> EventBatch? {
      if Task.isCancelled { end() }
      if let ready = take() { return try ready.get() }
      let delivery = await withTaskCancellationHandler {
        await withCheckedContinuation { continuation in
          let ready: Delivery? = state.withLock { state in
            if let ready = self.take(from: &state) { return ready }
            state.takers.append(continuation)
            return nil
          }
          if let ready { continuation.resume(returning: ready) }
        }
      } onCancel: {
        end()
      }
      return try delivery.get()
    }

    private func take() -> Delivery? { state.withLock { state in self.take(from: &state) } }

    /// What there is to take now; nil: it is to be waited for. The end is there when the thread has come to it, and what
    /// was in the buffer when it was asked to end is not handed out any longer.
    private func take(from state: inout State) -> Delivery? {
      if state.isOver { return state.buffer.isEmpty ? state.ending() : .success(state.buffer.removeFirst()) }
      guard !state.isEnding, !state.buffer.isEmpty else { return nil }
      if state.wantsRoom {
        state.wantsRoom = false
        wake()
      }
      return .success(state.buffer.removeFirst())
    }

    func perform<Result: Sendable>(_ body: @escaping @Sendable (inout Queue) throws -> Result) async throws -> Result {
      try await withCheckedThrowingContinuation { continuation in
        let request = Request(
          perform: { queue in continuation.resume(with: Swift.Result { try body(&queue) }) },
          refuse: {
            continuation.resume(throwing: QuarkError("use the queue of a sequence that has ended", Errno(EBADF)))
          })
        let isOver = state.withLock { state in
          if !state.isOver {
            state.requests.append(request)
            wake()
          }
          return state.isOver
        }
        if isOver { request.refuse() }
      }
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

    /// Asks the thread to end. It does so when it has time.
    func end() {
      state.withLock { state in
        state.isEnding = true
        if state.isOver { state.buffer.removeAll() } else { wake() }
      }
    }

    /// With the state locked, and the thread not at its end.
    private func wake() { eventfd_write(wakeup, 1) }

    // MARK: - The thread

    fileprivate func run() {
      do throws(QuarkError) {
        while performRequests() {
          guard hasRoom() else {
            // The kernel's ring empties into the queue as far as that has room.
            _ = unsafe queue.pointee.populate()
            sleepUntilWoken()
            continue
          }
          let batch = nextBatch()
          if batch.isEmpty { try waitForEvents() } else { deliver(batch) }
        }
      } catch {
        if error.errno.rawValue != ENODATA { state.withLock { $0.failure = error } }
      }
      finish()
    }

    /// False: the thread is to end.
    private func performRequests() -> Bool {
      // Safe: a variable of 8 bytes, which is what is written.
      var count: UInt64 = 0
      _ = unsafe eventfd_read(wakeup, &count)
      let (requests, isEnding) = state.withLock { state in
        defer { state.requests = [] }
        return (state.requests, state.isEnding)
      }
      for request in requests {
        if isEnding { request.refuse() } else { unsafe request.perform(&queue.pointee) }
      }
      return !isEnding
    }

    private func hasRoom() -> Bool {
      guard overflow == .wait else { return true }
      return state.withLock { state in
        state.wantsRoom = !state.buffer.isEmpty && state.buffer.byteCount >= bufferSize
        return !state.wantsRoom
      }
    }

    private func nextBatch() -> EventBatch {
      let copies = CopiedEvents()
      while copies.count < batchLimit, copies.byteCount < bufferSize,
        let event = unsafe queue.pointee.nextEvent()
      {
        unsafe copies.append(event)
      }
      return EventBatch(copies)
    }

    /// A recording that is over throws ENODATA.
    private func waitForEvents() throws(QuarkError) {
      try QuarkError.attempting("wait for events") { () throws(Errno) in
        do throws(Errno) { try unsafe queue.pointee.block(milliseconds: Self.longestSleepMS) } catch {
          if error.rawValue != EINTR { throw error }
        }
      }
    }

    private func sleepUntilWoken() {
      var descriptor = pollfd(fd: wakeup, events: Int16(POLLIN), revents: 0)
      _ = unsafe poll(&descriptor, 1, CInt(Self.longestSleepMS))
    }

    private func deliver(_ batch: EventBatch) {
      let handover: (taker: CheckedContinuation<Delivery, Never>, batch: EventBatch)? = state.withLock { state in
        state.buffer.append(batch, limit: bufferSize, overflow)
        guard !state.isEnding, !state.takers.isEmpty, !state.buffer.isEmpty else { return nil }
        return (state.takers.removeFirst(), state.buffer.removeFirst())
      }
      handover?.taker.resume(returning: .success(handover?.batch))
    }

    /// The end: first the queue's, and then those who wait for it hear of it.
    private func finish() {
      unsafe queue.deinitialize(count: 1)
      unsafe queue.deallocate()
      let waiting = state.withLock { state in
        state.isOver = true
        _ = CLinux.close(wakeup)
        if state.isEnding { state.buffer.removeAll() }
        defer { (state.takers, state.closers, state.requests) = ([], [], []) }
        return (takers: state.takers, closers: state.closers, requests: state.requests)
      }
      for taker in waiting.takers { taker.resume(returning: state.withLock { $0.ending() }) }
      for closer in waiting.closers { closer.resume() }
      for request in waiting.requests { request.refuse() }
    }
  }

  private func runPump(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    // Safe: a literal is a string of C's, too; `start` retained the pump for this thread.
    unsafe clinux_name_thread("quark-events")
    unsafe Unmanaged<EventPump>.fromOpaque(context!).takeRetainedValue().run()
    return nil
  }
#endif
