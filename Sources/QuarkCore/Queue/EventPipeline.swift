public import CQuark

/// The way of a record to an event, without a kernel: records and times come in as arguments, events go out. Decodes,
/// orders, joins what belongs together, and keeps who is who.
///
/// A call for an event is any number of `insert`s while there is `room`, then `next`.
@safe public struct EventPipeline: ~Copyable {
  public var processes: ProcessCache
  public var matrix: AggregationMatrix
  /// Counters since the beginning, `lost` and `backend` left to the owner.
  public var statistics: quark_queue_stats {
    var statistics = counted
    statistics.insertions = rawEvents.insertions
    statistics.removals = rawEvents.insertions &- UInt64(rawEvents.count)
    return statistics
  }
  /// Handed to aggregation functions of C clients.
  @unsafe public var client: UnsafeMutablePointer<quark_queue>?
  /// Says what time it is, nanoseconds since boot, when a stamp is later than it can be; nil: nobody knows better than
  /// who set the clock.
  public var readClock: (@convention(c) () -> UInt64)?
  /// The latest stamp that is believed, nanoseconds since boot. At first all are.
  private var latestNS: UInt64 = .max
  /// Nothing more will come: events are handed out without waiting for older ones.
  public var isOver = false
  /// Which events are handed out, and which processes get a mark; somebody else's. Nil: all, and none.
  @unsafe public var ruleset: UnsafeMutablePointer<quark_ruleset>?

  private(set) var rawEvents: RawEventQueue
  /// Of the statistics what the queue of raw events does not know.
  private var counted = quark_queue_stats()
  private let variableLimit: Int
  private let holdTime: HoldTime
  private let graceTimeMS: UInt32
  private let event: UnsafeMutablePointer<quark_event>
  /// The part of it that is elsewhere in each generation.
  private let eventTail: UnsafeMutablePointer<cquark_event_tail>
  /// What the event points to.
  private var payloads = Payloads()
  /// Time of the newest event handed out, nanoseconds since boot.
  private var deliveredNS: UInt64 = 0
  /// That of the last `next`.
  private var moment = ProcessCache.Moment(nowMS: 0, wallOffsetNS: 0)
  /// What had been lost, dropped and late when it was looked at last.
  private var notedLosses: UInt64 = 0

