public import CQuark

/// Makes events of records, without a kernel: records and times are arguments, events are results. It decodes and
/// orders records, joins those that belong together, and keeps what is known of each process.
///
/// To get an event, call `insert` any number of times while there is `room`, then `next`.
@safe public struct EventPipeline: ~Copyable {
  public var processes: ProcessCache
  public var matrix: AggregationMatrix
  /// Counters since the beginning; the owner sets `lost` and `backend`.
  public var statistics: quark_queue_stats {
    var statistics = counted
    statistics.insertions = rawEvents.insertions
    statistics.removals = rawEvents.insertions &- UInt64(rawEvents.count)
    return statistics
  }
  /// Passed to aggregation functions of C clients.
  @unsafe public var client: UnsafeMutablePointer<quark_queue>?
  /// Reads the clock, nanoseconds since boot, when a time stamp is later than possible; nil if only `setClock` sets it.
  public var readClock: (@convention(c) () -> UInt64)?
  /// The latest time stamp that is accepted, nanoseconds since boot. At first all are accepted.
  private var latestNS: UInt64 = .max
  /// True if nothing more will come: events are delivered without waiting for older ones.
  public var isOver = false
  /// The rules, which belong to the caller: they decide which events are delivered, and which processes get a tag. With
  /// nil all events are delivered.
  @unsafe public var ruleset: UnsafeMutablePointer<quark_ruleset>?

  private(set) var rawEvents: RawEventQueue
  /// The counters that the queue of raw events does not have.
  private var counted = quark_queue_stats()
  private let variableLimit: Int
  private let holdTime: HoldTime
  private let graceTimeMS: UInt32
  private let event: UnsafeMutablePointer<quark_event>
  /// The part of the event whose offset differs between generations.
  private let eventTail: UnsafeMutablePointer<cquark_event_tail>
  /// The payloads that the event points to.
  private var payloads = Payloads()
  /// The time of the newest event that was delivered, nanoseconds since boot.
  private var deliveredNS: UInt64 = 0
  /// The time of the last `next`.
  private var moment = ProcessCache.Moment(nowMS: 0, wallOffsetNS: 0)
  /// The number of lost, dropped and late records at the last check.
  private var notedLosses: UInt64 = 0

  /// The attributes must be valid: lengths and times must be positive.
  public init(
    _ attributes: quark_queue_attr, generation: ClientGeneration = .seven, stringLimit: Int = StringPool.defaultLimit,
    memory: SlabMemory = SlabMemory()
  ) {
    let maxLength = Int(attributes.max_length)
    let flags = attributes.flags
    processes = ProcessCache(
      maxEnvironment: attributes.max_env, findsEntryLeaders: flags & QQ_ENTRY_LEADER != 0, stringLimit: stringLimit,
      memory: memory)
    matrix = AggregationMatrix(
      isMinimal: flags & QQ_MIN_AGG != 0, hasThreads: flags & QQ_THREAD_EVENTS != 0)
    unsafe ruleset = attributes.ruleset
    rawEvents = RawEventQueue(capacity: maxLength, memory: memory)
    variableLimit = 4 << 20 + maxLength << 10
    holdTime = HoldTime(maxLength: maxLength, holdTimeMS: Int(attributes.hold_time))
    graceTimeMS = UInt32(attributes.cache_grace_time)
    // Safe: the event of a generation is not smaller than this one, begins in the same way, and contains its tail.
    let bytes = unsafe UnsafeMutableRawPointer.allocate(
      byteCount: generation.eventSize, alignment: MemoryLayout<quark_event>.alignment)
    unsafe bytes.initializeMemory(as: UInt8.self, repeating: 0, count: generation.eventSize)
    unsafe event = bytes.assumingMemoryBound(to: quark_event.self)
    unsafe eventTail = (bytes + generation.eventTailOffset).assumingMemoryBound(to: cquark_event_tail.self)
  }

  @inlinable deinit { destroy() }

  @usableFromInline func destroy() { unsafe event.deallocate() }

  /// The number of raw events held now.
  public var length: Int { rawEvents.count }

