internal import CQuark
internal import QuarkCore

/// An error that a round found.
package struct Violation: Error {
  package let message: String
}

/// Does everything with both the queue and the model, and compares their results.
final class Ledger {
  struct Delivery {
    var event: Model.Event
    var content: Content?
  }

  let parameters: Parameters
  let records: [Record]
  private(set) var model: Model
  private(set) var violation: Violation?
  private(set) var deliveries: [Delivery] = []
  private(set) var deliveredCount = 0
  /// Indices of records in the order in which they were taken.
  private(set) var arrivals: [Int] = []
  private(set) var malformed: UInt64 = 0
  private(set) var refused: UInt64 = 0
  /// Records that were not taken as there was no memory for what they tell.
  private(set) var payloadRefusals: UInt64 = 0
  /// The indices of the records of the last event.
  private(set) var lastRecords: [Int] = []
  /// By family: records that were malformed or refused, and those whose events came.
  private(set) var notTaken = Array(repeating: 0, count: Family.allCases.count)
  private(set) var delivered = Array(repeating: 0, count: Family.allCases.count)
  /// Processes one of whose records came in after a later one of theirs had left.
  private(set) var overtaken: Set<UInt32> = []
  /// True once there was no room for a string. From then on strings, and data that depends on them, are not compared.
  private(set) var isVague = false
  private var newestNS: UInt64 = 0
  private var newestLeftNS: [UInt32: UInt64] = [:]
  private var lateRecords: Set<Int> = []
  private var seen: [Bool]

  init(_ parameters: Parameters, _ records: [Record]) {
    self.parameters = parameters
    self.records = records
    model = Model(parameters, records)
    seen = Array(repeating: false, count: records.count)
  }

  /// Only the first violation counts, because the others may follow from it.
  func check(_ holds: Bool, _ message: @autoclosure () -> String) {
    if !holds, violation == nil { violation = Violation(message: message()) }
  }

  // MARK: - In

  func insert(_ index: Int, into pipeline: inout EventPipeline) {
    let record = records[index]
    let (before, expected, refusals) = (pipeline.statistics, model.verdict(record), pipeline.processes.refusals)
    // Separate memory for the long strings and another slab for the others may not fit together.
    let mostNeeded = 1 << 20 + Model.largestRecord
    let isPoolNearLimit = pipeline.processes.strings.reserved + mostNeeded > pipeline.processes.strings.limit
    give(record, to: &pipeline)
    let after = pipeline.statistics
    let isRefusedByPool = pipeline.processes.refusals != refusals
    if isRefusedByPool {
      check(isPoolNearLimit, "a string of record \(index) was refused with room for it")
      isVague = true
    }
    let changes = (
      after.insertions - before.insertions, after.malformed - before.malformed, after.refused - before.refused
    )
    if changes.0 == 0 { notTaken[Family(record.type).rawValue] += 1 }
    switch changes {
    case (0, 0, 0) where isRefusedByPool && record.payload != nil: payloadRefusals += 1
    case (1, 0, 0):
      check(expected == .taken, "record \(index) was taken, should be \(expected)")
      if record.timeNS < newestNS { lateRecords.insert(index) }
      if record.timeNS < newestLeftNS[record.pid, default: 0] { overtaken.insert(record.pid) }
      model.insert(index)
      arrivals.append(index)
    case (0, 1, 0):
      check(expected == .malformed, "record \(index) counts as malformed, should be \(expected)")
      malformed += 1
    case (0, 0, 1):
      check(expected == .refused, "record \(index) was refused, should be \(expected)")
      refused += 1
    default: check(false, "record \(index) counts \(changes) times as taken, malformed and refused")
    }
    check(after.late == model.late, "late is \(after.late) behind record \(index), should be \(model.late)")
    checkLevels(pipeline)
  }

