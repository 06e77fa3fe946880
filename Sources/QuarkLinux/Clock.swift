internal import CLinux
internal import CQuark

/// The clocks of clock_gettime(2), in nanoseconds.
public enum Clock {
  /// The time since boot, with the time of suspend: the clock of records' time stamps.
  public static func bootNS() throws(Errno) -> UInt64 { try read(CLOCK_BOOTTIME) }

  /// The difference between times since the epoch and times since boot, from quark_get_boottime(), which is the same
  /// for all as long as the clock is not set.
  public static func wallOffsetNS() throws(Errno) -> UInt64 {
    let offset = quark_get_boottime()
    if offset == 0 { try Errno.check(quark_update_boottime()) }
    return offset == 0 ? quark_get_boottime() : offset
  }

  /// The difference between times since boot and CLOCK_MONOTONIC, which stops during suspend. It is `last`, unless that
  /// cannot be right any more. An interrupted reading is not exact, and never changes the result: otherwise records
  /// from before and after it would change places on a busy machine.
  static func suspendedNS(last: UInt64) throws(Errno) -> UInt64 {
    // Use the most exact of a few readings.
    var best = try suspended(last: last)
    for _ in 0..<4 where best.width > 0 {
      let next = try suspended(last: last)
      if next.width < best.width { best = next }
    }
    return best.offset
  }

  private static func suspended(last: UInt64) throws(Errno) -> Reading {
    let reading = try Reading(of: CLOCK_BOOTTIME, between: CLOCK_MONOTONIC)
    return reading.admits(last) ? Reading(offset: last) : reading
  }

  /// The difference of two clocks: one is read between two readings of the other.
  struct Reading {
    /// The first clock minus the middle of the two readings of the other.
    var offset: UInt64
    /// Nanoseconds between the two readings.
    var width: UInt64 = 0

    init(offset: UInt64) { self.offset = offset }

    init(of clock: clockid_t, between other: clockid_t) throws(Errno) {
      let before = try Clock.read(other)
      let time = try Clock.read(clock)
      self.init(time, after: before, before: try Clock.read(other))
    }

    init(_ time: UInt64, after: UInt64, before: UInt64) {
      width = before &- after
      offset = time &- (after &+ width / 2)
    }

    /// True if this can be the difference of the clocks.
    func admits(_ offset: UInt64) -> Bool {
      // True between the two bounds; both may wrap around.
      offset &- (self.offset &- (width - width / 2)) <= width
    }
  }

  private static func read(_ clock: clockid_t) throws(Errno) -> UInt64 {
    var time = timespec()
    try Errno.check(unsafe clock_gettime(clock, &time))
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}
