internal import CQuark

/// Which process an entry of the cache is: with its pid, when it started. Kept by the clock of the records, for the
/// start time that clients see is moved by what the wall clock was when it was learned.
struct ProcessIdentity {
  /// Nanoseconds since boot; 0: not known.
  var startNS: UInt64 = 0
  /// Stamp of the newest record that was applied, nanoseconds since boot.
  var toldNS: UInt64 = 0
  /// When /proc was found to have no such process, nanoseconds since boot; 0: it was not.
  var missedNS: UInt64 = 0
  /// The start is from /proc, rounded down to a clock tick.
  var isCoarse = false

  /// Whose a record is, as seen from an entry of its pid.
  enum Kinship { case same, later, earlier }

  /// Of a record that says when its process started, which is 0 if it does not. `tickNS`: a clock tick.
  func kinship(startNS: UInt64, tickNS: UInt64) -> Kinship {
    if self.startNS == startNS { return .same }
    // A start that was rounded down may be a tick below, no more.
    if isCoarse, startNS &- self.startNS &+ tickNS <= 2 &* tickNS { return .same }
    return startNS > self.startNS ? .later : .earlier
  }
}

extension UnsafeMutablePointer<quark_process> {
  /// Safe: of an entry that the process table made.
  @inline(__always)
  var identity: UnsafeMutablePointer<ProcessIdentity> {
    let offset = unsafe MemoryLayout<quark_process>.stride
    return unsafe (UnsafeMutableRawPointer(self) + offset).assumingMemoryBound(to: ProcessIdentity.self)
  }
}
