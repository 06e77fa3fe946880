public import CQuark

/// The processes that a queue knows, by pid. Exited ones stay for a grace time, so that their last events can still be
/// delivered with their data.
@safe public struct ProcessCache: ~Copyable {
  /// Bytes of environment kept per process; 0: none.
  public let maxEnvironment: Int
  /// True if entry leaders are wanted.
  public let findsEntryLeaders: Bool
  /// The strings of the processes, and of the raw events that wait in the queue.
  public var strings: StringPool
  /// The salt that makes entity ids of this boot differ from those of other boots; 0: none.
  public var entitySalt: UInt64 = 0
  /// The maximum number of processes. A machine can have four times as many. Above the limit exited processes are
  /// forgotten before their grace time is over, and then living ones.
  public let limit: Int
  /// The clock tick to which start times in /proc are rounded down, nanoseconds: from sysconf(_SC_CLK_TCK).
  public let tickNS: UInt64
  /// Processes forgotten because there were too many.
  public internal(set) var evictions: UInt64 = 0

  var table: ProcessTable
  /// The entry for an event of a process whose pid belongs to another process by now.
  var loose: UnsafeMutablePointer<quark_process>?
  /// The pid from which the next living process to be forgotten is searched.
  var nextEvicted: UInt32 = 0
  var reconciliation = Reconciliation()
  private(set) var oldestExited: UnsafeMutablePointer<quark_process>?
  private var newestExited: UnsafeMutablePointer<quark_process>?

  public init(
    maxEnvironment: Int = 4096, findsEntryLeaders: Bool = false, stringLimit: Int = StringPool.defaultLimit,
    limit: Int = 1 << 20, tickNS: UInt64 = 10_000_000, memory: SlabMemory = SlabMemory()
  ) {
    precondition(limit > 0)
    self.maxEnvironment = max(0, maxEnvironment)
    self.limit = limit
    self.tickNS = tickNS
    self.findsEntryLeaders = findsEntryLeaders
    strings = StringPool(limit: stringLimit, memory: memory)
    table = ProcessTable(memory: memory)
  }

  public var count: Int { table.count }

  /// Strings dropped because the pool was at its limit.
  public var refusals: UInt64 { strings.refusals }

  /// The entry of `pid`, valid until the next `collect` or `apply`.
  @unsafe public func lookup(pid: UInt32) -> UnsafeMutablePointer<quark_process>? { unsafe table[pid] }

  /// The entry of the smallest pid that is not below `pid`.
  @unsafe public func first(notBelow pid: UInt32) -> UnsafeMutablePointer<quark_process>? {
    unsafe table.first(notBelow: pid)
  }

  /// Forgets the processes that exited `graceTimeMS` ago or earlier, exact to the millisecond, and returns their
  /// number. If the cache has more than `limit` processes, or its strings use three quarters of their limit, it does
  /// not wait.
  @inline(__always)
  public mutating func collect(nowNS: UInt64, graceTimeMS: UInt32) -> Int {
    collect(nowMS: Self.milliseconds(nowNS), graceTimeMS: graceTimeMS)
  }

  /// A time in the form that exited processes have: it wraps around after 49 days, but differences are still right.
  @inline(__always)
  static func milliseconds(_ nowNS: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: nowNS / 1_000_000) }

  @inline(__always)
  mutating func collect(nowMS: UInt32, graceTimeMS: UInt32) -> Int {
    guard let process = unsafe oldestExited else { return 0 }
    if unsafe nowMS &- process.pointee.gc_time < graceTimeMS, !isTight { return 0 }
    return collectExited(nowMS: nowMS, graceTimeMS: graceTimeMS)
  }

  @inline(never)
  @usableFromInline mutating func collectExited(nowMS: UInt32, graceTimeMS: UInt32) -> Int {
    var collected = 0
    while let process = unsafe oldestExited, unsafe nowMS &- process.pointee.gc_time >= graceTimeMS || isTight {
      unsafe remove(process)
      collected += 1
    }
    return collected
  }

  /// Puts a process at the end of the list of processes to be forgotten. A second call has no effect.
  mutating func markExited(_ process: UnsafeMutablePointer<quark_process>, nowMS: UInt32) {
    guard unsafe !Self.isExited(process) else { return }
    unsafe process.pointee.flags |= UInt64(QUARK_F_EXIT)
    if unsafe process == loose { return }
    unsafe process.pointee.gc_time = nowMS
    unsafe process.pointee.gc_previous = newestExited
    if let newest = unsafe newestExited {
      unsafe newest.pointee.gc_next = process
    } else {
      unsafe oldestExited = process
    }
    unsafe newestExited = process
  }

  // MARK: -

  @inline(__always)
  private var isTight: Bool { table.count >= limit || strings.held > strings.tightLevel }

  @inline(__always)
  static func isExited(_ process: UnsafeMutablePointer<quark_process>) -> Bool {
    unsafe process.pointee.flags & UInt64(QUARK_F_EXIT) != 0
  }

  @inline(never)
  mutating func remove(_ process: UnsafeMutablePointer<quark_process>) {
    if unsafe Self.isExited(process) {
      let (previous, next) = unsafe (process.pointee.gc_previous, process.pointee.gc_next)
      if let previous = unsafe previous { unsafe previous.pointee.gc_next = next } else { unsafe oldestExited = next }
      if let next = unsafe next { unsafe next.pointee.gc_previous = previous } else { unsafe newestExited = previous }
    }
    unsafe releaseStrings(of: process)
    unsafe table.remove(process)
  }

  @inline(__always)
  mutating func releaseStrings(of process: UnsafeMutablePointer<quark_process>) {
    if let exe = unsafe process.pointee.exe { unsafe strings.release(exe) }
    if let cmdline = unsafe process.pointee.cmdline { unsafe strings.release(cmdline) }
    if let cwd = unsafe process.pointee.cwd { unsafe strings.release(cwd) }
    if let cgroup = unsafe process.pointee.cgroup { unsafe strings.release(cgroup) }
    if let env = unsafe process.pointee.env { unsafe strings.release(env) }
    if let script = unsafe process.pointee.script { unsafe strings.release(script) }
  }
}
