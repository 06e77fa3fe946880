public import CQuark
internal import CLinux
internal import QuarkCore
public import QuarkLinux

/// A stream of what processes do: opens a backend, orders its records by time, joins what belongs together and keeps
/// who is who. Nothing happens in the background: `nextEvent` drives everything, on the caller's thread.
@safe public struct Queue: ~Copyable {
  private let attributes: quark_queue_attr
  private let epoll: Epoll
  private let backend: EBPFBackend
  private var rawEvents: RawEventQueue
  private var processes: ProcessCache
  private var counters = quark_queue_stats()
  private let event: UnsafeMutablePointer<quark_event>
  private var wallOffsetNS: UInt64
  private var wallOffsetTakenNS: UInt64

  /// The attributes a queue has if nothing else is said.
  public static var defaultAttributes: quark_queue_attr {
    quark_queue_attr(flags: QQ_ALL_BACKENDS, max_length: 10000, cache_grace_time: 4000, hold_time: 1000)
  }

  public init(_ attributes: quark_queue_attr = Queue.defaultAttributes) throws(QuarkError) {
    try Self.validate(attributes)
    let epoll = try QuarkError.attempting("create an epoll instance") { () throws(Errno) in try Epoll() }
    let times = try QuarkError.attempting("read the clocks") { () throws(Errno) in
      (boot: try Clock.bootNS(), wallOffset: try Clock.wallOffsetNS())
    }
    let backend = try EBPFBackend()
    try QuarkError.attempting("watch the ring buffer") { () throws(Errno) in
      try epoll.add(readable: backend.readable)
    }
    (wallOffsetTakenNS, wallOffsetNS) = times
    self.attributes = attributes
    self.epoll = epoll
    self.backend = backend
    counters.backend = QQ_EBPF
    rawEvents = RawEventQueue(capacity: Int(attributes.max_length))
    processes = ProcessCache()
    unsafe event = .allocate(capacity: 1)
    unsafe event.initialize(to: quark_event())
  }

  @inlinable deinit { destroy() }

  @usableFromInline func destroy() { unsafe event.deallocate() }

  /// Readable when there may be something to do; wait 100 milliseconds at most, for events ripen with time too.
  public var epollDescriptor: CInt { epoll.rawValue }

  /// Raw events held now.
  public var length: Int { rawEvents.count }

  /// Waits until there may be something to do, 100 milliseconds at most. A signal throws EINTR.
  public func block() throws(Errno) { try epoll.wait(milliseconds: 100) }

  /// Counters since the queue was opened; `lost` is asked of the kernel.
  public func statistics() -> quark_queue_stats {
    var result = counters
    result.lost = backend.lost()
    return result
  }

  /// What is known of a process, exited ones within the grace time included. Valid until the next `nextEvent`.
  @unsafe public func lookup(pid: UInt32) -> UnsafePointer<quark_process>? {
    unsafe processes.lookup(pid: pid).map { unsafe UnsafePointer($0) }
  }

  /// The next event that is old enough, or nil when none is ready. Valid until the next call.
  @unsafe public mutating func nextEvent() -> UnsafePointer<quark_event>? {
    guard var nowNS = try? Clock.bootNS() else { return nil }
    refreshWallOffset(nowNS: nowNS)
    // Collected before anything is handed out: what the last event pointed to stays valid until now.
    let graceNS = UInt64(attributes.cache_grace_time) * 1_000_000
    counters.garbage_collections += UInt64(processes.collect(nowNS: nowNS, graceTimeNS: graceNS))
    populate()
    nowNS = (try? Clock.bootNS()) ?? nowNS
    guard let oldestNS = rawEvents.oldestTimeNS else { return nil }
    let target = HoldTime.targetNS(
      length: rawEvents.count, maxLength: rawEvents.capacity, holdTimeMS: Int(attributes.hold_time))
    guard nowNS >= oldestNS, nowNS - oldestNS >= target else { return nil }
    return unsafe assemble(nowNS: nowNS)
  }

  // MARK: -

  private static func validate(_ attributes: quark_queue_attr) throws(QuarkError) {
    let invalid = Errno(EINVAL)
    guard attributes.max_length > 0 else { throw QuarkError("use max_length below 1", invalid) }
    guard attributes.cache_grace_time >= 0 else { throw QuarkError("use a negative cache_grace_time", invalid) }
    guard attributes.hold_time >= 10 else { throw QuarkError("use hold_time below 10", invalid) }
    guard attributes.flags & (QQ_ALL_BACKENDS | QQ_NOVA) != 0 else {
      throw QuarkError("open a queue with no backend allowed", invalid)
    }
    let supported = QQ_ALL_BACKENDS | QQ_NOVA
    guard attributes.flags & QQ_EBPF != 0, attributes.flags & ~supported == 0 else {
      throw QuarkError(
        "open the queue", Errno(ENOTSUP), detail: "only the EBPF backend and process events exist so far")
    }
  }

  /// Clock steps and slewing move the wall clock against the boot clock: look again every second.
  private mutating func refreshWallOffset(nowNS: UInt64) {
    guard nowNS - wallOffsetTakenNS >= 1_000_000_000, let offset = try? Clock.wallOffsetNS() else { return }
    (wallOffsetNS, wallOffsetTakenNS) = (offset, nowNS)
  }

  private mutating func populate() {
    // A record is decoded into one event at most, so that many records fit.
    _ = backend.consume(limit: rawEvents.capacity - rawEvents.count) { record in
      guard let event = unsafe RecordDecoder.decode(record) else {
        counters.malformed += 1
        return
      }
      unsafe rawEvents.insert(event)
      counters.insertions += 1
    }
  }

  /// Joins the oldest raw event with what followed it in the same process: a fork with its exec, both with the exit.
  private mutating func assemble(nowNS: UInt64) -> UnsafePointer<quark_event>? {
    guard let first = unsafe rawEvents.popOldest() else { return nil }
    unsafe event.pointee = quark_event()
    unsafe event.pointee.time = first.timeNS &+ wallOffsetNS
    unsafe apply(first, nowNS: nowNS)
    let before = counters.removals
    while let next = unsafe rawEvents.popNext(
      pid: first.pid, where: { [applied = event.pointee.events] kind in
        unsafe first.kind != .exit && kind != .fork && applied & Self.bit(of: kind) == 0
      })
    {
      unsafe apply(next, nowNS: nowNS)
    }
    if counters.removals > before { counters.aggregations += 1 } else { counters.non_aggregations += 1 }
    return unsafe UnsafePointer(event)
  }

  private mutating func apply(_ rawEvent: RawEvent, nowNS: UInt64) {
    let process = unsafe processes.apply(rawEvent, wallOffsetNS: wallOffsetNS, nowNS: nowNS)
    unsafe event.pointee.process = UnsafePointer(process)
    unsafe event.pointee.events |= Self.bit(of: rawEvent.kind)
    counters.removals += 1
  }

  private static func bit(of kind: RawEvent.Kind) -> UInt64 {
    switch kind {
    case .fork: UInt64(QUARK_EV_FORK)
    case .exec: UInt64(QUARK_EV_EXEC)
    case .exit: UInt64(QUARK_EV_EXIT)
    }
  }
}
