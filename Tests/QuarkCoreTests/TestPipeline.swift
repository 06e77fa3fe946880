import CQuark

@testable import QuarkCore

extension EventPipeline {
  /// A pipeline with defaults for everything that a test does not set.
  init(
    maxLength: CInt = 1000, graceTimeMS: CInt = 4000, holdTimeMS: CInt = 1000, flags: CInt = 0,
    stringLimit: Int = StringPool.defaultLimit, generation: ClientGeneration = .seven
  ) {
    unsafe self.init(
      quark_queue_attr(
        flags: flags, max_length: maxLength, cache_grace_time: graceTimeMS, hold_time: holdTimeMS, max_env: 4096,
        kubefd: -1, ruleset: nil, ring_size: 0, replay: nil),
      generation: generation, stringLimit: stringLimit)
  }

  /// Inserts a raw event with a task. The start time is the time of a fork, and unknown for other types, unless the
  /// test sets it.
  @discardableResult
  mutating func add(
    _ type: raw_types, pid: UInt32, at timeNS: UInt64, ppid: UInt32 = 0, exitCode: Int32 = 0, idChange: UInt32 = 0,
    exe: String? = nil, cwd: String? = nil, cgroup: String? = nil, arguments: String? = nil,
    environment: String? = nil, comm: String = "", change: (inout raw_task) -> Void = { _ in }
  ) -> Bool {
    guard let event = unsafe makeRawEvent(type, pid: pid, timeNS: timeNS) else { return false }
    var task = raw_task()
    task.start_boottime = type == RAW_WAKE_UP_NEW_TASK ? timeNS : 0
    task.ppid = ppid
    task.exit_code = exitCode
    unsafe withUnsafeMutableBytes(of: &task.comm) { unsafe $0.copyBytes(from: comm.utf8.prefix(15)) }
    change(&task)
    unsafe event.pointee.task = task
    unsafe event.pointee.flags = UInt32(RAW_F_TASK)
    unsafe event.pointee.id_change = idChange
    let parts: [(RawEventPart, String?)] = [
      (.exe, exe), (.workingDirectory, cwd), (.controlGroup, cgroup), (.arguments, arguments),
      (.environment, environment),
    ]
    for case (let part, let text?) in parts {
      _ = unsafe set(part, of: event, to: Array(text.utf8).span.bytes)
    }
    unsafe insert(event)
    return true
  }

  /// The data of the next event, as values that outlive it.
  mutating func nextSummary(nowNS: UInt64 = 1 << 60) -> EventSummary? {
    unsafe next(nowNS: nowNS, wallOffsetNS: 0).map { unsafe EventSummary($0.pointee) }
  }

  mutating func drain(nowNS: UInt64 = 1 << 60) -> [EventSummary] {
    var events: [EventSummary] = []
    while let event = nextSummary(nowNS: nowNS) { events.append(event) }
    return events
  }
}

struct EventSummary: Equatable, CustomStringConvertible {
  var events: CInt
  var pid: UInt32
  var timeNS: UInt64 = 0
  var idChange: UInt32 = 0

  init(_ events: CInt, pid: UInt32, at timeNS: UInt64, idChange: UInt32 = 0) {
    (self.events, self.pid, self.timeNS, self.idChange) = (events, pid, timeNS, idChange)
  }

  init(_ event: quark_event) {
    events = unsafe CInt(event.events)
    pid = unsafe event.process?.pointee.pid ?? 0
    timeNS = unsafe event.time
    idChange = unsafe event.id_change
  }

  var description: String { "\(pid)@\(timeNS): \(events)" }
}

func text(_ string: UnsafeMutablePointer<CChar>?) -> String? { unsafe string.map { unsafe String(cString: $0) } }
