internal import CQuark
internal import CWire
internal import QuarkCore

/// A round on a machine that loses records. The events are compared with what really happened: the data of a process
/// must be its own or that of its ancestors, no process that is gone stays known, and no living process is forgotten.
package struct LossRound: ~Copyable {
  package struct Totals: Sendable {
    package var records = 0
    package var lost = 0
    package var events = 0
    package var lives = 0
    package var late: UInt64 = 0
    package var refused: UInt64 = 0
    package var forgotten: UInt64 = 0
    /// The number of events that no remaining record could assign to a process.
    package var unknowable = 0

    package init() {}

    package static func += (left: inout Totals, right: Totals) {
      left.records += right.records
      left.lost += right.lost
      left.events += right.events
      left.lives += right.lives
      left.late += right.late
      left.refused += right.refused
      left.forgotten += right.forgotten
      left.unknowable += right.unknowable
    }

    package var summary: String {
      "\(records) records of \(lives) processes with 300 pids: \(lost) lost, \(refused) refused, \(late) late, \(events) events, "
        + "\(forgotten) processes forgotten; of \(unknowable) events nothing said whose they were"
    }
  }

  private let parameters: LossParameters
  private var random: SeededGenerator
  private var machine: LifeMachine
  private var pipeline: EventPipeline
  private var merge: SourceMerge
  private var rings: [Ring]
  /// Records that are written later than their time stamps.
  private var delayed: [LifeRecord] = []
  /// The records in the queue, by pid, in the order of their time stamps.
  private var waiting: [[LifeRecord]]
  private var judge = LifeJudge()
  private var totals = Totals()
  private var offlineSource: Int?
  private var countedLost: UInt64 = 0
  /// By family: made, of which lost, and of which there was an event.
  private var made = Array(repeating: 0, count: Family.allCases.count)
  private var lost = LossCounts()
  private var came = Array(repeating: 0, count: Family.allCases.count)
  /// Those that are neither.
  private var notTaken = Array(repeating: 0, count: Family.allCases.count)
  private var nowNS = LifeMachine.startNS

  private struct Ring {
    var records: [LifeRecord] = []
    var taken = 0

    var head: LifeRecord? { taken < records.count ? records[taken] : nil }
  }

  private init(seed: UInt64) {
    parameters = LossParameters(seed: seed)
    random = SeededGenerator(seed ^ 0x3333)
    machine = LifeMachine(parameters, seed: seed)
    let attributes = unsafe quark_queue_attr(
      flags: (parameters.isMinimal ? QQ_MIN_AGG : 0) | (parameters.hasThreads ? QQ_THREAD_EVENTS : 0),
      max_length: CInt(parameters.maxLength), cache_grace_time: CInt(parameters.graceTimeMS),
      hold_time: 100, max_env: 64, kubefd: -1, ruleset: nil, ring_size: 0, replay: nil)
    pipeline = EventPipeline(attributes)
    merge = SourceMerge(sourceCount: parameters.sourceCount)
    rings = Array(repeating: Ring(), count: parameters.sourceCount)
    waiting = Array(repeating: [], count: LifeMachine.pidCount + 1)
  }

  package static func play(seed: UInt64, recordCount: Int) throws(Violation) -> Totals {
    var round = LossRound(seed: seed)
    return try round.run(recordCount)
  }

  private mutating func run(_ recordCount: Int) throws(Violation) -> Totals {
    scrape()
    while totals.records < recordCount {
      for _ in 0..<1 + random.below(200) { happen() }
      nowNS = machine.nowNS
      try poll()
    }
    try finish()
    let statistics = pipeline.statistics
    (totals.lives, totals.late, totals.forgotten) = (
      machine.lives.count - 1, statistics.late, statistics.garbage_collections
    )
    totals.refused = statistics.refused
    totals.unknowable = judge.unknowable
    return totals
  }

  /// Scrapes all processes that live at the beginning, with the precision of /proc.
  private mutating func scrape() {
    for number in machine.living {
      let life = machine.lives[Int(number)]
      var process = unsafe quark_process()
      unsafe (process.pid, process.flags, process.proc_uid) = (life.pid, UInt64(QUARK_F_PROC), number)
      unsafe process.proc_time_boot = Self.inTicks(life.startNS)
      let (exe, none) = (LifeJudge.path(number), [UInt8]())
      unsafe pipeline.processes.insertScraped(
        process, startNS: Self.inTicks(life.startNS), exe: exe.span.bytes, cmdline: none.span.bytes,
        cwd: none.span.bytes, cgroup: none.span.bytes, environment: none.span.bytes)
      machine.lives[Int(number)].isTold = true
    }
  }

  /// The start times of the first processes are whole ticks.
  private static func inTicks(_ timeNS: UInt64) -> UInt64 { timeNS / 10_000_000 * 10_000_000 }

  // MARK: - The machine

  private mutating func happen() {
    var made: [LifeRecord] = []
    machine.step { made.append($0) }
    for record in made {
      totals.records += 1
      let family = Family(record.kind.type).rawValue
      self.made[family] += 1
      plug()
      let isOffline = record.source == offlineSource
      if isOffline || parameters.lostKinds.contains(record.kind) && random.chance(perMille: parameters.lostPerMille) {
        totals.lost += 1
        lost.add(1, of: wire_family(UInt32(family)))
        if !isOffline || parameters.countsHotplug { countedLost += 1 }
      } else if record.writtenNS > machine.nowNS {
        delayed.append(record)
      } else {
        rings[record.source].records.append(record)
      }
    }
  }

  private mutating func plug() {
    guard parameters.hotplugPeriod > 0, random.below(parameters.hotplugPeriod) == 0 else { return }
    // The last CPU is never offline.
    offlineSource = offlineSource == nil && parameters.sourceCount > 1 ? random.below(parameters.sourceCount - 1) : nil
  }

  // MARK: - The reader

  private mutating func poll() throws(Violation) {
    for record in delayed where record.writtenNS <= nowNS { rings[record.source].records.append(record) }
    delayed.removeAll { $0.writtenNS <= nowNS }
    pipeline.setClock(nowNS: nowNS)
    if random.below(10) == 0 { pipeline.noteLosses(countedLost) }
    var isEmpty = pull()
    while true {
      // Like the queue, reconcile only when nothing is left in the rings.
      if isEmpty { pipeline.reconcile(nowNS: nowNS) { machine.look(pid: $0) } }
      let removals = pipeline.statistics.removals
      guard let event = unsafe pipeline.next(nowNS: nowNS, wallOffsetNS: 0) else { return }
      totals.events += 1
      let (left, family) = (Int(pipeline.statistics.removals - removals), Family(events: unsafe event.pointee.events))
      came[family.rawValue] += left
      guard family == .process else {
        try unsafe judgeActor(event.pointee)
        if !isEmpty { isEmpty = pull() }
        continue
      }
      guard let pid = unsafe event.pointee.process?.pointee.pid else {
        throw Violation(message: "an event without a process")
      }
      // Those of its pid, the oldest first, as many as have left.
      let group = Array(waiting[Int(pid)].prefix(left))
      waiting[Int(pid)].removeFirst(group.count)
      try unsafe judge.judge(
        event.pointee, group, &machine.lives, pipeline.processes,
        endedBeforeNS: nowNS - UInt64(parameters.graceTimeMS) * 1_000_000)
      if !isEmpty { isEmpty = pull() }
    }
  }

  /// An event of another family, which may be of nobody who is known: then nothing but its stamp says which one it is.
  private mutating func judgeActor(_ event: quark_event) throws(Violation) {
    let timeNS = unsafe event.time
    guard let pid = waiting.firstIndex(where: { $0.first?.timeNS == timeNS }) else {
      throw Violation(message: "an event of \(timeNS) is of no record")
    }
    let record = waiting[pid].removeFirst()
    try unsafe judge.judge(event, of: record, machine.lives[Int(record.life)], pipeline.processes)
  }

  /// False: what is in the rings does not fit.
  private mutating func pull() -> Bool {
    merge.removeAll()
    for index in rings.indices { if let head = rings[index].head { merge.add(index, timeNS: head.timeNS) } }
    let overfills = parameters.overfills && random.below(50) == 0
    while overfills || pipeline.room > 0, let source = merge.oldest {
      insert(rings[source].head!)
      rings[source].taken += 1
      merge.replaceOldest(timeNS: rings[source].head?.timeNS)
    }
    guard merge.oldest == nil else { return false }
    for index in rings.indices { rings[index] = Ring() }
    return true
  }

  private mutating func insert(_ record: LifeRecord) {
    let life = machine.lives[Int(record.life)]
    if let payload = record.payload {
      let bytes = Self.bytes(record, payload, of: life)
      // Safe: UInt8 has no padding, which `bytes` of a span would show.
      if unsafe pipeline.insert(record: bytes.span.bytes) {
        wait(record, pid: Int(life.pid))
      } else {
        notTaken[Family(record.kind.type).rawValue] += 1
      }
      return
    }
    guard let event = unsafe pipeline.makeRawEvent(record.kind.type, pid: life.pid, timeNS: record.timeNS) else {
      notTaken[Family.process.rawValue] += 1
      return
    }
    unsafe event.pointee.task = raw_task()
    if record.hasTask {
      unsafe event.pointee.flags = UInt32(RAW_F_TASK)
      unsafe event.pointee.task.start_boottime = life.startNS
      unsafe event.pointee.task.ppid = machine.lives[Int(life.parent)].pid
      unsafe event.pointee.task.uid = life.number
    }
    if [.threadFork, .threadName, .threadExit].contains(record.kind) {
      unsafe event.pointee.flags = UInt32(RAW_F_THREAD)
    }
    if record.kind == .exec { _ = unsafe pipeline.set(.exe, of: event, to: LifeJudge.path(life.number).span.bytes) }
    if record.kind == .connector || record.kind == .exec && record.hasTask {
      unsafe event.pointee.flags |= UInt32(RAW_F_IMAGE)
      _ = unsafe pipeline.set(.arguments, of: event, to: (LifeJudge.path(life.number) + [0]).span.bytes)
    }
    unsafe pipeline.insert(event)
    wait(record, pid: Int(life.pid))
  }

  private static func bytes(_ record: LifeRecord, _ payload: Payload, of life: Life) -> [UInt8] {
    var header = wire_record()
    let body = payload.wireBody(startNS: life.startNS)
    header.time_boot_ns = record.timeNS
    header.kind = UInt16(payload.wireKind.rawValue)
    header.size = UInt32(MemoryLayout<wire_record>.size + body.count)
    (header.pid, header.tid) = (life.pid, life.pid)
    return unsafe withUnsafeBytes(of: header) { unsafe Array($0) } + body
  }

  private mutating func wait(_ record: LifeRecord, pid: Int) {
    let place = waiting[pid].lastIndex { $0.timeNS < record.timeNS }.map { $0 + 1 } ?? 0
    waiting[pid].insert(record, at: place)
  }

  // MARK: - The end

  /// Nothing more happens, for so long that losses that were not counted are found, too.
  private mutating func finish() throws(Violation) {
    for _ in 0..<400 {
      nowNS += 1_000_000_000
      try poll()
    }
    var next = unsafe pipeline.processes.first(notBelow: 0)
    var known = 0
    while let process = unsafe next {
      let pid = unsafe process.pointee.pid
      let life = machine.lives[Int(machine.byPID[Int(pid)])]
      let startNS = unsafe process.pointee.proc_time_boot
      guard life.number != 0, startNS == 0 || startNS == life.startNS else {
        throw Violation(message: "the entry of pid \(pid), started at \(startNS), is left for ever")
      }
      known += 1
      unsafe next = pipeline.processes.first(notBelow: pid + 1)
    }
    for number in machine.living where machine.lives[Int(number)].isTold {
      let pid = machine.lives[Int(number)].pid
      if unsafe pipeline.processes.lookup(pid: pid) == nil {
        throw Violation(message: "process \(number), pid \(pid), lives and is forgotten")
      }
    }
    guard waiting.allSatisfy({ $0.isEmpty }) else { throw Violation(message: "records are never told") }
    for family in Family.allCases {
      let (made, lost, came) = (made[family.rawValue], Int(lost[family.rawValue]), came[family.rawValue])
      let left = notTaken[family.rawValue]
      guard made == lost + left + came else {
        throw Violation(message: "\(family): \(made) were made, \(lost) lost, \(left) not taken, \(came) delivered")
      }
    }
  }
}

extension LifeMachine {
  /// The state of a pid in /proc now.
  func look(pid: UInt32) -> ProcessLook {
    let life = lives[Int(byPID[Int(pid)])]
    return life.number == 0 ? .gone : .alive(startNS: life.startNS / 10_000_000 * 10_000_000)
  }
}
