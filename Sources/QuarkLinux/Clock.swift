internal import CLinux

/// The clocks of clock_gettime(2), in nanoseconds.
public enum Clock {
  /// Since boot, suspend included: what records are stamped with.
  public static func bootNS() throws(Errno) -> UInt64 { try read(CLOCK_BOOTTIME) }

  /// Since boot, without the time of suspend.
  static func monotonicNS() throws(Errno) -> UInt64 { try read(CLOCK_MONOTONIC) }

  /// What to add to a time since boot to get a time since the epoch. The wall clock is read between two readings of
  /// the other, and the closest of a few such triples is taken: right to well under a microsecond on an idle machine.
  public static func wallOffsetNS() throws(Errno) -> UInt64 {
    var best: (width: UInt64, offset: UInt64) = (.max, 0)
    for _ in 0..<5 {
      let before = try read(CLOCK_BOOTTIME)
      let wall = try read(CLOCK_REALTIME)
      let after = try read(CLOCK_BOOTTIME)
      if after - before < best.width { best = (after - before, wall &- (before + (after - before) / 2)) }
    }
    return best.offset
  }

  private static func read(_ clock: clockid_t) throws(Errno) -> UInt64 {
    var time = timespec()
    try Errno.check(unsafe clock_gettime(clock, &time))
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}
