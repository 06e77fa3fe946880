internal import CLinux
internal import CQuark

/// The clocks of clock_gettime(2), in nanoseconds.
public enum Clock {
  /// Since boot, suspend included: what records are stamped with.
  public static func bootNS() throws(Errno) -> UInt64 { try read(CLOCK_BOOTTIME) }

  /// What to add to a time since boot to get a time since the epoch, as quark_get_boottime() has it for all: the same
  /// as long as the clock is not set.
  public static func wallOffsetNS() throws(Errno) -> UInt64 {
    let offset = quark_get_boottime()
    if offset == 0 { try Errno.check(quark_update_boottime()) }
    return offset == 0 ? quark_get_boottime() : offset
  }

  /// What to add to a time of CLOCK_MONOTONIC, which stands still in suspend, to get one since boot: `last`, unless it
  /// cannot be right any more. A reading that was interrupted says little, and never changes what is known: on a busy
  /// machine records that were stamped before and after would change places.
  static func suspendedNS(last: UInt64) throws(Errno) -> UInt64 {
    try difference { () throws(Errno) in
      let reading = try Reading(of: CLOCK_BOOTTIME, between: CLOCK_MONOTONIC)
      return reading.admits(last) ? Reading(offset: last) : reading
    }.offset
  }

  /// The closest of a few readings.
  private static func difference(_ read: () throws(Errno) -> Reading) throws(Errno) -> Reading {
    var best = try read()
    for _ in 0..<4 where best.width > 0 {
      let next = try read()
      if next.width < best.width { best = next }
    }
    return best
  }

  /// What two clocks differ by: one is read between two readings of the other.
  struct Reading {
    /// The first less the middle of the other.
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

    /// Whether the clocks may differ by that much.
    func admits(_ offset: UInt64) -> Bool {
      // Between both, the smaller first; they wrap around together.
      offset &- (self.offset &- (width - width / 2)) <= width
    }
  }

  private static func read(_ clock: clockid_t) throws(Errno) -> UInt64 {
    var time = timespec()
    try Errno.check(unsafe clock_gettime(clock, &time))
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}