  /// The number of records that can be taken now without a refusal: raw events up to `max_length`, and strings up to 4
  /// MiB plus 1 KiB per raw event of `max_length`.
  public var room: Int {
    min(rawEvents.capacity - rawEvents.count, (variableLimit - rawEvents.variableBytes) >> Self.largestRecordBits)
  }

  @inline(__always)
  private var hasRoom: Bool {
    !rawEvents.isFull && rawEvents.variableBytes &+ 1 << Self.largestRecordBits <= variableLimit
  }

  /// The strings of one record have 128 KiB at most: arguments, two paths, an environment, a script and a control
  /// group.
  private static var largestRecordBits: Int { 17 }

  /// Appends the raw events held now, as a DOT graph.
  public mutating func appendGraph(_ order: RawEventGraph.Order, to text: inout ByteBuffer) {
    RawEventGraph.append(&rawEvents, order, to: &text)
  }

  // MARK: - In

  /// Takes one record of a ring. False if it was dropped and counted, because it is malformed or because there is no
  /// room.
  @discardableResult
  public mutating func insert(record: RawSpan) -> Bool {
    guard hasRoom, let rawEvent = unsafe rawEvents.make() else {
      counted.refused &+= 1
      return false
    }
    let outcome = unsafe RecordDecoder.decode(
      record, into: rawEvent, maxEnvironment: processes.maxEnvironment, strings: &processes.strings)
    if outcome == .decoded {
      unsafe insert(rawEvent)
      return true
    }
    if outcome == .malformed { counted.malformed &+= 1 }
    unsafe rawEvents.free(rawEvent, strings: &processes.strings)
    return false
  }

  /// Makes a raw event, which the caller fills and then passes to `insert` or `discard`; for backends whose records are
  /// not wire records. Times are nanoseconds since boot. With a task, set `RAW_F_TASK` in `flags`. Nil if it was dropped
  /// and counted: as malformed if no process can have this pid, or because there is no room.
  @unsafe public mutating func makeRawEvent(
    _ type: raw_types, pid: UInt32, timeNS: UInt64
  ) -> UnsafeMutablePointer<raw_event>? {
    // Zero wraps around, so one comparison is enough for each.
    guard pid &- 1 < ProcessTable.pidLimit - 1, type.rawValue &- 1 < RAW_NUM_TYPES.rawValue - 1 else {
      counted.malformed &+= 1
      return nil
    }
    guard hasRoom, let rawEvent = unsafe rawEvents.make() else {
      counted.refused &+= 1
      return nil
    }
    unsafe rawEvent.pointee.type = type.rawValue
    unsafe rawEvent.pointee.pid = pid
    unsafe rawEvent.pointee.tid = pid
    unsafe rawEvent.pointee.cpu = 0
    unsafe rawEvent.pointee.time = timeNS
    return unsafe rawEvent
  }

  /// Copies bytes into a raw event that is not inserted yet; each part only once. False if there was no room, which the
  /// pool counts, or if they are more than a megabyte. The raw event is valid without them.
  @inline(__always)
  @unsafe public mutating func set(
    _ part: RawEventPart, of rawEvent: UnsafeMutablePointer<raw_event>, to bytes: RawSpan
  ) -> Bool {
    if part == .environment {
      let kept = bytes.extracting(first: min(bytes.byteCount, processes.maxEnvironment))
      let count = UInt32(truncatingIfNeeded: bytes.byteCount)
      return unsafe rawEvent.set(part, kept, originalCount: count, strings: &processes.strings)
    }
    return unsafe rawEvent.set(part, bytes, strings: &processes.strings)
  }

  /// Inserts a raw event from `makeRawEvent`.
  @unsafe public mutating func insert(_ rawEvent: UnsafeMutablePointer<raw_event>) {
    if unsafe rawEvent.pointee.time < deliveredNS { counted.late &+= 1 }
    if unsafe rawEvent.pointee.time > latestNS { unsafe correct(rawEvent) }
    unsafe rawEvents.insert(rawEvent)
  }

  /// Sets the clock to `nowNS` since boot: no record that comes in can be later.
  public mutating func setClock(nowNS: UInt64) {
    let (sum, overflow) = nowNS.addingReportingOverflow(Self.slackNS)
    latestNS = overflow ? .max : sum
  }

