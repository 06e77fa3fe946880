public import CQuark
internal import CLinux
package import QuarkCore
public import QuarkLinux

/// A stream of what processes do. A queue opens a backend, orders its records by time, joins those that belong
/// together, and keeps what is known of each process.
///
/// Nothing happens in the background: ``withNextEvent(_:)`` does all the work, on the caller's thread. The queue may be
/// passed from one thread to another; only one thread at a time may use it. ``events(batchLimit:overflow:)`` makes an
/// asynchronous sequence of it. The queue closes, and releases everything it has in the kernel, when its owner drops
/// it.
@safe public struct Queue: ~Copyable, @unchecked Sendable {
  // A queue is a source, two clocks and a descriptor to wait for; the pipeline has everything else. Sendable: only the
  // queue has this pointer, and nothing behind it belongs to a thread.
  /// The parts are in separate memory, so that the end of a queue is one call and is not inlined wherever a queue ends.
  let parts: UnsafeMutablePointer<Parts>
  private var wallOffsetNS: UInt64
  private var wallOffsetTakenNS: UInt64
  /// When losses were last checked; 0: not yet.
  private var lookedAroundNS: UInt64 = 0
  /// When records were last read; 0: not yet.
  private var lookedNS: UInt64 = 0
  /// True if the queue delivers wall-clock times of this machine.
  private let followsWallClock: Bool
  private let pace: Pace
  private let holdTimeNS: UInt64
  /// What was asked for.
  let asking: Asking
  /// Of whoever it was opened for.
  package let generation: ClientGeneration

  /// The default attributes of a queue.
  package static var defaultAttributes: quark_queue_attr {
    unsafe quark_queue_attr(
      flags: QQ_ALL_BACKENDS, max_length: 10000, cache_grace_time: 4000, hold_time: 1000, max_env: 4096, kubefd: -1,
      ruleset: nil, ring_size: 0, replay: nil)
  }

  /// The default attributes for a program of this generation.
  package static func defaultAttributes(of generation: ClientGeneration) -> quark_queue_attr {
    var attributes = defaultAttributes
    if generation.api >= 9 { attributes.flags = QQ_EBPF }
    return attributes
  }

  /// Several threads may open and close queues at once: the library makes them wait for each other, because libbpf
  /// keeps some state for the whole program.
  package init(_ attributes: quark_queue_attr, generation: ClientGeneration = .seven) throws(QuarkError) {
    var attributes = attributes
    try Self.validate(attributes, generation)
    // A size_t of C may be larger than Int.max. More than a megabyte of one string is never kept.
    if attributes.max_env < 0 || attributes.max_env > 1 << 20 { attributes.max_env = 1 << 20 }
    // This comes first, because it makes sure that there are enough descriptors for the rest.
    var source = try Self.openAlone { () throws(QuarkError) in
      try SourceChoice.open(attributes, Self.settings(attributes))
    }
    let epoll = try QuarkError.attempting("create an epoll instance") { () throws(Errno) in try Epoll() }
    try QuarkError.attempting("watch the ring buffer") { () throws(Errno) in try source.watch(epoll) }
    let clocks = try Self.clocks(of: source, generation)
    var pipeline = unsafe EventPipeline(
      attributes, generation: generation, memory: SlabMemory(advise: clinux_advise_huge_pages))
    if !generation.hasBootTimes || attributes.flags & QQ_SALTED_IDS != 0 {
      pipeline.processes.entitySalt = try source.bootSalt()
    }
    // The processes of this machine have nothing to do with a recording.
    if source.traits.isLive {
      pipeline.readClock = clinux_boot_ns
      // The rings already receive records, so nothing is missed in between; duplicates are sorted out.
      try Self.scrape(into: &pipeline, attributes, wallOffsetNS: clocks.wallOffsetNS)
      pipeline.primeRules()
    }
    (wallOffsetTakenNS, wallOffsetNS) = clocks
    self.generation = generation
    asking = Asking(flags: attributes.flags, maxEnvironment: attributes.max_env)
    followsWallClock = !generation.hasBootTimes && source.traits.isLive
    pace = Pace(holdTimeMS: Int(attributes.hold_time))
    holdTimeNS = UInt64(attributes.hold_time) * 1_000_000
    unsafe parts = .allocate(capacity: 1)
    unsafe parts.initialize(to: Parts(epoll: epoll, source: source, pipeline: pipeline))
    if unsafe parts.pointee.source.traits.isLive { unsafe parts.pointee.presence = ProcPresence.open() }
  }

