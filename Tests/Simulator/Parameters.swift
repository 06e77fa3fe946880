/// The parameters of a round. All of them follow from its seed.
package struct Parameters: Sendable {
  enum Joining: CaseIterable, Sendable { case standard, minimal, none, random }

  package let seed: UInt64
  /// The number of records that the simulated kernel makes, with lost and malformed ones.
  package var recordCount: Int
  /// True if nothing is lost, refused or late, and no process is forgotten: then all ways of joining must give the
  /// same.
  package var isCalm: Bool
  /// True if time stamps of a process always increase, so that the truth follows from them.
  var hasExactClock: Bool

  // The machine.
  var cpuCount: Int
  var hasRingPerCPU: Bool
  /// The capacity of a ring in records.
  var ringCapacity: Int
  var skewNS: Int
  /// Time stamps are multiples of this.
  var granularityNS: Int
  /// The longest time from the time stamp to the ring, if a program is preempted there.
  var longestDelayNS: Int
  var delayedPerMille: Int
  /// The mean time from one action to the next.
  var paceNS: Int
  var burstLength: Int
  var pidCount: Int
  var firstPID: UInt32
  var processLimit: Int
  var malformedPerMille: Int
  var hugePerMille: Int

  // The queue and its reader.
  var maxLength: Int
  var holdTimeMS: Int
  var graceTimeMS: Int
  var environmentLimit: Int
  var stringLimit: Int
  var findsEntryLeaders: Bool
  var joining: Joining
  /// The mean time from one reading of the rings to the next.
  var pollNS: Int
  /// The maximum number of records that one reading takes.
  var pullLimit: Int
  /// True if the reader sometimes takes all records, even if there is no room.
  var overfills: Bool
  /// True if the wall clock is set sometimes.
  var hasClockSteps: Bool
  /// Trees are checked once in this many readings; 0 means never.
  var checkPeriod: Int
}

extension Parameters {
  package init(seed: UInt64, recordCount: Int) {
    var random = SeededGenerator(seed)
    self.seed = seed
    self.recordCount = recordCount
    isCalm = random.below(5) == 0
    hasExactClock = random.below(3) == 0
    cpuCount = random.magnitude(1...64)
    hasRingPerCPU = random.below(3) != 0
    ringCapacity = random.pick([8, 64, 1000, 100_000])
    skewNS = random.pick([0, 0, 1000, 100_000, 20_000_000])
    granularityNS = random.pick([1, 1, 1000, 100_000, 4_000_000])
    longestDelayNS = random.pick([1000, 1_000_000, 50_000_000, 2_000_000_000])
    delayedPerMille = random.pick([0, 5, 50, 500])
    paceNS = random.pick([500, 20_000, 300_000, 5_000_000])
    burstLength = random.magnitude(1...200)
    pidCount = random.pick([4, 40, 500, 30_000])
    firstPID = random.pick([1, 1, 2, 1000, 4_100_000])
    processLimit = random.magnitude(2...2000)
    malformedPerMille = random.pick([0, 0, 10, 200])
    hugePerMille = random.pick([0, 0, 0, 5])
    maxLength = random.below(2) == 0 ? random.in(1...50) : random.magnitude(50...10000)
    holdTimeMS = random.below(4) == 0 ? 1000 : random.magnitude(10...1000)
    graceTimeMS = random.pick([0, 0, 1, 50, 1000, 4000])
    environmentLimit = random.pick([0, 1, 64, 4096])
    // The smallest limit has room for one slab only.
    stringLimit = random.pick([1 << 20, 2 << 20, 512 << 20, 512 << 20, 512 << 20])
    findsEntryLeaders = random.below(2) == 0
    joining = random.pick([.standard, .standard, .standard, .minimal, .none, .random])
    pollNS = random.pick([0, paceNS, 10 * paceNS, 300 * paceNS, 100_000_000])
    pullLimit = random.pick([1, 7, .max, .max])
    overfills = random.below(3) == 0
    hasClockSteps = random.below(4) == 0
    checkPeriod = random.pick([0, 10, 100])
    if hasExactClock { makeClockExact() }
    if isCalm { makeCalm() }
  }

  private mutating func makeClockExact() {
    (skewNS, granularityNS) = (0, 1)
  }

  private mutating func makeCalm() {
    // The order of equal time stamps in different rings is not defined: it depends on when they are read.
    if !hasExactClock { hasRingPerCPU = false }
    ringCapacity = .max
    longestDelayNS = min(longestDelayNS, 50_000_000)
    skewNS = min(skewNS, 1_000_000)
    malformedPerMille = 0
    hugePerMille = 0
    maxLength = 2 * recordCount + 20
    holdTimeMS = 1000
    // Longer than a round.
    graceTimeMS = 1_000_000_000
    stringLimit = 512 << 20
    findsEntryLeaders = false
    joining = .none
    pollNS = min(pollNS, 100_000_000)
    pullLimit = .max
    overfills = false
    hasClockSteps = false
  }
}
