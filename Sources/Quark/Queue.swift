public import CQuark
internal import CLinux
internal import QuarkCore
public import QuarkLinux

/// A stream of what processes do: opens a backend, orders its records by time, joins what belongs together and keeps
/// who is who. Nothing happens in the background: `nextEvent` drives everything, on the caller's thread.
///
/// A backend, two clocks and a descriptor to wait for; everything else is the pipeline's.
@safe public struct Queue: ~Copyable {
  private let epoll: Epoll
  private var backend: Backend
  private var recorder: Recorder?
  private var pipeline: EventPipeline
  private var wallOffsetNS: UInt64
  private var wallOffsetTakenNS: UInt64
  private let pace: Pace

  /// The attributes a queue has if nothing else is said.
  public static var defaultAttributes: quark_queue_attr {
    unsafe quark_queue_attr(
      flags: QQ_ALL_BACKENDS, max_length: 10000, cache_grace_time: 4000, hold_time: 1000, max_env: 4096, kubefd: -1,
      ruleset: nil, ring_size: 0)
  }

  public init(_ attributes: quark_queue_attr = Queue.defaultAttributes) throws(QuarkError) {
    try Self.validate(attributes)
    let epoll = try QuarkError.attempting("create an epoll instance") { () throws(Errno) in try Epoll() }
    let times = try QuarkError.attempting("read the clocks") { () throws(Errno) in
      (boot: try Clock.bootNS(), wallOffset: try Clock.wallOffsetNS())
    }
    let backend = try Backend(attributes.flags, Self.settings(attributes))
    try QuarkError.attempting("watch the ring buffer") { () throws(Errno) in try backend.watch(epoll) }
    var pipeline = unsafe EventPipeline(attributes, memory: SlabMemory(advise: clinux_advise_huge_pages))
    // The rings are live, so that nothing is missed between here and there; what comes twice is sorted out.
    try Self.scrape(into: &pipeline, attributes, wallOffsetNS: times.wallOffset)
    (wallOffsetTakenNS, wallOffsetNS) = times
    pace = Pace(holdTimeMS: Int(attributes.hold_time))
    self.epoll = epoll
    self.backend = backend
    self.pipeline = pipeline
  }

  /// Keeps every record from now on as it comes, in a file that ReplayBackend and the tests can read. A recording ends
  /// with `stopRecording`.
  public mutating func startRecording(to path: String) throws(QuarkError) {
    recorder = try Recorder(path: path)
  }

  /// Ends the recording; throws what went wrong with it, now or earlier.
  public mutating func stopRecording() throws(QuarkError) {
    try recorder.take()?.close()
  }

  /// Readable when there may be something to do; wait 100 milliseconds at most, for events ripen with time too.
  public var epollDescriptor: CInt { epoll.rawValue }

  /// Raw events held now.
  public var length: Int { pipeline.length }

  /// By which means of the kernel each kind of record is had, a line each, with what was tried in vain.
  public var hooks: String { backend.description }

  /// Why the EBPF backend, though it was allowed, is not used; empty if it is, or was not allowed.
  public var fallbackReason: String { backend.fallbackReason }

  /// Waits until there may be something to do, 100 milliseconds at most. A signal throws EINTR.
  public func block() throws(Errno) { try block(milliseconds: 100) }

  /// Waits until there may be something to do, `milliseconds` at most. A signal throws EINTR.
  public func block(milliseconds: Int) throws(Errno) {
    let longest = backend.wakesInTime ? milliseconds : min(milliseconds, 100)
    try epoll.wait(milliseconds: CInt(min(longest, pace.waitMS(untilNS: pipeline.nextRipeNS))))
  }

  /// Counters since the queue was opened; `lost` is asked of the kernel.
  public func statistics() -> quark_queue_stats {
    var result = pipeline.statistics
    result.backend = backend.flag
    result.malformed += backend.malformed
    result.refused += pipeline.processes.refusals
    result.lost = backend.lost()
    result.lost_by_family.0 = result.lost
    return result
  }

  /// What is known of a process, exited ones within the grace time included. Valid until the next `nextEvent`.
  @unsafe public func lookup(pid: UInt32) -> UnsafePointer<quark_process>? {
    unsafe pipeline.processes.lookup(pid: pid).map { unsafe UnsafePointer($0) }
  }

  /// What is known of the process with the smallest pid that is not below `pid`. Valid until the next `nextEvent`.
  @unsafe public func firstProcess(notBelow pid: UInt32) -> UnsafePointer<quark_process>? {
    unsafe pipeline.processes.first(notBelow: pid).map { unsafe UnsafePointer($0) }
  }

