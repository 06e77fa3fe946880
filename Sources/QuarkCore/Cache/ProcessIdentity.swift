internal import CQuark

/// Identifies the process of a cache entry, together with the pid: its start time. It uses the clock of the records,
/// because the start time that clients see depends on the wall clock.
struct ProcessIdentity {
  /// Nanoseconds since boot; 0: not known.
  var startNS: UInt64 = 0
  /// Time stamp of the newest record that was applied, nanoseconds since boot.
  var toldNS: UInt64 = 0
  /// When /proc was found to lack this process, nanoseconds since boot; 0: never.
  var missedNS: UInt64 = 0
  /// True if the start time is from /proc, rounded down to a clock tick.
  var isCoarse = false

  /// Whether a record belongs to the same process as an entry of its pid, or to a later or earlier one.
  enum Kinship { case same, later, earlier }

  /// The kinship of a record. `startNS`: when its process started, or 0 if the record does not say so. `tickNS`: a
  /// clock tick.
  func kinship(startNS: UInt64, tickNS: UInt64) -> Kinship {
    if self.startNS == startNS { return .same }
    // A start time that was rounded down is less than a tick below the real one.
    if isCoarse, startNS &- self.startNS &+ tickNS <= 2 &* tickNS { return .same }
    return startNS > self.startNS ? .later : .earlier
  }
}

extension UnsafeMutablePointer<quark_process> {
  /// Safe: the process table made the entry.
  @inline(__always)
  var identity: UnsafeMutablePointer<ProcessIdentity> {
    let offset = unsafe MemoryLayout<quark_process>.stride
    return unsafe (UnsafeMutableRawPointer(self) + offset).assumingMemoryBound(to: ProcessIdentity.self)
  }
}
