internal import QuarkLinux

/// How long a queue may sleep. It does not wake for each event that becomes old enough, but for several at once.
struct Pace {
  /// The shortest sleep while events are held: a tenth of the hold time.
  private let leastMS: Int

  init(holdTimeMS: Int) { leastMS = max(1, min(holdTimeMS / 10, 100)) }

  /// `ripeNS` is the time when the oldest held event will be old enough, nanoseconds since boot; nil when none is held.
  func waitMS(untilNS ripeNS: UInt64?) -> Int {
    guard let ripeNS, let nowNS = try? Clock.bootNS() else { return .max }
    guard ripeNS > nowNS else { return leastMS }
    return max(leastMS, Int((ripeNS - nowNS - 1) / 1_000_000) + 1)
  }
}