  /// Clocks of CPUs may differ, and a record may be newer than the last reading of the clock. But a record with a time
  /// stamp far in the future would wait until that time, together with later records of its process.
  private static var slackNS: UInt64 { 10_000_000_000 }

  @inline(never)
  private mutating func correct(_ rawEvent: UnsafeMutablePointer<raw_event>) {
    if let readClock { setClock(nowNS: readClock()) }
    guard unsafe rawEvent.pointee.time > latestNS else { return }
    unsafe rawEvent.pointee.time = latestNS
    counted.late &+= 1
  }

  /// Releases a raw event from `makeRawEvent`.
  @unsafe public mutating func discard(_ rawEvent: UnsafeMutablePointer<raw_event>) {
    unsafe rawEvents.free(rawEvent, strings: &processes.strings)
  }

  // MARK: - Out

  /// The oldest event, if it is old enough, or nil. Valid until the next call. `nowNS` is nanoseconds since boot.
  /// `wallOffsetNS` is added to all times that are delivered: 0, or the difference to times since the epoch.
  @unsafe public mutating func next(nowNS: UInt64, wallOffsetNS: UInt64) -> UnsafePointer<quark_event>? {
    unsafe next(nowNS: nowNS, wallOffsetNS: wallOffsetNS) { _ in true }
  }

  /// The same, but skips events that the rules drop or `admits` refuses: nil means that no event is ready. It looks at
  /// no more raw events than are waiting, because no new ones enter meanwhile.
  @unsafe public mutating func next(
    nowNS: UInt64, wallOffsetNS: UInt64, admits: (UnsafePointer<quark_event>) -> Bool
  ) -> UnsafePointer<quark_event>? {
    // This comes before an event is made: what the last event points to is valid until here, and what the new one
    // points to stays until the next call.
    moment = ProcessCache.Moment(nowMS: ProcessCache.milliseconds(nowNS), wallOffsetNS: wallOffsetNS)
    collect(nowMS: moment.nowMS)
    while let first = unsafe rawEvents.oldest {
      let timeNS = unsafe first.pointee.time
      // The clock of a CPU may be ahead of the reader's clock: then the age is 0 and does not wrap around.
      guard isRipe(ageNS: nowNS &- min(timeNS, nowNS)) else { return nil }
      if !payloads.isEmpty { forgetPayloads() }
      unsafe assemble(first)
      guard unsafe event.pointee.events != 0, passesRules else { continue }
      if unsafe admits(event) { return unsafe UnsafePointer(event) }
    }
    return nil
  }

  @inline(__always)
  private var passesRules: Bool {
    guard let ruleset = unsafe ruleset, let rule = unsafe ruleset.match(event) else { return true }
    return unsafe rule.pointee.action != CInt(QUARK_RA_DROP.rawValue)
  }

  /// Applies the rules once to each known process, in ascending pid, so that it gets its tag before the first event, as
  /// if it had an event with nothing in it. Only poison rules keep these counts.
  public mutating func primeRules() {
    guard let ruleset = unsafe ruleset else { return }
    unsafe event.pointee = quark_event()
    var pid: UInt32 = 0
    while let process = unsafe processes.first(notBelow: pid) {
      unsafe event.pointee.process = UnsafePointer(process)
      _ = unsafe ruleset.match(event)
      pid = unsafe process.pointee.pid + 1
    }
    unsafe ruleset.forgetCounts()
  }

  /// The time when the oldest held event will be old enough to leave, nanoseconds since boot; nil when none is held.
  public var nextRipeNS: UInt64? {
    guard let first = unsafe rawEvents.oldest else { return nil }
    if !hasRoom { return 0 }
    let target = min(holdTime.longestNS, holdTime.targetNS(length: rawEvents.count))
    let (sum, overflow) = unsafe first.pointee.time.addingReportingOverflow(target)
    return overflow ? .max : sum
  }

  /// Forgets the processes that have been kept long enough. `next` begins with this; a client that takes no events for
  /// some time may call it separately.
  @inline(__always)
  public mutating func collect(nowNS: UInt64) { collect(nowMS: ProcessCache.milliseconds(nowNS)) }

