internal import CQuark

/// What a look at the machine says of a pid.
public enum ProcessLook: Equatable, Sendable {
  /// No process has it.
  case gone
  /// One has it that started then, nanoseconds since boot, rounded down to a clock tick.
  case alive(startNS: UInt64)
  /// It cannot be seen.
  case unknown
}

/// How far the comparison of a cache with the machine is.
struct Reconciliation {
  /// Something may have been lost since the sweep that is under way began, or since the last one.
  var isWanted = false
  /// All that had happened when that was found out was before this, nanoseconds since boot; 0: it has been looked for.
  var lostNS: UInt64 = 0
  /// The sweep under way looks at the entries from this pid on; nil: none is.
  var nextPID: UInt32?
  /// It looks at the machine, and not only at those that were missed before.
  var looks = false
  /// Entries of it that are missed, and cannot be forgotten yet.
  var missed = 0
  /// Nothing is to be done before, nanoseconds since boot.
  var dueNS: UInt64 = 0
}

// The record of an exit can be lost, and then nothing tells that the process is gone until its pid is used again. So
// when something was lost, the entries are compared with the processes there are, a few at a time: an entry whose
// process is gone is forgotten, but not before all that had happened until then has left the queue. Its exit may be
// among that.
extension ProcessCache {
  /// How much there may be looked at in a call, and how often.
  public struct Pace: Sendable {
    /// Looks at the machine in one call at most. A walk is as many entries times sixteen.
    public var looks = 64
    /// Between two calls that do something, nanoseconds.
    public var intervalNS: UInt64 = 20_000_000
    /// Between two sweeps when nothing was lost, nanoseconds: what nobody counted is found in the end.
    public var idleNS: UInt64 = 300_000_000_000
    /// What may still be under way to the queue when the process is missed, nanoseconds.
    public var settleNS: UInt64 = 1_000_000_000

    public init() {}
  }

  /// Something was lost: looks at all the entries, from the next `reconcile` on.
  public mutating func wantReconciliation() {
    reconciliation.isWanted = true
    if reconciliation.nextPID == nil, reconciliation.missed == 0 { reconciliation.dueNS = 0 }
  }

  /// Whether `reconcile` has something to do.
  @inline(__always)
  public func isReconciliationDue(nowNS: UInt64) -> Bool { nowNS >= reconciliation.dueNS }

  /// Goes on comparing the entries with what `look` says, and says how many it has forgotten. To be called when all
  /// that had happened has been read from the kernel. `oldestNS`: the stamp of the oldest raw event that waits; nil:
  /// none does.
  public mutating func reconcile(
    nowNS: UInt64, oldestNS: UInt64?, pace: Pace = Pace(), look: (UInt32) -> ProcessLook
  ) -> Int {
    guard isReconciliationDue(nowNS: nowNS) else { return 0 }
    reconciliation.dueNS = nowNS &+ pace.intervalNS
    if reconciliation.nextPID == nil {
      if reconciliation.isWanted, reconciliation.lostNS == 0 {
        (reconciliation.isWanted, reconciliation.lostNS) = (false, nowNS)
      }
      // Who was born before, and whose birth still waits, would be known behind a sweep and not to it.
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
      // A record that came after the look knows better.
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

  /// `isKnown`: all that had happened when something was lost has left the queue.
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
