internal import CLinux
internal import CQuark

/// The clocks of clock_gettime(2), in nanoseconds.
public enum Clock {
  /// Since boot, suspend included: what records are stamped with.
  public static func bootNS() throws(Errno) -> UInt64 { try read(CLOCK_BOOTTIME) }

  /// Since boot, without the time of suspend.
  static func monotonicNS() throws(Errno) -> UInt64 { try read(CLOCK_MONOTONIC) }

  /// What to add to a time since boot to get a time since the epoch, as quark_get_boottime() has it for all: the same
  /// as long as the clock is not set.
  public static func wallOffsetNS() throws(Errno) -> UInt64 {
    let offset = quark_get_boottime()
    if offset == 0 { try Errno.check(quark_update_boottime()) }
    return offset == 0 ? quark_get_boottime() : offset
  }

  private static func read(_ clock: clockid_t) throws(Errno) -> UInt64 {
    var time = timespec()
    try Errno.check(unsafe clock_gettime(clock, &time))
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}
