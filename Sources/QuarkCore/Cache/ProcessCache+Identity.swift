internal import CQuark

// Pids are used again, and the record that shows this can be lost. Therefore an entry belongs to a pid and a start
// time. A record of a later process begins a new entry with nothing of the old one. A record of an earlier process is
// delivered with only the data that it brings.
extension ProcessCache {
  /// The entry for an event of the process family. `startNS`: when its process started, if the event or a following one
  /// says so; otherwise 0.
  @inline(__always)
  mutating func entry(
    for event: UnsafeMutablePointer<raw_event>, startNS: UInt64
  ) -> UnsafeMutablePointer<quark_process> {
    guard let process = unsafe table[event.pointee.pid] else {
      return unsafe begin(pid: event.pointee.pid, startNS: Self.credible(startNS, event))
    }
    if startNS != 0, unsafe process.identity.pointee.startNS == startNS { return unsafe process }
    return unsafe entry(for: event, startNS: Self.credible(startNS, event), insteadOf: process)
  }

  @inline(never)
  private mutating func entry(
    for event: UnsafeMutablePointer<raw_event>, startNS: UInt64, insteadOf process: UnsafeMutablePointer<quark_process>
  ) -> UnsafeMutablePointer<quark_process> {
    let pid = unsafe event.pointee.pid
    switch unsafe kinship(of: event, startNS: startNS, to: process) {
    case .same:
      unsafe learn(startNS, of: process)
      return unsafe process
    case .later:
      unsafe remove(process)
      return unsafe begin(pid: pid, startNS: startNS)
    case .earlier: return unsafe beginLoose(pid: pid, startNS: startNS)
    }
  }

  /// Stores when a process started, if that was not known or not exact.
  mutating func learn(_ startNS: UInt64, of process: UnsafeMutablePointer<quark_process>) {
    guard startNS != 0 else { return }
    unsafe (process.identity.pointee.startNS, process.identity.pointee.isCoarse) = (startNS, false)
  }

  /// The same for an event that has been applied, from the first of its raw events that says so.
  mutating func learnStart(
    of process: UnsafeMutablePointer<quark_process>, from event: UnsafeMutablePointer<raw_event>
  ) {
    guard unsafe process.identity.pointee.startNS == 0 else { return }
    unsafe learn(Self.credible(event.task.pointee.start_boottime, event), of: process)
  }

  /// True if an event with the pid of `process` belongs to that process. Like the others this is mutating, because a
  /// cache that is only read would be copied first.
  mutating func isSame(
    _ event: UnsafeMutablePointer<raw_event>, startNS: UInt64, as process: UnsafeMutablePointer<quark_process>
  ) -> Bool {
    unsafe kinship(of: event, startNS: Self.credible(startNS, event), to: process) == .same
  }

  /// No process acts long before it has started: clocks of CPUs may differ a little.
  @inline(__always)
  static func credible(_ startNS: UInt64, _ event: UnsafeMutablePointer<raw_event>) -> UInt64 {
    let timeNS = unsafe event.pointee.time
    if _fastPath(startNS <= timeNS) { return startNS }
    return startNS - timeNS > 1_000_000_000 ? 0 : startNS
  }

  /// Tells whether an event belongs to `process`, or to an earlier or later process with its pid.
  @inline(never)
  private mutating func kinship(
    of event: UnsafeMutablePointer<raw_event>, startNS: UInt64, to process: UnsafeMutablePointer<quark_process>
  ) -> ProcessIdentity.Kinship {
    let identity = unsafe process.identity
    if startNS != 0, unsafe identity.pointee.startNS != 0 {
      return unsafe identity.pointee.kinship(startNS: startNS, tickNS: tickNS)
    }
    // One of the start times is not known. Nothing happens to a process before it starts, but the clocks of time stamps
    // and of start times may differ a little.
    let knownNS = unsafe identity.pointee.startNS
    if knownNS != 0, unsafe event.pointee.time &+ Self.slackNS < knownNS { return .earlier }
    // Records that the entry got before this process began belong to another process.
    guard let beganNS = unsafe Self.beginning(event, startNS: startNS, isExited: Self.isExited(process)) else {
      return .same
    }
    let toldNS = unsafe identity.pointee.toldNS
    if toldNS &+ (startNS != 0 ? Self.slackNS : 0) < beganNS { return .later }
    if unsafe toldNS <= beganNS && Self.isExited(process) { return .later }
    return .same
  }

  /// The largest difference between the clocks of time stamps and of start times: on some machines a stamp is the time
  /// of the last timer interrupt, which comes every 4 or 10 milliseconds.
  private static var slackNS: UInt64 { 10_000_000 }

  /// A time before which the process of an event had not begun, if it is known: for a fork, and for an exec after an
  /// exit.
  private static func beginning(
    _ event: UnsafeMutablePointer<raw_event>, startNS: UInt64, isExited: Bool
  ) -> UInt64? {
    if startNS != 0 { return startNS }
    if unsafe event.pointee.flags & UInt32(RAW_F_THREAD) != 0 { return nil }
    let type = unsafe raw_types(event.pointee.type)
    return type == RAW_WAKE_UP_NEW_TASK || type == RAW_EXEC && isExited ? unsafe event.pointee.time : nil
  }

  @inline(__always)
  private mutating func begin(pid: UInt32, startNS: UInt64) -> UnsafeMutablePointer<quark_process> {
    if table.count >= limit { makeRoom() }
    let process = unsafe table.add(pid: pid)
    unsafe process.identity.pointee.startNS = startNS
    return unsafe process
  }

  /// Makes an entry for one event; a look-up by pid does not find it.
  private mutating func beginLoose(pid: UInt32, startNS: UInt64) -> UnsafeMutablePointer<quark_process> {
    let process: UnsafeMutablePointer<quark_process>
    if let known = unsafe loose {
      unsafe releaseStrings(of: known)
      unsafe known.initialize(to: quark_process())
      unsafe known.pointee.pid = pid
      unsafe known.identity.initialize(to: ProcessIdentity())
      unsafe process = known
    } else {
      unsafe process = table.makeEntry(pid: pid)
      unsafe loose = process
    }
    unsafe process.identity.pointee.startNS = startNS
    return unsafe process
  }

  /// The entry of a process's parent; nil if it is not known, or if another process has its pid here.
  mutating func parent(of process: UnsafeMutablePointer<quark_process>) -> UnsafeMutablePointer<quark_process>? {
    guard let parent = unsafe table[process.pointee.proc_ppid], unsafe isParent(parent, of: process) else { return nil }
    return unsafe parent
  }

  /// False if it began later than the process, or ended before the process began.
  mutating func isParent(
    _ parent: UnsafeMutablePointer<quark_process>, of process: UnsafeMutablePointer<quark_process>
  ) -> Bool {
    let startNS = unsafe process.identity.pointee.startNS
    guard startNS != 0, unsafe parent != process else { return true }
    let identity = unsafe parent.identity.pointee
    if unsafe identity.startNS > startNS &+ (process.identity.pointee.isCoarse ? tickNS : 0) { return false }
    return unsafe !Self.isExited(parent) || identity.toldNS &+ tickNS >= startNS
  }

  /// Forgets the process that exited first; if none has exited, a living one, another one each time.
  @inline(never)
  private mutating func makeRoom() {
    if let process = unsafe oldestExited {
      unsafe remove(process)
    } else if let process = unsafe table.first(notBelow: nextEvicted) ?? table.first(notBelow: 0) {
      nextEvicted = unsafe process.pointee.pid &+ 1
      unsafe remove(process)
    }
    evictions &+= 1
  }
}