  @inlinable deinit { destroy() }

  @usableFromInline @inline(never) func destroy() {
    clinux_enter_library()
    unsafe parts.deinitialize(count: 1)
    clinux_leave_library()
    unsafe parts.deallocate()
  }

  /// In the whole program only one thread at a time opens or closes a queue.
  private static func openAlone(
    _ open: () throws(QuarkError) -> AnyRecordSource
  ) throws(QuarkError) -> AnyRecordSource {
    clinux_enter_library()
    defer { clinux_leave_library() }
    return try open()
  }

  struct Parts: ~Copyable {
    let epoll: Epoll
    var source: AnyRecordSource
    var recorder: Recorder?
    /// Tells whether processes still exist; nil if that cannot be found out, and for a recording.
    var presence: ProcPresence?
    /// The rules of the pipeline, if the queue owns them.
    var ownRules: Ruleset?
    var pipeline: EventPipeline

    init(epoll: consuming Epoll, source: consuming AnyRecordSource, pipeline: consuming EventPipeline) {
      self.epoll = epoll
      self.source = source
      self.pipeline = pipeline
    }
  }

  /// Writes every record from now on to a file that ``Attributes/replay`` can play: quark-recording(5).
  /// ``stopRecording()`` ends the recording.
  public mutating func startRecording(to path: String) throws(QuarkError) {
    unsafe parts.pointee.recorder = try Recorder(path: path)
  }

  /// Ends the recording; throws the first error of the recording, now or earlier.
  public mutating func stopRecording() throws(QuarkError) {
    unsafe try parts.pointee.recorder.take()?.close()
  }

  /// The rules that decide which events are delivered, and which processes get a tag, from the next `nextEvent` on. At
  /// first these are the rules of the attributes. They are not copied: they must live as long as the queue uses them.
  @unsafe package var ruleset: UnsafeMutablePointer<quark_ruleset>? {
    get { unsafe parts.pointee.pipeline.ruleset }
    set { unsafe parts.pointee.pipeline.ruleset = newValue }
  }

  /// Readable when there may be something to do. Wait 100 milliseconds at most, because events also become ready with
  /// time.
  public var epollDescriptor: CInt { unsafe parts.pointee.epoll.rawValue }

  /// The number of raw events held now.
  public var length: Int { unsafe parts.pointee.pipeline.length }

  /// The name of the source: `ebpf`, `kprobe`, or `replay` for a recording.
  public var sourceName: String { unsafe "\(parts.pointee.source.traits.name)" }

  /// Which kernel hook delivers each kind of record, one line each, with the hooks that were tried and failed.
  public var hooks: String { unsafe parts.pointee.source.description + untoldDescription }

  /// Why the EBPF backend is not in use although it was allowed; empty if it is in use, or was not allowed.
  public var fallbackReason: String { unsafe parts.pointee.source.fallbackReason }

  /// Waits until there may be something to do, 100 milliseconds at most. Throws EINTR at a signal.
  public func block() throws(Errno) { try block(milliseconds: 100) }

  /// Waits until there may be something to do, `milliseconds` at most; a negative number means 0. Throws EINTR at a
  /// signal, and ENODATA when all events of a recording have left the queue.
  public func block(milliseconds: Int) throws(Errno) {
    let longest = try sleepMS(atMost: milliseconds)
    // A recording is completely there already.
    guard unsafe parts.pointee.source.traits.isLive else { return }
    unsafe try parts.pointee.epoll.wait(milliseconds: CInt(clamping: max(0, longest)))
  }

  /// How long to wait for `epollDescriptor`. For a recording it is 0; throws ENODATA when all events have left the
  /// queue.
  func sleepMS(atMost milliseconds: Int) throws(Errno) -> Int {
    guard unsafe parts.pointee.source.traits.isLive else {
      if unsafe parts.pointee.source.isOver, length == 0 { throw Errno(ENODATA) }
      return 0
    }
    let longest = unsafe parts.pointee.source.traits.wakesInTime ? milliseconds : min(milliseconds, 100)
    return unsafe min(longest, pace.waitMS(untilNS: parts.pointee.pipeline.nextRipeNS))
  }

  /// True if the queue has no room for more records.
  var isFull: Bool { unsafe parts.pointee.pipeline.room <= 0 }