  private func give(_ record: Record, to pipeline: inout EventPipeline) {
    if record.isWire {
      let bytes = record.wireBytes()
      unsafe pipeline.insert(record: bytes.span.bytes)
      return
    }
    guard let event = unsafe pipeline.makeRawEvent(record.type, pid: record.pid, timeNS: record.timeNS) else { return }
    unsafe event.pointee.task = record.rawTask
    unsafe event.pointee.flags = record.task == nil ? 0 : UInt32(RAW_F_TASK)
    unsafe event.pointee.tid = record.tid
    unsafe event.pointee.cpu = UInt32(record.cpu)
    unsafe event.pointee.id_change = record.idChange
    let parts: [(RawEventPart, [UInt8]?)] = [
      (.exe, record.exe), (.workingDirectory, record.workingDirectory), (.controlGroup, record.controlGroup),
      (.arguments, record.arguments), (.environment, record.environment),
    ]
    for case (let part, let bytes?) in parts {
      _ = unsafe pipeline.set(part, of: event, to: bytes.span.bytes)
    }
    unsafe pipeline.insert(event)
  }

  private func checkLevels(_ pipeline: borrowing EventPipeline) {
    let (length, room) = (pipeline.length, pipeline.room)
    check(length == model.waiting.count, "length is \(length), should be \(model.waiting.count)")
    check(room == model.room, "room is \(room), should be \(model.room)")
    check(length <= parameters.maxLength, "\(length) raw events are more than \(parameters.maxLength)")
    let (reserved, limit) = (pipeline.processes.strings.reserved, pipeline.processes.strings.limit)
    check(reserved <= limit, "\(reserved) bytes of strings are more than \(limit)")
  }

  // MARK: - Out

  func collect(_ pipeline: inout EventPipeline, nowNS: UInt64) {
    let wasTight = isTight(pipeline)
    let before = pipeline.statistics
    pipeline.collect(nowNS: nowNS)
    checkCollected(before, pipeline.statistics, wasTight: wasTight, nowNS: nowNS)
    check(!isTight(pipeline) || model.cache.exited.isEmpty, "exited processes are kept though memory is tight")
    checkCount(pipeline)
  }

  /// Makes the model forget, too.
  private func checkCollected(_ before: quark_queue_stats, _ after: quark_queue_stats, wasTight: Bool, nowNS: UInt64) {
    let collected = Int(after.garbage_collections - before.garbage_collections)
    let expected = model.cache.collect(
      nowNS: nowNS, graceTimeMS: parameters.graceTimeMS, more: wasTight ? collected : 0)
    check(collected == expected, "\(collected) processes were forgotten, should be \(expected)")
  }

  private func isTight(_ pipeline: borrowing EventPipeline) -> Bool {
    pipeline.processes.strings.held > pipeline.processes.strings.limit / 4 * 3
  }

  private func checkCount(_ pipeline: borrowing EventPipeline) {
    let (count, expected) = (pipeline.processes.count, model.cache.entries.count)
    check(count == expected, "\(count) processes are known, should be \(expected)")
  }

  /// False if no event was ready.
  func next(_ pipeline: inout EventPipeline, nowNS: UInt64, wallOffsetNS: UInt64) -> Bool {
    let (before, wasTight) = (pipeline.statistics, isTight(pipeline))
    let actual = unsafe pipeline.next(nowNS: nowNS, wallOffsetNS: wallOffsetNS)
    checkCollected(before, pipeline.statistics, wasTight: wasTight, nowNS: nowNS)
    let expected = model.next(nowNS: nowNS, wallOffsetNS: wallOffsetNS)
    guard let expected, let event = unsafe actual else {
      let isNone = unsafe actual == nil
      check(isNone && expected == nil, "\(isNone ? "no" : "an") event, and the model does not agree")
      return false
    }
    lastRecords = expected.records
    let content = unsafe event.pointee.process.map { unsafe Content($0) }
    unsafe compare(event.pointee, expected, wallOffsetNS: wallOffsetNS)
    compare(content, expected)
    if let process = unsafe event.pointee.process {
      let known = unsafe pipeline.processes.lookup(pid: process.pointee.pid)
      let isKnown = unsafe known.map { unsafe UnsafePointer($0) } == process
      let isKept = !records[expected.records[0]].bit.isOfProcess || model.cache.current.isKept
      check(isKnown == isKept, "an event is handed out whose process is \(isKnown ? "not forgotten" : "forgotten")")
    }
    let family = Family(events: unsafe event.pointee.events)
    delivered[family.rawValue] += Int(pipeline.statistics.removals - before.removals)
    checkStatistics(before, pipeline.statistics, expected)
    checkLevels(pipeline)
    checkCount(pipeline)
    checkOrder(expected, content)
    deliveredCount += 1
    if parameters.isCalm { deliveries.append(Delivery(event: expected, content: content)) }
    return true
  }