  /// May an event that begins with `parent` swallow the next raw event of the same process, if that is a `child`? Nil:
  /// never. `client` is handed to the function.
  @unsafe public mutating func setAggregation(
    _ parent: raw_types, _ child: raw_types, _ function: quark_can_aggregate_fn?,
    client: UnsafeMutablePointer<quark_queue>
  ) {
    unsafe pipeline.client = client
    if let function = unsafe function {
      unsafe pipeline.matrix.set(parent, child, function)
    } else {
      pipeline.matrix.set(parent, child, .never)
    }
  }

  /// An event that begins with `parent` never swallows a `child`.
  public mutating func forbidAggregation(_ parent: raw_types, _ child: raw_types) {
    pipeline.matrix.set(parent, child, .never)
  }

  /// The next event that is old enough, or nil when none is ready. Valid until the next call.
  @unsafe public mutating func nextEvent() -> UnsafePointer<quark_event>? {
    guard var nowNS = try? Clock.bootNS() else { return nil }
    refreshWallOffset(nowNS: nowNS)
    // Without records the reading above still is the time after them.
    if populate(nowNS: nowNS) > 0 { nowNS = (try? Clock.bootNS()) ?? nowNS }
    return unsafe pipeline.next(nowNS: nowNS, wallOffsetNS: wallOffsetNS)
  }

  // MARK: -

  private static func settings(_ attributes: quark_queue_attr) -> BackendSettings {
    var settings = BackendSettings()
    settings.ringSize = attributes.ring_size
    settings.maxEnvironment = attributes.max_env
    settings.holdTimeMS = Int(attributes.hold_time)
    settings.testsItself = attributes.flags & QQ_SELF_TEST != 0
    return settings
  }

  private static func validate(_ attributes: quark_queue_attr) throws(QuarkError) {
    let invalid = Errno(EINVAL)
    let flags = attributes.flags
    guard attributes.max_length > 0 else { throw QuarkError("use max_length below 1", invalid) }
    guard attributes.cache_grace_time >= 0 else { throw QuarkError("use a negative cache_grace_time", invalid) }
    guard attributes.hold_time >= 10 else { throw QuarkError("use hold_time below 10", invalid) }
    guard flags & (QQ_ALL_BACKENDS | QQ_NOVA) != 0 else {
      throw QuarkError("open a queue with no backend allowed", invalid)
    }
    let ringSize = attributes.ring_size
    guard ringSize == 0 || ringSize >= 4096 && ringSize <= 1 << 30 && ringSize & (ringSize - 1) == 0 else {
      throw QuarkError("use a ring_size that is no power of two from 4096 to 1 GiB", invalid)
    }
    let supported = QQ_ALL_BACKENDS | QQ_NOVA | QQ_MIN_AGG | QQ_ENTRY_LEADER | QQ_SELF_TEST
    guard flags & QQ_ALL_BACKENDS != 0, flags & ~supported == 0 else {
      throw QuarkError(
        "open the queue", Errno(ENOTSUP), detail: "only the EBPF and KPROBE backends and process events exist so far")
    }
    guard attributes.kubefd == -1, unsafe attributes.ruleset == nil else {
      throw QuarkError("open the queue", Errno(ENOTSUP), detail: "kubefd and ruleset have no support so far")
    }
  }

  /// Clock steps and slewing move the wall clock against the boot clock: look again every second.
  private mutating func refreshWallOffset(nowNS: UInt64) {
    guard nowNS - wallOffsetTakenNS >= 1_000_000_000, let offset = try? Clock.wallOffsetNS() else { return }
    (wallOffsetNS, wallOffsetTakenNS) = (offset, nowNS)
  }

  /// Takes the records there are, or as many as are sure to fit; the rest waits in the ring. None is left where one
  /// would fit: a perf ring says once that there are some.
  private mutating func populate(nowNS: UInt64) -> Int {
    recorder?.beginBatch(nowNS: nowNS, lost: backend.lost())
    var taken = 0
    while true {
      let limit = pipeline.room
      let count = limit > 0 ? consume(limit: limit) : 0
      taken += count
      if count < limit || limit == 0 { return taken }
    }
  }

  private mutating func consume(limit: Int) -> Int {
    guard recorder != nil else {
      return backend.consume(limit: limit) { record in pipeline.insert(record: record) }
    }
    return backend.consume(limit: limit) { record in
      recorder?.append(record)
      pipeline.insert(record: record)
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