  /// The counters since the queue was opened; this reads `lost` from the kernel.
  package func counters() -> quark_queue_stats {
    var result = unsafe parts.pointee.pipeline.statistics
    result.backend = unsafe parts.pointee.source.traits.flag
    unsafe result.malformed &+= parts.pointee.source.malformed
    unsafe result.refused &+= parts.pointee.pipeline.processes.refusals
    unsafe result.garbage_collections &+= parts.pointee.pipeline.processes.evictions
    result.stalls = unsafe parts.pointee.source.stalls
    let lost = unsafe parts.pointee.source.lost()
    result.lost = lost.total
    result.lost_by_family = lost.counts
    return result
  }

  /// The strings that events and processes point to. Valid as long as the queue.
  var strings: UnsafeMutablePointer<StringPool> {
    unsafe withUnsafeMutablePointer(to: &parts.pointee.pipeline.processes.strings) { unsafe $0 }
  }

  /// What is known of a process, also of one that exited less than the grace time ago. Valid until the next
  /// `nextEvent`.
  @unsafe package func lookup(pid: UInt32) -> UnsafePointer<quark_process>? {
    unsafe parts.pointee.pipeline.processes.lookup(pid: pid).map { unsafe UnsafePointer($0) }
  }

  /// The process with the smallest pid that is not below `pid`. Valid until the next `nextEvent`.
  @unsafe package func firstProcess(notBelow pid: UInt32) -> UnsafePointer<quark_process>? {
    unsafe parts.pointee.pipeline.processes.first(notBelow: pid).map { unsafe UnsafePointer($0) }
  }

  /// Sets the function that decides whether a `child` may join an event of the same process that begins with a
  /// `parent`; nil means never. `client` is passed to the function.
  @unsafe package mutating func setAggregation(
    _ parent: raw_types, _ child: raw_types, _ function: quark_can_aggregate_fn?,
    client: UnsafeMutablePointer<quark_queue>
  ) {
    unsafe parts.pointee.pipeline.client = client
    if let function = unsafe function {
      unsafe parts.pointee.pipeline.matrix.set(parent, child, function)
    } else {
      unsafe parts.pointee.pipeline.matrix.set(parent, child, .never)
    }
  }

  /// A `child` never joins an event that begins with a `parent`.
  package mutating func forbidAggregation(_ parent: raw_types, _ child: raw_types) {
    unsafe parts.pointee.pipeline.matrix.set(parent, child, .never)
  }

  /// The number of records after which one call for an event stops, at the next fill of the queue, when the rules drop
  /// them all.
  private static var droppedAtOnce: Int { 1 << 16 }

  /// The next event that is old enough, or nil when none is ready. Valid until the next call.
  @unsafe @usableFromInline package mutating func nextEvent() -> UnsafePointer<quark_event>? {
    guard var nowNS = nowNS() else { return nil }
    // The wall clock may be set, so it is read again every 10 milliseconds.
    if followsWallClock, nowNS &- wallOffsetTakenNS >= 10_000_000 { refreshWallOffset(nowNS: nowNS) }
    if nowNS &- lookedAroundNS >= Self.lookIntervalNS { lookAround(nowNS: nowNS) }
    var taken = 0
    while true {
      let count = populate(nowNS: nowNS)
      taken += count
      let isFull = isFull
      // If there were no records, the time that was read above is still right.
      if count > 0 { nowNS = self.nowNS() ?? nowNS }
      lookedNS = nowNS
      if !isFull { reconcile(nowNS: nowNS) }
      if let event = unsafe parts.pointee.pipeline.next(nowNS: nowNS, wallOffsetNS: wallOffsetNS) {
        return unsafe event
      }
      // Records that did not fit may wait in a ring that will not report them again.
      guard isFull, taken < Self.droppedAtOnce else { return nil }
    }
  }

  /// The next of the events that were old enough when `nextEvent` last read records. This does not read records, and
  /// is for callers that take many events at once. Nil if the clock stands still, as for a recording. Valid until the
  /// next call.
  @unsafe mutating func nextHeldEvent() -> UnsafePointer<quark_event>? {
    guard unsafe parts.pointee.source.traits.isLive else { return nil }
    return unsafe parts.pointee.pipeline.next(nowNS: lookedNS, wallOffsetNS: wallOffsetNS)
  }

  /// Takes the records that are ready, as many as fit, without delivering an event. Returns their number.
  public mutating func populate() -> Int {
    guard let nowNS = nowNS() else { return 0 }
    return populate(nowNS: nowNS)
  }

