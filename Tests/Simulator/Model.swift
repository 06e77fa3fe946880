internal import CQuark

/// The queue of the specification, made of arrays: slow and simple, and without code of the library.
struct Model {
  struct Waiting {
    var timeNS: UInt64
    var pid: UInt32
    /// Its index in the records of the round.
    var record: Int
  }

  struct Event {
    var bits: UInt64 = 0
    var idChange: UInt32 = 0
    var timeNS: UInt64
    /// The indices of its records.
    var records: [Int]
  }

  enum Verdict { case taken, malformed, refused }

  let parameters: Parameters
  let records: [Record]
  let rules: ModelRules
  var cache: ModelCache
  /// Sorted by time, and for equal times by arrival.
  private(set) var waiting: [Waiting] = []
  /// Bytes of the strings of these.
  private(set) var variableBytes = 0
  private(set) var deliveredNS: UInt64 = 0
  private(set) var late: UInt64 = 0

  init(_ parameters: Parameters, _ records: [Record]) {
    self.parameters = parameters
    self.records = records
    rules = ModelRules(parameters)
    cache = ModelCache(parameters)
  }

  // MARK: - In

  static var largestRecord: Int { 128 << 10 }

  /// The maximum number of bytes of all strings of waiting records.
  var variableLimit: Int { 4 << 20 + parameters.maxLength << 10 }

  var room: Int {
    min(parameters.maxLength - waiting.count, (variableLimit - variableBytes) / Self.largestRecord)
  }

  func verdict(_ record: Record) -> Verdict {
    if room < 1 { return .refused }
    return record.damage == nil ? .taken : .malformed
  }

  mutating func insert(_ index: Int) {
    let record = records[index]
    if record.timeNS < deliveredNS { late += 1 }
    variableBytes += size(record)
    let place = waiting.lastIndex { $0.timeNS <= record.timeNS }.map { $0 + 1 } ?? 0
    waiting.insert(Waiting(timeNS: record.timeNS, pid: record.pid, record: index), at: place)
  }

  /// Bytes of the strings of a record, each with its NUL, and of its payload.
  func size(_ record: Record) -> Int {
    let paths = [record.exe, record.workingDirectory, record.controlGroup]
    return (record.payload?.size ?? 0) + paths.reduce(0) { $0 + ($1.map { $0.count + 1 } ?? 0) } + (record.arguments?.count ?? 0)
      + min(parameters.environmentLimit, record.environment?.count ?? 0)
  }

  // MARK: - Out

  /// The oldest event, if it has waited long enough.
  mutating func next(nowNS: UInt64, wallOffsetNS: UInt64) -> Event? {
    guard let first = waiting.first else { return nil }
    let ageNS = nowNS > first.timeNS ? nowNS - first.timeNS : 0
    guard room < 1 || ageNS >= targetNS else { return nil }
    deliveredNS = max(deliveredNS, first.timeNS)
    var event = Event(timeNS: first.timeNS, records: [])
    let isOfProcess = records[first.record].bit.isOfProcess
    if isOfProcess { cache.prepare(for: records[first.record], startNS: startNS(at: 0)) }
    var next: Int? = 0
    while let place = next {
      let index = waiting.remove(at: place).record
      variableBytes -= size(records[index])
      event.records.append(index)
      event.bits |= records[index].bit.value
      event.idChange |= records[index].idChange
      if isOfProcess { cache.apply(records[index], nowNS: nowNS, wallOffsetNS: wallOffsetNS) }
      next = waiting.firstIndex { $0.pid == first.pid }.flatMap { mayJoin($0, event.records, isOfProcess) ? $0 : nil }
    }
    return event
  }

  /// True if the record at this place may join an event of these records. It may not if it belongs to another process.
  private func mayJoin(_ place: Int, _ group: [Int], _ isOfProcess: Bool) -> Bool {
    let record = records[waiting[place].record]
    if isOfProcess, record.bit.isOfProcess, !cache.isCurrent(record, startNS: startNS(at: place)) { return false }
    if let payload = record.payload {
      return rules.joinsTerminals && group.allSatisfy { records[$0].actorStartNS == record.actorStartNS }
        && joined(group)?.joined(with: payload) != nil
    }
    return rules.allows(record.type, in: group.map { records[$0].type })
  }

  /// What an event of these records tells, if they are of another family than that of processes.
  func joined(_ group: [Int]) -> Payload? {
    group.dropFirst().reduce(records[group[0]].payload?.told) { joined, index in
      records[index].payload.flatMap { joined?.joined(with: $0) }
    }
  }

  /// The start time of the process of the record at this place, if the record has it. Otherwise that of the first
  /// record with a task among the next sixteen of its pid, if no fork comes before it, and if that process had started
  /// by then. Nil if there is none.
  private func startNS(at place: Int) -> UInt64? {
    let record = records[waiting[place].record]
    if let task = record.task { return task.startNS }
    let others = waiting[(place + 1)...].lazy.filter { $0.pid == record.pid }.map { records[$0.record] }
    for next in others.prefix(16) {
      if next.type == RAW_WAKE_UP_NEW_TASK { return nil }
      if let task = next.task { return task.startNS <= record.timeNS ? task.startNS : nil }
    }
    return nil
  }

  private var targetNS: UInt64 {
    let (length, most, hold) = (waiting.count, parameters.maxLength, parameters.holdTimeMS)
    var target = 0
    if length < most / 10 {
      target = hold
    } else if length < most / 10 * 9 {
      target = most > hold ? hold - length / (most / hold) + 1 : hold - length * (hold / most) + 1
    }
    return UInt64(max(0, target)) * 1_000_000
  }
}

extension Record {
  /// The bit of `quark_event.events`, and whether it belongs to the process family.
  var bit: (value: UInt64, isOfProcess: Bool) {
    switch type {
    case RAW_WAKE_UP_NEW_TASK: (UInt64(QUARK_EV_FORK), true)
    case RAW_EXEC, RAW_EXEC_CONNECTOR: (UInt64(QUARK_EV_EXEC), true)
    case RAW_EXIT_THREAD: (UInt64(QUARK_EV_EXIT), true)
    case RAW_ID_CHANGE: (UInt64(QUARK_EV_ID_CHANGE), true)
    case RAW_COMM: (UInt64(QUARK_EV_SETPROCTITLE), true)
    case RAW_GETPID: (UInt64(QUARK_EV_GETPID), true)
    case RAW_SOCK_CONN: (UInt64(QUARK_EV_SOCK_CONN_ESTABLISHED), false)
    case RAW_PACKET: (UInt64(QUARK_EV_PACKET), false)
    case RAW_FILE: (UInt64(QUARK_EV_FILE), false)
    case RAW_PTRACE: (UInt64(QUARK_EV_PTRACE), false)
    case RAW_MODULE_LOAD: (UInt64(QUARK_EV_MODULE_LOAD), false)
    case RAW_SHM: (UInt64(QUARK_EV_SHM), false)
    default: (UInt64(QUARK_EV_TTY), false)
    }
  }
}
