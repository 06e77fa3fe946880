internal import CQuark
internal import QuarkCore

/// One round: passes the records of a machine through the queue, and compares everything with the model.
package struct Round {
  package struct Totals: Sendable {
    package var records = 0
    /// The number of raw events that went through a queue; those of a calm round count each time it is played.
    package var played: UInt64 = 0
    package var taken: UInt64 = 0
    package var events = 0
    package var lost = 0
    package var refused: UInt64 = 0
    package var malformed: UInt64 = 0
    package var late: UInt64 = 0
    package var collected: UInt64 = 0

    package init() {}

    package static func += (left: inout Totals, right: Totals) {
      left.records += right.records
      left.played += right.played
      left.taken += right.taken
      left.events += right.events
      left.lost += right.lost
      left.refused += right.refused
      left.malformed += right.malformed
      left.late += right.late
      left.collected += right.collected
    }
  }

  /// Plays the round of these parameters. A calm one is played again with each default matrix, which `played` counts.
  package static func play(_ parameters: Parameters) throws(Violation) -> Totals {
    let records = Machine.run(parameters)
    var pass = Pass(parameters, records)
    var totals = try pass.run()
    guard parameters.isCalm else { return totals }
    try Calm.check(pass.ledger)
    for joining in [Parameters.Joining.minimal, .standard] {
      var parameters = parameters
      parameters.joining = joining
      var other = Pass(parameters, records)
      totals.played += try other.run().taken
      try Calm.check(other.ledger)
      try Calm.compare(other.ledger, with: pass.ledger)
    }
    return totals
  }
}

/// One pass of the records through one queue.
struct Pass: ~Copyable {
  let ledger: Ledger
  private let parameters: Parameters
  private let written: [Int]
  private var writtenCount = 0
  private var random: SeededGenerator
  private var pipeline: EventPipeline
  private var rings: Rings
  private var merge: SourceMerge
  private var nowNS = Machine.startNS
  private var wallOffsetNS: UInt64 = 1_700_000_000_000_000_000

  init(_ parameters: Parameters, _ records: [Record]) {
    self.parameters = parameters
    ledger = Ledger(parameters, records)
    written = records.indices.sorted { (records[$0].writtenNS, $0) < (records[$1].writtenNS, $1) }
    random = SeededGenerator(parameters.seed ^ 0x5555)
    rings = Rings(parameters, ledger: ledger)
    merge = SourceMerge(sourceCount: rings.sourceCount)
    var flags = parameters.joining == .minimal ? QQ_MIN_AGG : 0
    if parameters.findsEntryLeaders { flags |= QQ_ENTRY_LEADER }
    let attributes = unsafe quark_queue_attr(
      flags: flags, max_length: CInt(parameters.maxLength), cache_grace_time: CInt(parameters.graceTimeMS),
      hold_time: CInt(parameters.holdTimeMS), max_env: parameters.environmentLimit, kubefd: -1, ruleset: nil,
      ring_size: 0, replay: nil)
    pipeline = EventPipeline(attributes, stringLimit: parameters.stringLimit)
    if [.none, .random].contains(parameters.joining) { setMatrix() }
  }

  private mutating func setMatrix() {
    pipeline.matrix.set(RAW_TTY, RAW_TTY, ledger.model.rules.joinsTerminals ? .tty : .never)
    for first in ModelRules.types {
      for next in ModelRules.types {
        let rule: AggregationRule =
          switch ledger.model.rules[first, next] {
          case .never: .never
          case .single: .single
          case .multiple: .multiple
          case .forkExec: .forkExec
          }
        if parameters.joining == .random, random.below(2) == 0, let function = unsafe Self.function(rule) {
          unsafe pipeline.matrix.set(first, next, function)
        } else {
          pipeline.matrix.set(first, next, rule)
        }
      }
    }
  }

  /// A rule in the form of a C client's function.
  private static func function(_ rule: AggregationRule) -> quark_can_aggregate_fn? {
    switch rule {
    case .never: { _, _, _ in 0 }
    case .multiple: { _, _, _ in 1 }
    case .single:
      { _, parent, child in
        // Safe: the queue passes two raw events.
        unsafe parent!.pointee.agg_types >> child!.pointee.type & 1 == 0 ? 1 : 0
      }
    default: nil
    }
  }

  mutating func run() throws(Violation) -> Round.Totals {
    while ledger.violation == nil, writtenCount < written.count || !rings.isEmpty || pipeline.length > 0 {
      advance()
      write()
      poll()
    }
    finish()
    if let violation = ledger.violation { throw violation }
    let statistics = pipeline.statistics
    var totals = Round.Totals()
    (totals.records, totals.events, totals.lost) = (written.count, ledger.deliveredCount, Int(rings.lost.total))
    (totals.taken, totals.played) = (statistics.insertions, statistics.insertions)
    totals.collected = statistics.garbage_collections
    (totals.refused, totals.malformed, totals.late) = (statistics.refused, statistics.malformed, statistics.late)
    return totals
  }

  /// The reader sleeps for a while; if nothing happens, often until something happens.
  private mutating func advance() {
    nowNS += UInt64(1 + random.below(2 * parameters.pollNS + 1))
    if writtenCount < written.count {
      let nextNS = ledger.records[written[writtenCount]].writtenNS
      if nextNS > nowNS, parameters.pollNS == 0 || random.below(2) == 0 { nowNS = nextNS }
    } else if random.below(2) == 0 {
      nowNS += UInt64(parameters.holdTimeMS) * 100_000
    }
    if parameters.hasClockSteps, random.below(50) == 0 {
      wallOffsetNS = wallOffsetNS + UInt64(random.below(2_000_000_000)) - 1_000_000_000
    }
  }