  @inline(__always)
  private mutating func collect(nowMS: UInt32) {
    let collected = processes.collect(nowMS: nowMS, graceTimeMS: graceTimeMS)
    counted.garbage_collections &+= UInt64(truncatingIfNeeded: collected)
  }

  /// True if an event has waited long enough for older ones, or if the queue is full.
  @inline(__always)
  private func isRipe(ageNS: UInt64) -> Bool {
    ageNS >= holdTime.longestNS || !hasRoom || ageNS >= holdTime.targetNS(length: rawEvents.count) || isOver
  }

  /// Compares the known processes with the existing ones, a few at a time: `ProcessCache.reconcile`. Call it when all
  /// records of the source were read, and before the next event is taken.
  public mutating func reconcile(nowNS: UInt64, look: (UInt32) -> ProcessLook) {
    guard processes.isReconciliationDue(nowNS: nowNS) else { return }
    var pace = ProcessCache.Pace()
    pace.settleNS = holdTime.longestNS
    let oldestNS = unsafe rawEvents.oldest.map { unsafe $0.pointee.time }
    let forgotten = processes.reconcile(nowNS: nowNS, oldestNS: oldestNS, pace: pace, look: look)
    counted.garbage_collections &+= UInt64(truncatingIfNeeded: forgotten)
  }

  /// Passes the number of records that the source has lost so far. If it has grown, or if a record was dropped here or
  /// came late, exited processes may still be known.
  public mutating func noteLosses(_ lost: UInt64) {
    let sum = lost &+ counted.refused &+ counted.malformed &+ counted.late
    guard sum != notedLosses else { return }
    notedLosses = sum
    processes.wantReconciliation()
  }

  /// Makes an event from the oldest raw event and the following ones of the same process that the matrix joins to it.
  private mutating func assemble(_ first: UnsafeMutablePointer<raw_event>) {
    if unsafe first.pointee.time > deliveredNS { unsafe deliveredNS = first.pointee.time }
    unsafe event.pointee.time = first.pointee.time &+ moment.wallOffsetNS
    unsafe eventTail.pointee.id_change = 0
    let process = unsafe process(of: first)
    unsafe event.pointee.process = UnsafePointer(process)
    let startNS = unsafe process.map { unsafe $0.identity.pointee.startNS } ?? 0
    var (last, bits) = unsafe (first, 0 as UInt64)
    while true {
      let next = unsafe rawEvents.successor(of: last)
      unsafe bits |= leave(last, process)
      if unsafe last != first { unsafe rawEvents.free(last, strings: &processes.strings) }
      // A raw event without a task has no start time.
      guard let candidate = unsafe next,
        unsafe startNS != 0 && candidate.task.pointee.start_boottime == startNS || isSame(candidate, process),
        unsafe matrix.allows(first, candidate, queue: client)
      else { break }
      unsafe first.pointee.agg_types |= 1 &<< candidate.pointee.type
      unsafe last = candidate
    }
    unsafe event.pointee.events = bits
    if unsafe last != first { counted.aggregations &+= 1 } else { counted.non_aggregations &+= 1 }
    unsafe rawEvents.free(first, strings: &processes.strings)
  }

  /// Makes the last event invalid.
  @inline(never)
  private mutating func forgetPayloads() {
    payloads.release(in: &processes.strings)
    unsafe event.pointee.ptrace = quark_ptrace()
    unsafe (event.pointee.module_load, event.pointee.shm, event.pointee.tty) = (nil, nil, nil)
    unsafe event.pointee.tty_flags = 0
    copyPointers()
  }

  /// The entry of the process; raw events of the process family make a new entry if there is none.
  @inline(__always)
  private mutating func process(of rawEvent: UnsafeMutablePointer<raw_event>) -> UnsafeMutablePointer<quark_process>? {
    guard ProcessFamily.has(unsafe rawEvent.pointee.type) else {
      return unsafe knownProcess(of: rawEvent)
    }
    return unsafe processes.entry(for: rawEvent, startNS: startNS(of: rawEvent))
  }