  /// Puts a copy of a raw event into the queue, as if a backend had sent it. EINVAL: no process can have this pid.
  /// ENOBUFS: the queue is full. ENOTSUP: its family cannot be inserted. E2BIG: its strings are too long.
  @unsafe package mutating func insert(copyOf event: UnsafePointer<raw_event>) throws(Errno) {
    do throws(RawEventRefusal) {
      unsafe try parts.pointee.pipeline.insert(copyOf: event)
    } catch {
      switch error {
      case .noSuchProcess: throw Errno(EINVAL)
      case .unsupported: throw Errno(ENOTSUP)
      case .tooLarge: throw Errno(E2BIG)
      case .full: throw Errno(ENOBUFS)
      }
    }
  }

  /// Appends the raw events held now, as a DOT graph.
  package mutating func appendRawEventGraph(_ order: RawEventGraph.Order, to text: inout ByteBuffer) {
    unsafe parts.pointee.pipeline.appendGraph(order, to: &text)
  }

  // MARK: -

  /// The time since boot of the machine that the source reports on. Once nothing more will come, all held events are
  /// old enough.
  private func nowNS() -> UInt64? {
    guard let nowNS = unsafe try? parts.pointee.source.nowNS() else { return nil }
    guard unsafe parts.pointee.source.isOver else { return nowNS }
    unsafe parts.pointee.pipeline.isOver = true
    let (sum, overflow) = nowNS.addingReportingOverflow(holdTimeNS)
    return overflow ? .max : sum
  }

  /// The current time of a source, and the offset that converts its times to the times that are delivered.
  private static func clocks(
    of source: borrowing AnyRecordSource, _ generation: ClientGeneration
  ) throws(QuarkError) -> (nowNS: UInt64, wallOffsetNS: UInt64) {
    do throws(Errno) {
      return (try source.nowNS(), generation.hasBootTimes ? 0 : try source.wallOffsetNS())
    } catch {
      throw QuarkError("read the clocks", error)
    }
  }

  private static func settings(_ attributes: quark_queue_attr) -> BackendSettings {
    var settings = BackendSettings()
    settings.ringSize = attributes.ring_size
    settings.maxEnvironment = attributes.max_env
    settings.holdTimeMS = Int(attributes.hold_time)
    settings.types = cquark_types_for(attributes.flags)
    settings.testsItself = attributes.flags & QQ_SELF_TEST != 0
    settings.seesThreads = attributes.flags & QQ_THREAD_EVENTS != 0
    return settings
  }

  private static func validate(
    _ attributes: quark_queue_attr, _ generation: ClientGeneration
  ) throws(QuarkError) {
    let invalid = Errno(EINVAL)
    let flags = attributes.flags
    guard attributes.max_length > 0 else { throw QuarkError("use max_length below 1", invalid) }
    guard attributes.cache_grace_time >= 0 else { throw QuarkError("use a negative cache_grace_time", invalid) }
    guard attributes.hold_time >= 10 else { throw QuarkError("use hold_time below 10", invalid) }
    guard flags & (QQ_ALL_BACKENDS | QQ_NOVA) != 0 else {
      throw QuarkError("open a queue with no backend allowed", invalid)
    }
    let allowed = (flags & (QQ_ALL_BACKENDS | QQ_NOVA)).nonzeroBitCount
    guard allowed == 1 || generation.api < 9 || flags & QQ_FALLBACK != 0 else {
      throw QuarkError("open a queue with more than one backend allowed, and no QQ_FALLBACK", invalid)
    }
    let ringSize = attributes.ring_size
    guard ringSize == 0 || ringSize >= 4096 && ringSize <= 1 << 30 && ringSize & (ringSize - 1) == 0 else {
      throw QuarkError("use a ring_size that is not a power of two from 4096 to 1 GiB", invalid)
    }
    if flags & QQ_BYPASS != 0 {
      let others = QQ_KPROBE | QQ_NOVA | QQ_ENTRY_LEADER | QQ_MIN_AGG | QQ_THREAD_EVENTS
      guard flags & QQ_EBPF != 0, flags & others == 0, attributes.kubefd == -1 else {
        throw QuarkError("use QQ_BYPASS with anything but QQ_EBPF and its kinds of events", invalid)
      }
    }
    var refused = untold(flags)
    if flags & QQ_BYPASS != 0 { refused.append("QQ_BYPASS") }
    if flags & QQ_ALL_BACKENDS == 0 { refused.append("QQ_NOVA") }
    guard refused.isEmpty else {
      let names = refused.joined(separator: ", ")
      throw QuarkError("open the queue", Errno(ENOTSUP), detail: "not supported so far: \(names)")
    }
    let meaningless = CUnsignedInt(bitPattern: flags & ~knownFlags)
    guard meaningless == 0 else {
      let bits = "0x" + String(meaningless, radix: 16)
      throw QuarkError("open the queue", Errno(ENOTSUP), detail: "flags has bits without a meaning: \(bits)")
    }
    guard attributes.kubefd == -1 else {
      throw QuarkError("open the queue", Errno(ENOTSUP), detail: "kubefd is not supported so far")
    }
  }

