/// The content of `/proc/PID/stat` (proc_pid_stat(5)). If a field is invalid or missing, only its own member is nil.
public struct ProcStat: Equatable, Sendable {
  /// A letter: `Z` for a process that has ended and waits for its parent.
  public private(set) var state: UInt8?
  public private(set) var ppid: UInt32?
  /// Nil for a task that is being torn down: the kernel then prints -1 (do_task_stat() in fs/proc/array.c).
  public private(set) var pgid: UInt32?
  /// Nil in the same case as `pgid`.
  public private(set) var sid: UInt32?
  /// Device number of the controlling terminal, as the kernel encodes it; 0: none.
  public private(set) var tty: UInt32?
  public private(set) var threadCount: UInt32?
  /// When the process started, in clock ticks since boot, with the time of suspend.
  public private(set) var startTicks: UInt64?

  /// The second field is the name in parentheses. The process chooses it, and it can have blanks, newlines and
  /// parentheses. Only numbers follow, so the last `)` ends it.
  public init(_ text: Span<UInt8>) {
    guard let end = text.lastIndex(of: UInt8(ascii: ")")) else { return }
    var fields = TextCursor(text.extracting((end + 1)...))
    fields.skipBlanks()
    if fields.offset < fields.text.count { state = fields.text[fields.offset] }
    fields.skipWord()  // 3
    ppid = fields.number32()
    pgid = fields.number32()
    sid = fields.number32()
    tty = Self.device(&fields)
    for _ in 8..<20 {
      fields.skipBlanks()
      fields.skipWord()
    }
    threadCount = fields.number32()
    fields.skipBlanks()
    fields.skipWord()  // 21, always 0
    startTicks = fields.number()
  }

  /// True if all of its threads have ended; the first thread may be a zombie while others run.
  public var hasEnded: Bool {
    let isDead = state == UInt8(ascii: "Z") || state == UInt8(ascii: "X")
    return isDead && threadCount ?? .max <= 1
  }

  /// new_encode_dev() in include/linux/kdev_t.h: bits 8 to 19 are the major number.
  public var ttyMajor: UInt32? { tty.map { $0 >> 8 & 0xfff } }

  /// The low 8 bits of the minor number are the lowest bits, the others the highest.
  public var ttyMinor: UInt32? { tty.map { $0 >> 12 & 0xfff00 | $0 & 0xff } }

  /// The start time in nanoseconds since boot, with the time of suspend and the precision of a tick. `ticksPerSecond`
  /// is sysconf(_SC_CLK_TCK). Nil if it is unknown or does not fit in 64 bits (584 years).
  public func startNS(ticksPerSecond: UInt64) -> UInt64? {
    guard let startTicks, ticksPerSecond > 0, ticksPerSecond <= 1_000_000_000 else { return nil }
    let (seconds, ticks) = startTicks.quotientAndRemainder(dividingBy: ticksPerSecond)
    let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    let (sum, carry) = whole.addingReportingOverflow(ticks * 1_000_000_000 / ticksPerSecond)
    return overflow || carry ? nil : sum
  }

  /// The kernel prints it as a signed number: minor numbers from 524,288 on make it negative.
  private static func device(_ fields: inout TextCursor) -> UInt32? {
    fields.skipBlanks()
    let start = fields.offset
    guard start < fields.text.count, fields.text[start] == UInt8(ascii: "-") else { return fields.number32() }
    fields.skipWord()
    guard let magnitude = fields.text.extracting(start + 1..<fields.offset).number(), magnitude <= 1 << 31 else {
      return nil
    }
    return 0 &- UInt32(magnitude)
  }
}
