/// A machine with few pids, which are used again and again: pid_max 301.
struct LifeMachine {
  static var pidCount: Int { 300 }
  static var startNS: UInt64 { 10_000_000_000 }
  /// A pid is unused for longer than the clocks of time stamps and start times may differ: otherwise a record without a
  /// start time could not be assigned to a process.
  private static var leastAbsenceNS: UInt64 { 11_000_000 }

  private let parameters: LossParameters
  private var random: SeededGenerator
  private(set) var nowNS = LifeMachine.startNS
  /// The lives by number; the first is unused.
  var lives = [Life(number: 0, pid: 0, startNS: 0, parent: 0, goneNS: 0)]
  /// The numbers of the living processes, in any order.
  private(set) var living: [UInt32] = []
  /// The living processes by pid; 0 if there is none.
  private(set) var byPID = [UInt32](repeating: 0, count: LifeMachine.pidCount + 1)
  private var freedNS = [UInt64](repeating: 0, count: LifeMachine.pidCount + 1)
  private var nextPID = 1

  init(_ parameters: LossParameters, seed: UInt64) {
    self.parameters = parameters
    random = SeededGenerator(~seed)
    for index in 0..<max(2, parameters.processLimit / 2) {
      _ = begin(parent: 0, startNS: UInt64(index + 1) * 30_000_000)
    }
  }

  /// Makes something happen, and passes its record to `tell`.
  mutating func step(_ tell: (LifeRecord) -> Void) {
    let life = random.pick(living)
    switch random.below(parameters.hasThreads ? 135 : 120) {
    case 100..<105: tell(record(.getpid, life))
    case 105..<120: tell(record(random.pick([.ptrace, .memoryFile, .module]), life, hasTask: false))
    case 120...: tell(record(random.pick([.threadFork, .threadName, .threadExit]), life, hasTask: false))
    case 0..<30 where living.count < parameters.processLimit: fork(life, tell)
    case 0..<55: exec(life, tell)
    case 55..<65: tell(record(.ids, life))
    case 65..<72: tell(record(.name, life, hasTask: !parameters.isInParts))
    default: exit(life, tell)
    }
  }

  private mutating func fork(_ parent: UInt32, _ tell: (LifeRecord) -> Void) {
    pass()
    let child = begin(parent: parent, startNS: nowNS)
    tell(record(.fork, child))
  }

  private mutating func exec(_ life: UInt32, _ tell: (LifeRecord) -> Void) {
    tell(record(.exec, life, hasTask: !parameters.isInParts))
    if parameters.isInParts { tell(record(.connector, life)) }
  }

  private mutating func exit(_ life: UInt32, _ tell: (LifeRecord) -> Void) {
    guard living.count > 1 else { return }
    var last = record(.exit, life)
    // The record is written before the process disappears from /proc.
    let pid = Int(lives[Int(life)].pid)
    nowNS = max(nowNS, last.writtenNS - (last.writtenNS - last.timeNS) / 2)
    last.writtenNS = min(last.writtenNS, nowNS)
    lives[Int(life)].goneNS = nowNS
    (byPID[pid], freedNS[pid]) = (0, nowNS)
    living.remove(at: living.firstIndex(of: life)!)
    tell(last)
  }

  private mutating func begin(parent: UInt32, startNS: UInt64) -> UInt32 {
    while byPID[nextPID] != 0 || startNS < freedNS[nextPID] + Self.leastAbsenceNS { nextPID = nextPID % Self.pidCount + 1 }
    let number = UInt32(lives.count)
    lives.append(Life(number: number, pid: UInt32(nextPID), startNS: startNS, parent: parent))
    byPID[nextPID] = number
    living.append(number)
    nextPID = nextPID % Self.pidCount + 1
    return number
  }

  private mutating func pass() { nowNS += 1 + UInt64(random.below(2 * parameters.paceNS)) }

  private mutating func record(_ kind: LifeRecord.Kind, _ life: UInt32, hasTask: Bool = true) -> LifeRecord {
    pass()
    let isDelayed = random.chance(perMille: parameters.delayedPerMille)
    let delayNS = isDelayed ? UInt64(random.below(parameters.longestDelayNS)) : 0
    return LifeRecord(
      kind: kind, life: life, timeNS: nowNS, writtenNS: nowNS + delayNS, source: random.below(parameters.sourceCount),
      hasTask: hasTask)
  }
}