  private mutating func write() {
    while writtenCount < written.count, ledger.records[written[writtenCount]].writtenNS <= nowNS {
      rings.write(written[writtenCount])
      writtenCount += 1
    }
  }

  /// Does the same as `Queue.nextEvent`, until there is no event or the reader does something else.
  private mutating func poll() {
    repeat {
      ledger.collect(&pipeline, nowNS: nowNS)
      pull()
      nowNS += UInt64(random.below(1000))
      checkTrees()
    } while ledger.next(&pipeline, nowNS: nowNS, wallOffsetNS: wallOffsetNS)
      && ledger.violation == nil && random.below(100) != 0
  }

  private mutating func pull() {
    if parameters.overfills, random.below(50) == 0 { rings.takeAll(into: &pipeline) }
    let taken = merge.pull(from: &rings, limit: parameters.pullLimit, into: &pipeline)
    let room = pipeline.room
    ledger.check(
      taken == parameters.pullLimit || room < 1 || rings.isEmpty, "records are left in the rings with room for \(room)")
  }

  private mutating func checkTrees() {
    #if DEBUG || CHECK_INVARIANTS
      guard parameters.checkPeriod > 0, random.below(parameters.checkPeriod) == 0 else { return }
      let isSound = pipeline.checkInvariants()
      ledger.check(isSound, "the trees are not as they must be")
    #endif
  }

  /// Checks the state at the end, and after the last grace time.
  private mutating func finish() {
    let statistics = pipeline.statistics
    let refused = statistics.refused + ledger.payloadRefusals
    let parts = rings.lost.total + refused + statistics.malformed + statistics.removals
    ledger.check(
      parts == UInt64(written.count),
      "of \(written.count) records \(rings.lost.total) were lost, \(refused) refused, \(statistics.malformed) "
        + "malformed and \(statistics.removals) delivered")
    checkFamilies()
    ledger.check(
      statistics.aggregations + statistics.non_aggregations == UInt64(ledger.deliveredCount),
      "\(ledger.deliveredCount) events are not \(statistics.aggregations) and \(statistics.non_aggregations)")
    ledger.check(
      statistics.late == UInt64(ledger.lateCount), "late is \(statistics.late), should be \(ledger.lateCount)")
    ledger.collect(&pipeline, nowNS: nowNS + UInt64(parameters.graceTimeMS) * 1_000_000)
    checkProcesses()
    checkMemory()
  }

  /// Of each family as many came as were made and not lost.
  private mutating func checkFamilies() {
    for family in Family.allCases {
      let made = ledger.records.count { Family($0.type) == family }
      let (lost, left, came) = (
        Int(rings.lost[family.rawValue]), ledger.notTaken[family.rawValue], ledger.delivered[family.rawValue]
      )
      ledger.check(
        made == lost + left + came, "\(family): \(made) were made, \(lost) lost, \(left) not taken, \(came) delivered")
    }
  }

  /// All that are known are alive, in ascending order, and as the model knows them.
  private mutating func checkProcesses() {
    var expected = ledger.model.cache.entries
    var next = unsafe pipeline.processes.first(notBelow: 0)
    while let process = unsafe next {
      let content = unsafe Content(UnsafePointer(process))
      let wanted = expected.removeValue(forKey: content.pid)?.content
      ledger.check(ledger.agree(content, wanted), "process \(content.pid) ends up wrong")
      ledger.check(content.flags & UInt64(QUARK_F_EXIT) == 0, "process \(content.pid) is kept beyond its grace time")
      unsafe next = pipeline.processes.first(notBelow: content.pid + 1)
    }
    ledger.check(expected.isEmpty, "processes \(expected.keys) are not found")
  }

  /// The strings in use must be those of the living processes, and the newest paths and environments. A block wastes at
  /// most an eighth.
  private mutating func checkMemory() {
    if ledger.isVague { return }
    func block(_ count: Int) -> Int { count + 72 + count / 8 }
    var bound = 0
    for entry in ledger.model.cache.entries.values {
      let content = entry.content
      let strings = [
        content.exe, content.cmdline, content.workingDirectory, content.controlGroup, content.environment,
      ]
      for case let bytes? in strings { bound += block(bytes.count) }
    }
    var paths: Set<[UInt8]> = []
    for record in ledger.records {
      for case let path? in [record.exe, record.workingDirectory, record.controlGroup] where path.count < 256 {
        paths.insert(path)
      }
      // Environments are shared like paths, without their last byte, which a NUL replaces.
      if let bytes = record.environment, !bytes.isEmpty {
        let kept = bytes.prefix(ledger.parameters.environmentLimit).dropLast()
        if kept.count <= 4096 { paths.insert(Array(kept)) }
      }
    }
    for path in paths { bound += block(path.count) }
    // The last event has its payloads still.
    for index in ledger.lastRecords { bound += block(ledger.records[index].payload?.size ?? 0) }
    let held = pipeline.processes.strings.held
    ledger.check(held <= bound, "\(held) bytes of strings are in use, should be \(bound) at most")
  }
}
