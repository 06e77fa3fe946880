public import CWire

/// What `/proc` has about one process. The same value is filled again for each process: it keeps its memory, and what
/// it lends is valid until the next `begin`. An empty span means that something is not known or does not exist.
public struct ScrapedProcess: ~Copyable {
  public private(set) var pid: UInt32 = 0
  /// Unknown ids are `UInt32.max`, which is no user and no group; other unknown members are 0. The start time has the
  /// precision of a clock tick. There is no exit code.
  public private(set) var task = wire_task()
  /// True if parent and start time are known, which identify a process and its place among the others.
  public var isTaskKnown: Bool { hasParent && hasStart }
  private var hasParent = false
  private var hasStart = false

  private var bytes: [UInt8] = []
  private var exeRange = 0..<0
  private var cwdRange = 0..<0
  private var cmdlineRange = 0..<0
  private var cgroupRange = 0..<0
  private var environmentRange = 0..<0

  public init() {}

  /// A path; ` (deleted)` may follow it.
  public var exe: Span<UInt8> { @_lifetime(borrow self) get { bytes.span.extracting(exeRange) } }
  /// Like `exe`.
  public var cwd: Span<UInt8> { @_lifetime(borrow self) get { bytes.span.extracting(cwdRange) } }
  /// NUL-separated; the last byte is a NUL.
  public var cmdline: Span<UInt8> { @_lifetime(borrow self) get { bytes.span.extracting(cmdlineRange) } }
  public var cgroup: Span<UInt8> { @_lifetime(borrow self) get { bytes.span.extracting(cgroupRange) } }
  /// Like `cmdline`.
  public var environment: Span<UInt8> { @_lifetime(borrow self) get { bytes.span.extracting(environmentRange) } }

  /// True for children of pid 2 (kthreadd): kernel threads, and user-mode helpers of the kernel.
  public var isKernelThread: Bool { pid == 2 || task.ppid == 2 }

  /// Forgets the previous process.
  public mutating func begin(pid: UInt32) {
    self.pid = pid
    task = wire_task()
    (task.uid, task.euid, task.suid) = (.max, .max, .max)
    (task.gid, task.egid, task.sgid) = (.max, .max, .max)
    (hasParent, hasStart) = (false, false)
    bytes.removeAll(keepingCapacity: true)
    (exeRange, cwdRange, cmdlineRange, cgroupRange, environmentRange) = (0..<0, 0..<0, 0..<0, 0..<0, 0..<0)
  }

  /// Takes the content of `status`.
  public mutating func setStatus(_ text: Span<UInt8>) {
    let status = ProcStatus(text)
    setParent(status.ppid)
    if let user = status.user { (task.uid, task.euid, task.suid) = (user.real, user.effective, user.saved) }
    if let group = status.group { (task.gid, task.egid, task.sgid) = (group.real, group.effective, group.saved) }
    task.cap_inheritable = status.inheritable ?? 0
    task.cap_permitted = status.permitted ?? 0
    task.cap_effective = status.effective ?? 0
    task.cap_bset = status.bounding ?? 0
    task.cap_ambient = status.ambient ?? 0
  }

  /// Takes the content of `stat`; `ticksPerSecond` is sysconf(_SC_CLK_TCK).
  public mutating func setStat(_ text: Span<UInt8>, ticksPerSecond: UInt64) {
    let stat = ProcStat(text)
    setParent(stat.ppid)
    task.pgid = stat.pgid ?? 0
    task.sid = stat.sid ?? 0
    task.tty_major = stat.ttyMajor ?? 0
    task.tty_minor = stat.ttyMinor ?? 0
    guard let startNS = stat.startNS(ticksPerSecond: ticksPerSecond) else { return }
    task.start_boot_ns = startNS
    hasStart = true
  }

  /// Takes the content of `comm`: the name and a newline. The name itself may have newlines; 15 bytes of it are kept,
  /// as many as the kernel keeps for processes (kernel threads can have longer names).
  public mutating func setComm(_ text: Span<UInt8>) {
    let isTerminated = !text.isEmpty && text[text.count - 1] == UInt8(ascii: "\n")
    let length = min(15, isTerminated ? text.count - 1 : text.count)
    unsafe withUnsafeMutableBytes(of: &task.comm) { comm in
      // Safe: 15 is one less than the array's size, and its last byte stays NUL.
      for index in 0..<length { unsafe comm[index] = text[index] }
    }
  }

  /// Takes the target of `ns/uts`, `ns/ipc`, `ns/mnt` or `ns/net`.
  public mutating func setNamespace(_ namespace: Namespace, _ target: Span<UInt8>) {
    let inode = ProcLink.namespace(target) ?? 0
    switch namespace {
    case .uts: task.uts_inonum = inode
    case .ipc: task.ipc_inonum = inode
    case .mnt: task.mnt_inonum = inode
    case .net: task.net_inonum = inode
    }
  }

  public enum Namespace: Sendable { case uts, ipc, mnt, net }

  /// Takes the target of `exe`.
  public mutating func setExe(_ target: Span<UInt8>) { exeRange = append(target) }

  /// Takes the target of `cwd`.
  public mutating func setCwd(_ target: Span<UInt8>) { cwdRange = append(target) }

  /// Takes the content of `cmdline`, or the part of it to be kept.
  public mutating func setCmdline(_ text: Span<UInt8>) { cmdlineRange = appendTerminated(text) }

  /// Takes the content of `cgroup`.
  public mutating func setCgroup(_ text: Span<UInt8>) {
    if let path = ProcCgroup.path(in: text) { cgroupRange = append(text.extracting(path)) }
  }

  /// Takes the content of `environ`, or the part of it to be kept.
  public mutating func setEnvironment(_ text: Span<UInt8>) { environmentRange = appendTerminated(text) }

  // MARK: -

  /// Both `status` and `stat` have the parent, and either is enough.
  private mutating func setParent(_ ppid: UInt32?) {
    guard !hasParent, let ppid else { return }
    task.ppid = ppid
    hasParent = true
  }

  private mutating func append(_ text: Span<UInt8>) -> Range<Int> {
    let start = bytes.count
    // Safe: the bytes are only read, and only for the duration of the call.
    unsafe text.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
    return start..<bytes.count
  }

  /// A NUL replaces the last byte: if a process has overwritten its arguments, or the text was cut, there is none.
  private mutating func appendTerminated(_ text: Span<UInt8>) -> Range<Int> {
    let range = append(text)
    if !range.isEmpty { bytes[range.upperBound - 1] = 0 }
    return range
  }
}