  private static var knownFlags: CInt {
    QQ_ALL_BACKENDS | QQ_NOVA | QQ_MIN_AGG | QQ_ENTRY_LEADER | QQ_SELF_TEST | QQ_THREAD_EVENTS | QQ_FALLBACK
      | QQ_SALTED_IDS | QQ_STRICT | toldFlags
  }

  /// The flags that ask for events which at least one backend reports.
  private static var toldFlags: CInt { cquark_flags_for(cquark_types_from(.max)) }

  /// The names of those `flags` that ask for events which no backend reports.
  private static func untold(_ flags: CInt) -> [String] { names(flags & ~toldFlags) }

  /// The names of those `flags` that ask for events.
  private static func names(_ flags: CInt) -> [String] {
    (0..<CInt.bitWidth).compactMap { bit in
      let flag = flags & (1 << CInt(bit))
      // Safe: the name is a literal.
      return unsafe cquark_flag_name(flag).map { unsafe String(cString: $0) }
    }
  }

  /// One line for each kind of event that was asked for and that the source in use cannot report.
  private var untoldDescription: String {
    let traits = unsafe parts.pointee.source.traits
    guard traits.isLive else { return "" }
    let untold = Self.names(asking.flags & Self.toldFlags & ~cquark_flags_of(traits.flag))
    return untold.map { "\($0): none\n  not \(traits.name): it tells of no such events\n" }.joined()
  }

  @inline(never)
  private mutating func refreshWallOffset(nowNS: UInt64) {
    wallOffsetTakenNS = nowNS
    guard let offset = try? Clock.wallOffsetNS(), offset != wallOffsetNS else { return }
    unsafe parts.pointee.pipeline.processes.shiftTimes(byNS: offset &- wallOffsetNS)
    wallOffsetNS = offset
  }

  private static var lookIntervalNS: UInt64 { 1_000_000_000 }

  /// Checks every second whether records were lost.
  @inline(never)
  private mutating func lookAround(nowNS: UInt64) {
    lookedAroundNS = nowNS
    guard unsafe parts.pointee.source.traits.isLive else { return }
    unsafe parts.pointee.pipeline.noteLosses(parts.pointee.source.lost().total)
  }

  /// Forgets processes whose exit was lost. All records must have been read before.
  private mutating func reconcile(nowNS: UInt64) {
    guard unsafe parts.pointee.presence != nil else { return }
    unsafe parts.pointee.pipeline.reconcile(nowNS: nowNS) { unsafe parts.pointee.presence!.look(pid: $0) }
  }

  /// Takes the records that are ready, or as many as surely fit; the rest waits in the ring. It leaves none that would
  /// fit, because a perf ring reports only once that it has records.
  private mutating func populate(nowNS: UInt64) -> Int {
    unsafe parts.pointee.recorder?.beginBatch(nowNS: nowNS, lost: parts.pointee.source.lost())
    var taken = 0
    while true {
      let limit = unsafe parts.pointee.pipeline.room
      let count = limit > 0 ? consume(limit: limit, nowNS: nowNS) : 0
      taken += count
      if count < limit || limit == 0 { return taken }
    }
  }

  private mutating func consume(limit: Int, nowNS: UInt64) -> Int {
    unsafe parts.pointee.pipeline.setClock(nowNS: parts.pointee.source.readNS(nowNS: nowNS))
    guard unsafe parts.pointee.recorder != nil else {
      return unsafe parts.pointee.source.consume(limit: limit) { record in
        unsafe parts.pointee.pipeline.insert(record: record)
      }
    }
    return unsafe parts.pointee.source.consume(limit: limit) { record in
      unsafe parts.pointee.recorder?.append(record)
      unsafe parts.pointee.pipeline.insert(record: record)
    }
  }

  private static func scrape(
    into pipeline: inout EventPipeline, _ attributes: quark_queue_attr, wallOffsetNS: UInt64
  ) throws(QuarkError) {
    var scraper = try ProcScraper(maxEnvironmentLength: attributes.max_env)
    _ = try scraper.scrape { pipeline.processes.insert($0, wallOffsetNS: wallOffsetNS) }
    pipeline.processes.findEntryLeaders()
  }
}
