public import CQuark
internal import CLinux
package import QuarkCore
public import QuarkLinux

/// A stream of what processes do: opens a backend, orders its records by time, joins what belongs together and keeps
/// who is who.
///
/// Nothing happens in the background: ``withNextEvent(_:)`` drives everything, on the caller's thread. The queue may be
/// handed from one thread to another, and is one thread's at a time. ``events(batchLimit:overflow:)`` makes an
/// asynchronous sequence of it. It ends, and gives back all it has of the kernel, when its owner drops it.
@safe public struct Queue: ~Copyable, @unchecked Sendable {
  // A source, two clocks and a descriptor to wait for; everything else is the pipeline's. Sendable: what is behind the
  // pointer is the queue's alone, and nothing of it belongs to a thread.
  /// In memory of their own, so that the end of a queue is one call, and not written out wherever one ends.
  let parts: UnsafeMutablePointer<Parts>
  private var wallOffsetNS: UInt64
  private var wallOffsetTakenNS: UInt64
  /// When losses were looked for last; 0: not yet.
  private var lookedAroundNS: UInt64 = 0
  /// When records were looked for last; 0: not yet.
  private var lookedNS: UInt64 = 0
  /// Times of the wall clock are handed out, and it is this machine's.
  private let followsWallClock: Bool
  private let pace: Pace
  private let holdTimeNS: UInt64
  /// What was asked for.
  let asking: Asking
  /// Of whoever it was opened for.
  package let generation: ClientGeneration

  /// The attributes a queue has if nothing else is said.
  package static var defaultAttributes: quark_queue_attr {
    unsafe quark_queue_attr(
      flags: QQ_ALL_BACKENDS, max_length: 10000, cache_grace_time: 4000, hold_time: 1000, max_env: 4096, kubefd: -1,
      ruleset: nil, ring_size: 0, replay: nil)
  }

  /// Those of a program of this generation.
  package static func defaultAttributes(of generation: ClientGeneration) -> quark_queue_attr {
    var attributes = defaultAttributes
    if generation.api >= 9 { attributes.flags = QQ_EBPF }
    return attributes
  }