  /// The attributes must be valid: lengths and times positive.
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
    // Safe: a generation's event is no smaller than this one, begins alike, and has its tail within.
    let bytes = unsafe UnsafeMutableRawPointer.allocate(
      byteCount: generation.eventSize, alignment: MemoryLayout<quark_event>.alignment)
    unsafe bytes.initializeMemory(as: UInt8.self, repeating: 0, count: generation.eventSize)
    unsafe event = bytes.assumingMemoryBound(to: quark_event.self)
    unsafe eventTail = (bytes + generation.eventTailOffset).assumingMemoryBound(to: cquark_event_tail.self)
  }

  @inlinable deinit { destroy() }

  @usableFromInline func destroy() { unsafe event.deallocate() }

  /// Raw events held now.
  public var length: Int { rawEvents.count }

  /// Records that can be taken now without a refusal: raw events up to `max_length`, and their strings up to 4 MiB and
  /// 1 KiB per raw event of `max_length`.
  public var room: Int {
    min(rawEvents.capacity - rawEvents.count, (variableLimit - rawEvents.variableBytes) >> Self.largestRecordBits)
  }

  @inline(__always)
  private var hasRoom: Bool {
    !rawEvents.isFull && rawEvents.variableBytes &+ 1 << Self.largestRecordBits <= variableLimit
  }

  /// Strings of one record are 128 KiB at most: arguments, two paths, an environment, a script and a control group.
  private static var largestRecordBits: Int { 17 }

  /// The raw events held now, as a DOT graph.
  public mutating func appendGraph(_ order: RawEventGraph.Order, to text: inout ByteBuffer) {
    RawEventGraph.append(&rawEvents, order, to: &text)
  }

  // MARK: - In

  /// Takes one record of a ring. False: it was dropped and counted, as malformed or for lack of room.
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

  /// A raw event to be filled and then given to `insert` or `discard`; for backends whose records are no wire records.
  /// Times are nanoseconds since boot. With a task, set `RAW_F_TASK` in `flags`. Nil: dropped and counted, as malformed
  /// if there can be no such process, or for lack of room.
  @unsafe public mutating func makeRawEvent(
    _ type: raw_types, pid: UInt32, timeNS: UInt64
  ) -> UnsafeMutablePointer<raw_event>? {
    // Zero wraps around: one comparison each.
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

  /// Copies bytes into a raw event that is not inserted yet; each part once. False: there was no room, which the pool
  /// counts, or they are more than a megabyte. The event is good without them.
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

  /// Takes over what `makeRawEvent` gave.
  @unsafe public mutating func insert(_ rawEvent: UnsafeMutablePointer<raw_event>) {
    if unsafe rawEvent.pointee.time < deliveredNS { counted.late &+= 1 }
    if unsafe rawEvent.pointee.time > latestNS { unsafe correct(rawEvent) }
    unsafe rawEvents.insert(rawEvent)
  }

  /// It is `nowNS` since boot: nothing that comes in has happened later.
  public mutating func setClock(nowNS: UInt64) {
    let (sum, overflow) = nowNS.addingReportingOverflow(Self.slackNS)
    latestNS = overflow ? .max : sum
  }

  /// Clocks of CPUs may differ, and a record may be newer than the last look at the clock; but what has a stamp far in
  /// the future would wait for that time, and the later ones of its process with it.
  private static var slackNS: UInt64 { 10_000_000_000 }

  @inline(never)
  private mutating func correct(_ rawEvent: UnsafeMutablePointer<raw_event>) {
    if let readClock { setClock(nowNS: readClock()) }
    guard unsafe rawEvent.pointee.time > latestNS else { return }
    unsafe rawEvent.pointee.time = latestNS
    counted.late &+= 1
  }

  /// Gives back what `makeRawEvent` gave.
  @unsafe public mutating func discard(_ rawEvent: UnsafeMutablePointer<raw_event>) {
    unsafe rawEvents.free(rawEvent, strings: &processes.strings)
  }

  // MARK: - Out

  /// The oldest event, if it is old enough, or nil. Valid until the next call of this. `nowNS` is nanoseconds since
  /// boot; `wallOffsetNS` is added to all times that are handed out: 0, or what makes them times since the epoch.
  @unsafe public mutating func next(nowNS: UInt64, wallOffsetNS: UInt64) -> UnsafePointer<quark_event>? {
    unsafe next(nowNS: nowNS, wallOffsetNS: wallOffsetNS) { _ in true }
  }

  /// The same, going on past events that the rules drop or `admits` refuses: nil means that none is ready. It goes on
  /// for as many raw events as it finds waiting at most, for nothing enters meanwhile.
  @unsafe public mutating func next(
    nowNS: UInt64, wallOffsetNS: UInt64, admits: (UnsafePointer<quark_event>) -> Bool
  ) -> UnsafePointer<quark_event>? {
    // Before anything is handed out: what the last event pointed to was good until here, and what this one will point
    // to stays until the next call.
    moment = ProcessCache.Moment(nowMS: ProcessCache.milliseconds(nowNS), wallOffsetNS: wallOffsetNS)
    collect(nowMS: moment.nowMS)
    while let first = unsafe rawEvents.oldest {
      let timeNS = unsafe first.pointee.time
      // A CPU's clock may be ahead of the reader's: what it stamps is new, not never.
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

  /// Applies the rules once to each process there is, in ascending pid, for what they mark: before the first event, and
  /// as if each were one to which nothing happened. Only rules that mark keep what they have counted.
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

  /// When the oldest event held will be old enough to leave, nanoseconds since boot; nil when none is held.
  public var nextRipeNS: UInt64? {
    guard let first = unsafe rawEvents.oldest else { return nil }
    if !hasRoom { return 0 }
    let target = min(holdTime.longestNS, holdTime.targetNS(length: rawEvents.count))
    let (sum, overflow) = unsafe first.pointee.time.addingReportingOverflow(target)
    return overflow ? .max : sum
  }

  /// Forgets the processes that have been kept long enough. `next` begins with it; a client that takes no events for a
  /// while may do it alone.
  @inline(__always)
  public mutating func collect(nowNS: UInt64) { collect(nowMS: ProcessCache.milliseconds(nowNS)) }

  @inline(__always)
  private mutating func collect(nowMS: UInt32) {
    let collected = processes.collect(nowMS: nowMS, graceTimeMS: graceTimeMS)
    counted.garbage_collections &+= UInt64(truncatingIfNeeded: collected)
  }

  /// Has it waited long enough for older ones to arrive? When nothing more fits, it has.
  @inline(__always)
  private func isRipe(ageNS: UInt64) -> Bool {
    ageNS >= holdTime.longestNS || !hasRoom || ageNS >= holdTime.targetNS(length: rawEvents.count) || isOver
  }

  /// Compares the processes there are with those that are known, a few at a time: `ProcessCache.reconcile`. `lost`:
  /// what the source has lost so far. To be called when all that there is of it was read, and before the next event is.
  public mutating func reconcile(nowNS: UInt64, look: (UInt32) -> ProcessLook) {
    guard processes.isReconciliationDue(nowNS: nowNS) else { return }
    var pace = ProcessCache.Pace()
    pace.settleNS = holdTime.longestNS
    let oldestNS = unsafe rawEvents.oldest.map { unsafe $0.pointee.time }
    let forgotten = processes.reconcile(nowNS: nowNS, oldestNS: oldestNS, pace: pace, look: look)
    counted.garbage_collections &+= UInt64(truncatingIfNeeded: forgotten)
  }

  /// Tells what the source has lost so far. When that has grown, or a record was dropped here or came late, processes
  /// may be known that have ended.
  public mutating func noteLosses(_ lost: UInt64) {
    let sum = lost &+ counted.refused &+ counted.malformed &+ counted.late
    guard sum != notedLosses else { return }
    notedLosses = sum
    processes.wantReconciliation()
  }

  /// Makes the event of the oldest raw event and those behind it, of the same process, that the matrix joins to it.
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
      // One without a task says no start.
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

  /// The last event is no longer valid.
  @inline(never)
  private mutating func forgetPayloads() {
    payloads.release(in: &processes.strings)
    unsafe event.pointee.ptrace = quark_ptrace()
    unsafe (event.pointee.module_load, event.pointee.shm, event.pointee.tty) = (nil, nil, nil)
    copyPointers()
  }

  /// What is known of the process; events of its own family make an entry for one that is not.
  @inline(__always)
  private mutating func process(of rawEvent: UnsafeMutablePointer<raw_event>) -> UnsafeMutablePointer<quark_process>? {
    guard ProcessFamily.has(unsafe rawEvent.pointee.type) else {
      return unsafe knownProcess(of: rawEvent)
    }
    return unsafe processes.entry(for: rawEvent, startNS: startNS(of: rawEvent))
  }

  /// The process that has the pid of a raw event, unless that says that it started at another time: an exit was lost, or
  /// a fork.
  @inline(never)
  private mutating func knownProcess(
    of rawEvent: UnsafeMutablePointer<raw_event>
  ) -> UnsafeMutablePointer<quark_process>? {
    guard let process = unsafe processes.lookup(pid: rawEvent.pointee.pid) else { return nil }
    let startNS = unsafe rawEvent.task.pointee.start_boottime
    return unsafe startNS == 0 || processes.isSame(rawEvent, startNS: startNS, as: process) ? process : nil
  }

  /// Is a raw event of the pid of `process` one of that process?
  @inline(never)
  private mutating func isSame(
    _ rawEvent: UnsafeMutablePointer<raw_event>, _ process: UnsafeMutablePointer<quark_process>?
  ) -> Bool {
    guard ProcessFamily.has(unsafe rawEvent.pointee.type), let process = unsafe process else { return true }
    return unsafe processes.isSame(rawEvent, startNS: startNS(of: rawEvent), as: process)
  }

  /// When the process of a raw event started, as far as it says so; 0: it does not.
  @inline(__always)
  private mutating func startNS(of rawEvent: UnsafeMutablePointer<raw_event>) -> UInt64 {
    if unsafe rawEvent.pointee.flags & UInt32(RAW_F_TASK) != 0 { return unsafe rawEvent.task.pointee.start_boottime }
    return unsafe startNS(behind: rawEvent)
  }

  /// The same of one without a task, by the next one that has one: if that one's process had started, they are of the
  /// same.
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

  /// Raw events that are looked at to find one with a task. Kprobes tell an exec and a name or two before one.
  private static var furthestTask: Int { 16 }

  /// Takes a raw event out of the queue and applies it to its process and to the event under construction. The result
  /// is its bit.
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
  }
}
