internal import CQuark

/// Checks for rounds in which nothing is lost, refused or late: events are in the order of time, their data is true,
/// and it is the same for all ways of joining.
enum Calm {
  static func check(_ ledger: Ledger) throws(Violation) {
    let statistics = (ledger.refused, ledger.malformed, ledger.lateCount)
    guard statistics == (0, 0, 0), ledger.arrivals.count == ledger.records.count else {
      throw Violation(message: "refused, malformed and late are \(statistics) in a calm round")
    }
    let sorted = sorted(ledger)
    let parts = ledger.deliveries.flatMap { $0.event.records }
    guard parts.sorted() == ledger.records.indices.sorted() else {
      throw Violation(message: "not every record is delivered once in a calm round")
    }
    if ledger.parameters.joining == .none {
      guard parts == sorted else { throw Violation(message: "a calm round is not delivered in the order of time") }
      if ledger.parameters.hasExactClock { try checkTruth(ledger) }
    }
  }

  /// Sorted by time, and for equal times by arrival.
  private static func sorted(_ ledger: Ledger) -> [Int] {
    let keys = ledger.arrivals.enumerated().map { (ledger.records[$1].timeNS, $0, $1) }
    return keys.sorted { $0 < $1 }.map { $0.2 }
  }

  private static func checkTruth(_ ledger: Ledger) throws(Violation) {
    for delivery in ledger.deliveries {
      let record = ledger.records[delivery.event.records[0]]
      guard record.bit.isOfProcess, let truth = record.truth else { continue }
      guard let content = delivery.content, content.exe == truth.exe,
        content.cmdline == ModelCache.terminated(truth.arguments),
        content.workingDirectory == truth.workingDirectory, content.task.comm == truth.comm,
        content.task.ids[0] == truth.uid
      else {
        throw Violation(message: "record \(delivery.event.records[0]): what is told of it is not what happened")
      }
    }
  }

  // MARK: - Different ways of joining

  /// Pids whose records are not in the order in which they were made: with equal time stamps, an exit may come after
  /// the fork that uses its pid again.
  private static func shuffled(_ ledger: Ledger) -> Set<UInt32> {
    var (newest, shuffled) = ([UInt32: Int](), Set<UInt32>())
    for index in sorted(ledger) {
      let pid = ledger.records[index].pid
      if newest[pid, default: -1] > index { shuffled.insert(pid) }
      newest[pid] = max(newest[pid, default: -1], index)
    }
    return shuffled
  }

  /// Every event has the data that the last of its records would have had by itself, and everything that happened. But
  /// if a record came in after a later one of its process had left with an event, the two stay in the wrong order.
  static func compare(_ joined: Ledger, with single: Ledger) throws(Violation) {
    var contents: [Content?] = Array(repeating: nil, count: single.records.count)
    for delivery in single.deliveries { contents[delivery.event.records[0]] = delivery.content }
    let disordered = joined.overtaken.union(shuffled(joined))
    var ahead = Ahead(joined, disordered)
    for delivery in joined.deliveries {
      let records = delivery.event.records
      let (bits, change) = records.reduce((UInt64(0), UInt32(0))) { result, index in
        (result.0 | single.records[index].bit.value, result.1 | single.records[index].idChange)
      }
      guard (delivery.event.bits, delivery.event.idChange) == (bits, change) else {
        throw Violation(message: "joined, records \(records) do not tell all that happened")
      }
      ahead.apply(records)
      if disordered.contains(single.records[records[0]].pid) { continue }
      guard var content = delivery.content, let wanted = contents[records.last!] else {
        guard delivery.content == nil, contents[records.last!] == nil else {
          throw Violation(message: "joined, records \(records) are of another process")
        }
        continue
      }
      ahead.hide(&content, wanted)
      guard content == wanted else {
        throw Violation(message: "joined, records \(records): \(content.differences(from: wanted))")
      }
    }
  }

  /// The later records of an event leave the queue with its first one, too early: a child that was forked between them
  /// gets its parent's later data. So its inherited data may be newer than in single delivery, and also that of its own
  /// children; this keeps account of it.
  private struct Ahead {
    private let records: [Record]
    private let disordered: Set<UInt32>
    private var rank: [Int]
    private var newest: [UInt32: Int] = [:]
    private var hasOtherExe: Set<UInt32> = []
    private var hasOtherArguments: Set<UInt32> = []

    init(_ ledger: Ledger, _ disordered: Set<UInt32>) {
      records = ledger.records
      self.disordered = disordered
      rank = Array(repeating: 0, count: records.count)
      for (place, index) in Calm.sorted(ledger).enumerated() { rank[index] = place }
    }

    mutating func apply(_ group: [Int]) {
      for index in group {
        let (record, pid) = (records[index], records[index].pid)
        if record.type == RAW_WAKE_UP_NEW_TASK {
          let parent = record.task!.ppid
          let isAhead = newest[parent, default: -1] > rank[index] || disordered.contains(parent)
          if isAhead || hasOtherExe.contains(parent) { hasOtherExe.insert(pid) }
          if isAhead || hasOtherArguments.contains(parent) { hasOtherArguments.insert(pid) }
        }
        if record.exe != nil { hasOtherExe.remove(pid) }
        if record.arguments?.isEmpty == false || record.isWire && record.type == RAW_EXEC {
          hasOtherArguments.remove(pid)
        }
        newest[pid] = max(newest[pid, default: -1], rank[index])
      }
    }

    /// Makes equal what may differ. An exit and the fork that reuses its pid may have the same time and arrive in the
    /// wrong order, so a fork does not end an account.
    func hide(_ content: inout Content, _ wanted: Content) {
      if hasOtherExe.contains(content.pid) { content.exe = wanted.exe }
      if hasOtherArguments.contains(content.pid) { content.cmdline = wanted.cmdline }
    }
  }
}
