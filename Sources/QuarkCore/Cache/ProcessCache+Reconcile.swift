internal import CQuark

/// What a look at the machine tells about a pid.
public enum ProcessLook: Equatable, Sendable {
  /// No process has the pid.
  case gone
  /// A process has it that started at this time, nanoseconds since boot, rounded down to a clock tick.
  case alive(startNS: UInt64)
  /// It is not visible.
  case unknown
}

/// The progress of the comparison of a cache with the machine.
struct Reconciliation {
  /// Records may have been lost since the current sweep began, or since the last one.
  var isWanted = false
  /// The time when the loss was found, nanoseconds since boot: everything lost happened before it; 0 after the sweep.
  var lostNS: UInt64 = 0
  /// The current sweep goes on at this pid; nil if there is no sweep.
  var nextPID: UInt32?
  /// The sweep looks at the machine, and not only at entries that were missing before.
  var looks = false
  /// Entries of this sweep whose processes are missing, but that cannot be forgotten yet.
  var missed = 0
  /// There is nothing to do before this time, nanoseconds since boot.
  var dueNS: UInt64 = 0
}

// The record of an exit can be lost. Then nothing tells that the process is gone until its pid is used again.
// Therefore, when records were lost, the entries are compared with the existing processes, a few at a time. An entry
// whose process is gone is forgotten, but only after everything that had happened until then has left the queue,
// because the exit may be among it.
extension ProcessCache {
  /// How much one call may look at, and how often.
  public struct Pace: Sendable {
    /// The maximum number of looks at the machine in one call. A call walks over sixteen times as many entries.
    public var looks = 64
    /// The time between two calls that do something, nanoseconds.
    public var intervalNS: UInt64 = 20_000_000
    /// The time between two sweeps when nothing was lost, nanoseconds: this finds losses that were not counted.
    public var idleNS: UInt64 = 300_000_000_000
    /// How long records may still be on their way to the queue when a process is found missing, nanoseconds.
    public var settleNS: UInt64 = 1_000_000_000

    public init() {}
  }

  /// Call this when records were lost: the next `reconcile` begins to check all entries.
  public mutating func wantReconciliation() {
    reconciliation.isWanted = true
    if reconciliation.nextPID == nil, reconciliation.missed == 0 { reconciliation.dueNS = 0 }
  }

  /// True if `reconcile` has something to do.
  @inline(__always)
  public func isReconciliationDue(nowNS: UInt64) -> Bool { nowNS >= reconciliation.dueNS }

  /// Continues to compare the entries with the results of `look`, and returns how many it has forgotten. Call it when
  /// all records have been read from the kernel. `oldestNS`: the time of the oldest raw event that waits; nil if none
  /// waits.
  public mutating func reconcile(
    nowNS: UInt64, oldestNS: UInt64?, pace: Pace = Pace(), look: (UInt32) -> ProcessLook
  ) -> Int {
    guard isReconciliationDue(nowNS: nowNS) else { return 0 }
    reconciliation.dueNS = nowNS &+ pace.intervalNS
    if reconciliation.nextPID == nil {
      if reconciliation.isWanted, reconciliation.lostNS == 0 {
        (reconciliation.isWanted, reconciliation.lostNS) = (false, nowNS)
      }
      // A process whose fork still waits in the queue would get its entry after the sweep has passed its pid.
      let isKnown = oldestNS.map { $0 > reconciliation.lostNS } ?? true
      if reconciliation.lostNS != 0, !isKnown, reconciliation.missed == 0 { return 0 }
      beginSweep(isKnown: isKnown)
    }
    var (looks, steps, forgotten) = (pace.looks, 16 &* pace.looks, 0)
    while looks > 0, steps > 0, let pid = reconciliation.nextPID {
      guard let process = unsafe table.first(notBelow: pid) else {
        endSweep(nowNS: nowNS, pace)
        break
      }
      steps -= 1
      reconciliation.nextPID = unsafe process.pointee.pid &+ 1
      if unsafe Self.isExited(process) { continue }
      let identity = unsafe process.identity
      // A record that came after the look is newer than it.
      if unsafe identity.pointee.missedNS != 0 && identity.pointee.toldNS > identity.pointee.missedNS {
        unsafe identity.pointee.missedNS = 0
      }
      if unsafe identity.pointee.missedNS == 0 {
        guard reconciliation.looks else { continue }
        looks -= 1
        if unsafe isThere(process, look(process.pointee.pid)) { continue }
        unsafe identity.pointee.missedNS = nowNS
      }
      let missedNS = unsafe identity.pointee.missedNS
      if nowNS &- missedNS >= pace.settleNS, oldestNS.map({ $0 > missedNS }) ?? true {
        unsafe remove(process)
        forgotten += 1
      } else {
        reconciliation.missed += 1
      }
    }
    return forgotten
  }

  /// `isKnown`: everything that had happened when records were lost has left the queue.
  private mutating func beginSweep(isKnown: Bool) {
    // The first one after a long time without a loss looks, too.
    reconciliation.looks = reconciliation.lostNS != 0 ? isKnown : reconciliation.missed == 0
    if isKnown { reconciliation.lostNS = 0 }
    reconciliation.missed = 0
    reconciliation.nextPID = 0
  }

  private mutating func endSweep(nowNS: UInt64, _ pace: Pace) {
    reconciliation.nextPID = nil
    let isWanted = reconciliation.isWanted || reconciliation.lostNS != 0
    let waitNS = reconciliation.missed > 0 ? pace.settleNS : isWanted ? pace.intervalNS : pace.idleNS
    reconciliation.dueNS = nowNS &+ waitNS
  }

  private func isThere(_ process: UnsafeMutablePointer<quark_process>, _ look: ProcessLook) -> Bool {
    switch look {
    case .unknown: return true
    case .gone: return false
    case .alive(let startNS):
      let knownNS = unsafe process.identity.pointee.startNS
      guard knownNS != 0, startNS != 0 else { return true }
      return ProcessIdentity(startNS: startNS, isCoarse: true).kinship(startNS: knownNS, tickNS: tickNS) == .same
    }
  }
}