  /// The process with the pid of a raw event, unless the raw event has another start time: then an exit or a fork was
  /// lost.
  @inline(never)
  private mutating func knownProcess(
    of rawEvent: UnsafeMutablePointer<raw_event>
  ) -> UnsafeMutablePointer<quark_process>? {
    guard let process = unsafe processes.lookup(pid: rawEvent.pointee.pid) else { return nil }
    let startNS = unsafe rawEvent.task.pointee.start_boottime
    return unsafe startNS == 0 || processes.isSame(rawEvent, startNS: startNS, as: process) ? process : nil
  }

  /// True if a raw event with the pid of `process` belongs to that process.
  @inline(never)
  private mutating func isSame(
    _ rawEvent: UnsafeMutablePointer<raw_event>, _ process: UnsafeMutablePointer<quark_process>?
  ) -> Bool {
    guard ProcessFamily.has(unsafe rawEvent.pointee.type), let process = unsafe process else { return true }
    return unsafe processes.isSame(rawEvent, startNS: startNS(of: rawEvent), as: process)
  }

  /// The start time of the process of a raw event; 0 if the raw event does not have it.
  @inline(__always)
  private mutating func startNS(of rawEvent: UnsafeMutablePointer<raw_event>) -> UInt64 {
    if unsafe rawEvent.pointee.flags & UInt32(RAW_F_TASK) != 0 { return unsafe rawEvent.task.pointee.start_boottime }
    return unsafe startNS(behind: rawEvent)
  }

  /// The same for a raw event without a task, from the next one that has a task: if that process had already started,
  /// both belong to the same process.
  @inline(never)
  private mutating func startNS(behind rawEvent: UnsafeMutablePointer<raw_event>) -> UInt64 {
    guard unsafe rawEvent.pointee.flags & UInt32(RAW_F_THREAD) == 0 else { return 0 }
    var next = unsafe rawEvents.successor(of: rawEvent)
    for _ in 0..<Self.furthestTask {
      guard let event = unsafe next else { return 0 }
      let isOfThread = unsafe event.pointee.flags & UInt32(RAW_F_THREAD) != 0
      if unsafe event.pointee.type == RAW_WAKE_UP_NEW_TASK.rawValue, !isOfThread { return 0 }
      if unsafe event.pointee.flags & UInt32(RAW_F_TASK) != 0 {
        let startNS = unsafe event.task.pointee.start_boottime
        return unsafe startNS <= rawEvent.pointee.time ? startNS : 0
      }
      unsafe next = rawEvents.successor(of: event)
    }
    return 0
  }

  /// The maximum number of raw events that are searched for one with a task. With kprobes an exec and a name or two may
  /// come before it.
  private static var furthestTask: Int { 16 }

  /// Takes a raw event out of the queue and applies it to its process and to the event that is being made. Returns its
  /// bit.
  private mutating func leave(
    _ rawEvent: UnsafeMutablePointer<raw_event>, _ process: UnsafeMutablePointer<quark_process>?
  ) -> UInt64 {
    unsafe rawEvents.remove(rawEvent)
    guard ProcessFamily.has(unsafe rawEvent.pointee.type), let process = unsafe process else {
      return unsafe leave(withPayload: rawEvent)
    }
    return unsafe ProcessFamily.deliver(rawEvent, of: process, to: eventTail, &processes, moment)
  }

  /// The same of one whose payload the event shows, and keeps.
  @inline(never)
  private mutating func leave(withPayload rawEvent: UnsafeMutablePointer<raw_event>) -> UInt64 {
    let bit = unsafe Families.deliverPayload(of: rawEvent, to: event)
    unsafe payloads.take(from: rawEvent)
    copyPointers()
    return bit
  }

  /// What this library reads of an event is where its own generation has it. Where that of the client has something
  /// else, `mprotect`, nothing tells yet what that is for.
  private func copyPointers() {
    let (module, shm, tty) = unsafe (event.pointee.module_load, event.pointee.shm, event.pointee.tty)
    unsafe (eventTail.pointee.module_load, eventTail.pointee.shm, eventTail.pointee.tty) = (module, shm, tty)
    unsafe eventTail.pointee.tty_flags = event.pointee.tty_flags
  }
}