  /// Queues may be opened and closed on several threads at once: the library sees to it that one waits for the other,
  /// for libbpf keeps some things for the whole program.
  package init(_ attributes: quark_queue_attr, generation: ClientGeneration = .seven) throws(QuarkError) {
    var attributes = attributes
    try Self.validate(attributes, generation)
    // A size_t of C may be more than Int holds. More than a megabyte of one string is never kept.
    if attributes.max_env < 0 || attributes.max_env > 1 << 20 { attributes.max_env = 1 << 20 }
    // First, for it sees to it that there are descriptors left for the rest.
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
    // What runs on this machine has no part in what is told of the past.
    if source.traits.isLive {
      pipeline.readClock = clinux_boot_ns
      // The rings are live, so that nothing is missed between here and there; what comes twice is sorted out.
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

  /// One thread at a time, in the whole program, opens or closes a queue.
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
    /// Whether processes are still there; nil where that cannot be told, and of a recording.
    var presence: ProcPresence?
    /// Those of the pipeline, if they are the queue's own.
    var ownRules: Ruleset?
    var pipeline: EventPipeline

    init(epoll: consuming Epoll, source: consuming AnyRecordSource, pipeline: consuming EventPipeline) {
      self.epoll = epoll
      self.source = source
      self.pipeline = pipeline
    }
  }

  /// Keeps every record from now on as it comes, in a file that ``Attributes/replay`` takes: quark-recording(5). A
  /// recording ends with ``stopRecording()``.
  public mutating func startRecording(to path: String) throws(QuarkError) {
    unsafe parts.pointee.recorder = try Recorder(path: path)
  }

  /// Ends the recording; throws what went wrong with it, now or earlier.
  public mutating func stopRecording() throws(QuarkError) {
    unsafe try parts.pointee.recorder.take()?.close()
  }

  /// Which events are handed out, and which processes get a mark, from the next `nextEvent` on; that of the attributes
  /// at first. Not copied: it must be there for as long as it is the queue's.
  @unsafe package var ruleset: UnsafeMutablePointer<quark_ruleset>? {
    get { unsafe parts.pointee.pipeline.ruleset }
    set { unsafe parts.pointee.pipeline.ruleset = newValue }
  }

  /// Readable when there may be something to do; wait 100 milliseconds at most, for events ripen with time too.
  public var epollDescriptor: CInt { unsafe parts.pointee.epoll.rawValue }

  /// Raw events held now.
  public var length: Int { unsafe parts.pointee.pipeline.length }

  /// What the source of the events is, in a word: `ebpf`, `kprobe`, or `replay` for a recording.
  public var sourceName: String { unsafe "\(parts.pointee.source.traits.name)" }

  /// By which means of the kernel each kind of record is told, a line each, with what was tried in vain.
  public var hooks: String { unsafe parts.pointee.source.description + untoldDescription }

  /// Why the EBPF backend, though it was allowed, is not used; empty if it is, or was not allowed.
  public var fallbackReason: String { unsafe parts.pointee.source.fallbackReason }

  /// Waits until there may be something to do, 100 milliseconds at most. A signal throws EINTR.
  public func block() throws(Errno) { try block(milliseconds: 100) }

  /// Waits until there may be something to do, `milliseconds` at most; less than none are none. A signal throws EINTR; a
  /// recording of which all has left the queue, ENODATA.
  public func block(milliseconds: Int) throws(Errno) {
    let longest = try sleepMS(atMost: milliseconds)
    // What is past is there already.
    guard unsafe parts.pointee.source.traits.isLive else { return }
    unsafe try parts.pointee.epoll.wait(milliseconds: CInt(clamping: max(0, longest)))
  }

  /// How long to wait for `epollDescriptor`; of a recording, 0, or ENODATA when all has left the queue.
  func sleepMS(atMost milliseconds: Int) throws(Errno) -> Int {
    guard unsafe parts.pointee.source.traits.isLive else {
      if unsafe parts.pointee.source.isOver, length == 0 { throw Errno(ENODATA) }
      return 0
    }
    let longest = unsafe parts.pointee.source.traits.wakesInTime ? milliseconds : min(milliseconds, 100)
    return unsafe min(longest, pace.waitMS(untilNS: parts.pointee.pipeline.nextRipeNS))
  }

  /// Whether there is no room for what a backend has.
  var isFull: Bool { unsafe parts.pointee.pipeline.room <= 0 }

  /// Counters since the queue was opened; `lost` is asked of the kernel.
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

  /// Those that events and processes point to. Valid as long as the queue is.
  var strings: UnsafeMutablePointer<StringPool> {
    unsafe withUnsafeMutablePointer(to: &parts.pointee.pipeline.processes.strings) { unsafe $0 }
  }

  /// What is known of a process, exited ones within the grace time included. Valid until the next `nextEvent`.
  @unsafe package func lookup(pid: UInt32) -> UnsafePointer<quark_process>? {
    unsafe parts.pointee.pipeline.processes.lookup(pid: pid).map { unsafe UnsafePointer($0) }
  }

  /// What is known of the process with the smallest pid that is not below `pid`. Valid until the next `nextEvent`.
  @unsafe package func firstProcess(notBelow pid: UInt32) -> UnsafePointer<quark_process>? {
    unsafe parts.pointee.pipeline.processes.first(notBelow: pid).map { unsafe UnsafePointer($0) }
  }

  /// May an event that begins with `parent` swallow the next raw event of the same process, if that is a `child`? Nil:
  /// never. `client` is handed to the function.
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

  /// An event that begins with `parent` never swallows a `child`.
  package mutating func forbidAggregation(_ parent: raw_types, _ child: raw_types) {
    unsafe parts.pointee.pipeline.matrix.set(parent, child, .never)
  }

  /// Records that one call for an event takes at most, to the next fill of the queue, when the rules drop them all.
  private static var droppedAtOnce: Int { 1 << 16 }

  /// The next event that is old enough, or nil when none is ready. Valid until the next call.
  @unsafe @usableFromInline package mutating func nextEvent() -> UnsafePointer<quark_event>? {
    guard var nowNS = nowNS() else { return nil }
    // The wall clock may be set: look again every 10 milliseconds.
    if followsWallClock, nowNS &- wallOffsetTakenNS >= 10_000_000 { refreshWallOffset(nowNS: nowNS) }
    if nowNS &- lookedAroundNS >= Self.lookIntervalNS { lookAround(nowNS: nowNS) }
    var taken = 0
    while true {
      let count = populate(nowNS: nowNS)
      taken += count
      let isFull = isFull
      // Without records the reading above still is the time after them.
      if count > 0 { nowNS = self.nowNS() ?? nowNS }
      lookedNS = nowNS
      if !isFull { reconcile(nowNS: nowNS) }
      if let event = unsafe parts.pointee.pipeline.next(nowNS: nowNS, wallOffsetNS: wallOffsetNS) {
        return unsafe event
      }
      // What had no room may wait in a ring that will not say so again.
      guard isFull, taken < Self.droppedAtOnce else { return nil }
    }
  }

  /// The next event of those that were old enough when `nextEvent` looked for records, which this does not: for whoever
  /// takes many in no time. Nil where the clock stands still meanwhile, as of a recording. Valid until the next call.
  @unsafe mutating func nextHeldEvent() -> UnsafePointer<quark_event>? {
    guard unsafe parts.pointee.source.traits.isLive else { return nil }
    return unsafe parts.pointee.pipeline.next(nowNS: lookedNS, wallOffsetNS: wallOffsetNS)
  }

  /// Takes the records there are, as far as they fit, without handing out an event. Says how many those were.
  public mutating func populate() -> Int {
    guard let nowNS = nowNS() else { return 0 }
    return populate(nowNS: nowNS)
  }

  /// Puts a copy of a raw event into the queue, as if a backend had sent it. EINVAL: there can be no such process.
  /// ENOBUFS: the queue is full. ENOTSUP: there are no events of its family yet. E2BIG: its strings are.
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

  /// The raw events held now, as a DOT graph.
  package mutating func appendRawEventGraph(_ order: RawEventGraph.Order, to text: inout ByteBuffer) {
    unsafe parts.pointee.pipeline.appendGraph(order, to: &text)
  }

  // MARK: -

  /// The time since boot, of the machine of which the source tells. Once nothing more will come, what is held has been
  /// held long enough.
  private func nowNS() -> UInt64? {
    guard let nowNS = unsafe try? parts.pointee.source.nowNS() else { return nil }
    guard unsafe parts.pointee.source.isOver else { return nowNS }
    unsafe parts.pointee.pipeline.isOver = true
    let (sum, overflow) = nowNS.addingReportingOverflow(holdTimeNS)
    return overflow ? .max : sum
  }

  /// What time it is for a source, and what makes such times those that are handed out.
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
      throw QuarkError("use a ring_size that is no power of two from 4096 to 1 GiB", invalid)
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
      throw QuarkError("open the queue", Errno(ENOTSUP), detail: "no support so far of \(names)")
    }
    let meaningless = CUnsignedInt(bitPattern: flags & ~knownFlags)
    guard meaningless == 0 else {
      let bits = "0x" + String(meaningless, radix: 16)
      throw QuarkError("open the queue", Errno(ENOTSUP), detail: "flags has bits without a meaning: \(bits)")
    }
    guard attributes.kubefd == -1 else {
      throw QuarkError("open the queue", Errno(ENOTSUP), detail: "kubefd has no support so far")
    }
  }

  private static var knownFlags: CInt {
    QQ_ALL_BACKENDS | QQ_NOVA | QQ_MIN_AGG | QQ_ENTRY_LEADER | QQ_SELF_TEST | QQ_THREAD_EVENTS | QQ_FALLBACK
      | QQ_SALTED_IDS | QQ_STRICT | toldFlags
  }

  /// The flags that ask for events which some backend tells.
  private static var toldFlags: CInt { cquark_flags_for(cquark_types_from(.max)) }

  /// Those of `flags` that ask for events which no backend tells, by name.
  private static func untold(_ flags: CInt) -> [String] { names(flags & ~toldFlags) }

  /// What those of `flags` are called that ask for events.
  private static func names(_ flags: CInt) -> [String] {
    (0..<CInt.bitWidth).compactMap { bit in
      let flag = flags & (1 << CInt(bit))
      // Safe: the name is a literal.
      return unsafe cquark_flag_name(flag).map { unsafe String(cString: $0) }
    }
  }

  /// A line for each kind of events that was asked for and that the source in use cannot tell.
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

  /// What is looked at every second: records may have been lost.
  @inline(never)
  private mutating func lookAround(nowNS: UInt64) {
    lookedAroundNS = nowNS
    guard unsafe parts.pointee.source.traits.isLive else { return }
    unsafe parts.pointee.pipeline.noteLosses(parts.pointee.source.lost().total)
  }

  /// Lets go of processes whose end was lost. All that there was has been read.
  private mutating func reconcile(nowNS: UInt64) {
    guard unsafe parts.pointee.presence != nil else { return }
    unsafe parts.pointee.pipeline.reconcile(nowNS: nowNS) { unsafe parts.pointee.presence!.look(pid: $0) }
  }

  /// Takes the records there are, or as many as are sure to fit; the rest waits in the ring. None is left where one
  /// would fit: a perf ring says once that there are some.
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