  private func compare(_ event: quark_event, _ expected: Model.Event, wallOffsetNS: UInt64) {
    let actual = unsafe (event.events, event.time, event.id_change)
    let wanted = (expected.bits, expected.timeNS + wallOffsetNS, expected.idChange)
    check(
      actual == wanted,
      "bits, time and id_change are \(actual), should be \(wanted) of records \(expected.records)")
    guard records[expected.records[0]].payload != nil else {
      check(unsafe Payload.isNone(event), "an event of records \(expected.records) shows what others told")
      return
    }
    let (shown, told) = (unsafe Payload(event), model.joined(expected.records))
    let (words, asked) = (shown.map { "\($0)" } ?? "nothing", told.map { "\($0)" } ?? "one")
    check(shown == told && told != nil, "records \(expected.records) show \(words), should be \(asked)")
  }

  private func compare(_ content: Content?, _ expected: Model.Event) {
    let record = records[expected.records[0]]
    let wanted = record.bit.isOfProcess ? model.cache.current.content : model.cache.actor(of: record)
    guard let content, let wanted else {
      check(content == nil && wanted == nil, "process \(record.pid) is \(content == nil ? "not " : "")known")
      return
    }
    check(
      agree(content, wanted), "process \(record.pid) of records \(expected.records): \(content.differences(from: wanted))")
  }

  func agree(_ content: Content, _ wanted: Content?) -> Bool {
    isVague ? content.withoutStrings == wanted?.withoutStrings : content == wanted
  }

  private func checkStatistics(_ before: quark_queue_stats, _ after: quark_queue_stats, _ expected: Model.Event) {
    let removed = after.removals - before.removals
    check(removed == expected.records.count, "\(removed) removals, should be \(expected.records.count)")
    let joined: UInt64 = expected.records.count > 1 ? 1 : 0
    check(
      after.aggregations - before.aggregations == joined
        && after.non_aggregations - before.non_aggregations == 1 - joined,
      "aggregations count wrong at records \(expected.records)")
    check(
      after.insertions - after.removals == UInt64(model.waiting.count),
      "insertions \(after.insertions) and removals \(after.removals) are not \(model.waiting.count) apart")
  }

  /// Events must be in the order of time, except late ones, and each record must be in one event.
  private func checkOrder(_ event: Model.Event, _ content: Content?) {
    let first = event.records[0]
    check(
      event.timeNS >= newestNS || lateRecords.contains(first),
      "record \(first) leaves behind a newer one and did not arrive late")
    newestNS = max(newestNS, event.timeNS)
    for index in event.records {
      let record = records[index]
      newestLeftNS[record.pid] = max(newestLeftNS[record.pid, default: 0], record.timeNS)
    }
    guard event.records.contains(where: { records[$0].task != nil }), let content else { return }
    let mark = Int(content.task.capabilities[4]) - 1
    guard seen.indices.contains(mark) else { return check(false, "the task is of no record") }
    check(!seen[mark], "record \(mark) is delivered twice")
    seen[mark] = true
  }

  var lateCount: Int { lateRecords.count }
}
