internal import CLinux
public import QuarkCore

/// Reads the processes of a /proc. Between two system calls a process can exit and another one can get its pid; but a
/// directory that is open never becomes that of another process (then all files in it fail with ESRCH).
public struct ProcScraper: ~Copyable {
  /// The result of one scrape.
  public struct Outcome: Equatable, Sendable {
    /// Processes that were lent.
    public var processes = 0
    /// Processes that were not lent, because they ended too early or could not be opened.
    public var missed = 0
    /// Files, links and directories that exist, but could not be read (proc(5): ptrace access mode, hidepid).
    public var unreadable = 0
  }

  /// `status` has a line with all supplementary groups: up to 65,536 of 11 bytes (NGROUPS_MAX), before the
  /// capabilities.
  public static var maxStatusLength: Int { 1 << 20 }
  /// Bytes of `cmdline` that are kept: the maximum of one argument (MAX_ARG_STRLEN in execve(2)). All arguments
  /// together can be longer.
  public static var maxCmdlineLength: Int { 131_072 }
  /// There is a line for each hierarchy, 16 at most, each with a path of up to 4,096 bytes.
  public static var maxCgroupLength: Int { 16 * (4096 + 256) }
  /// The longest target that readlinkat(2) returns in /proc is a page, which has 64 KiB on some machines.
  private static var bufferCapacity: Int { 65536 + 1 }

  private var directory: ProcDirectory
  private var buffer = ReadBuffer(capacity: Self.bufferCapacity)
  private var process = ScrapedProcess()
  private var outcome = Outcome()
  private let ticksPerSecond: UInt64
  private let maxEnvironmentLength: Int

  /// `path` is the path of a /proc, or of a tree that looks like one. `maxEnvironmentLength`: bytes of `environ` that
  /// are kept; with 0 it is not read. `ticksPerSecond` is that of the machine the tree is from; by default of this
  /// machine.
  public init(
    path: String = "/proc", maxEnvironmentLength: Int = 0, ticksPerSecond: UInt64? = nil
  ) throws(QuarkError) {
    directory = try QuarkError.attempting("open /proc") { () throws(Errno) in try ProcDirectory(path: path) }
    self.ticksPerSecond = ticksPerSecond ?? ProcName.ticksPerSecond
    self.maxEnvironmentLength = max(0, maxEnvironmentLength)
  }

  /// Lends each process to `body` for the duration of the call.
  public mutating func scrape(_ body: (borrowing ScrapedProcess) -> Void) throws(QuarkError) -> Outcome {
    outcome = Outcome()
    do throws(Errno) {
      try directory.rewind()
      while let pid = try directory.next() {
        guard try read(pid: pid) else {
          outcome.missed += 1
          continue
        }
        outcome.processes += 1
        body(process)
      }
    } catch {
      throw QuarkError("read /proc", error)
    }
    return outcome
  }

  /// Lends one process to `body`. False if there is none, or if it cannot be opened.
  public mutating func scrape(pid: UInt32, _ body: (borrowing ScrapedProcess) -> Void) throws(QuarkError) -> Bool {
    do throws(Errno) {
      guard try read(pid: pid) else { return false }
    } catch {
      throw QuarkError("read /proc", error)
    }
    body(process)
    return true
  }

  // MARK: -

  /// False if there is no process to lend.
  private mutating func read(pid: UInt32) throws(Errno) -> Bool {
    let opened: FileDescriptor
    do throws(Errno) {
      opened = try open(pid: pid)
    } catch {
      try note(error)
      return false
    }
    let entry = opened.rawValue
    process.begin(pid: pid)
    if try !readTask(entry), !exists(entry) { return false }
    try readNamespaces(entry)
    try readStrings(entry)
    return true
  }

  private func open(pid: UInt32) throws(Errno) -> FileDescriptor {
    let result = unsafe ProcName(pid).withPath {
      unsafe clinux_openat(directory.rawValue, $0, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    }
    return FileDescriptor(owning: try Errno.check(result))
  }

  /// True if at least one of the two files existed.
  private mutating func readTask(_ entry: CInt) throws(Errno) -> Bool {
    let hasStatus = try unsafe read("status", entry, limit: Self.maxStatusLength) { $0.setStatus($1) }
    let ticks = ticksPerSecond
    let hasStat = try unsafe read("stat", entry, limit: 4096) { $0.setStat($1, ticksPerSecond: ticks) }
    return hasStatus || hasStat
  }

  private mutating func readNamespaces(_ entry: CInt) throws(Errno) {
    try unsafe readLink("ns/uts", entry) { $0.setNamespace(.uts, $1) }
    try unsafe readLink("ns/ipc", entry) { $0.setNamespace(.ipc, $1) }
    try unsafe readLink("ns/mnt", entry) { $0.setNamespace(.mnt, $1) }
    try unsafe readLink("ns/net", entry) { $0.setNamespace(.net, $1) }
  }

  private mutating func readStrings(_ entry: CInt) throws(Errno) {
    try unsafe read("comm", entry, limit: 256) { $0.setComm($1) }
    try unsafe readLink("exe", entry) { $0.setExe($1) }
    try unsafe readLink("cwd", entry) { $0.setCwd($1) }
    try unsafe read("cmdline", entry, limit: Self.maxCmdlineLength) { $0.setCmdline($1) }
    try unsafe read("cgroup", entry, limit: Self.maxCgroupLength) { $0.setCgroup($1) }
    guard maxEnvironmentLength > 0, !process.isKernelThread else { return }
    try unsafe read("environ", entry, limit: maxEnvironmentLength) { $0.setEnvironment($1) }
  }

  private typealias Setter = (inout ScrapedProcess, Span<UInt8>) -> Void

  /// False if there is nothing to read; then the field is not set.
  @discardableResult
  private mutating func read(
    _ name: UnsafePointer<CChar>, _ entry: CInt, limit: Int, _ set: Setter
  ) throws(Errno) -> Bool {
    do throws(Errno) {
      try unsafe buffer.readFile(name, in: entry, limit: limit)
    } catch {
      try note(error)
      return false
    }
    Self.fill(&process, from: buffer, set)
    return true
  }

  private mutating func readLink(_ name: UnsafePointer<CChar>, _ entry: CInt, _ set: Setter) throws(Errno) {
    do throws(Errno) {
      try unsafe buffer.readLink(name, in: entry)
    } catch {
      return try note(error)
    }
    Self.fill(&process, from: buffer, set)
  }

  private static func fill(_ process: inout ScrapedProcess, from buffer: borrowing ReadBuffer, _ set: Setter) {
    set(&process, buffer.bytes)
  }

  /// If this program has run out of a resource, that is an error: it must not look as if the process had exited.
  private mutating func note(_ error: Errno) throws(Errno) {
    if Self.isExhaustion(error) { throw error }
    // A kernel thread has no exe, which is ENOENT too.
    if !Self.isGone(error) { outcome.unreadable += 1 }
  }

  /// The directory of an exited process is empty. A directory that exists but cannot be read (hidepid) belongs to a
  /// process.
  private func exists(_ entry: CInt) -> Bool {
    var information = stat()
    // Safe: fstatat(2) fills the structure.
    if unsafe fstatat(entry, "status", &information, AT_SYMLINK_NOFOLLOW) == 0 { return true }
    return !Self.isGone(.current)
  }

  private static func isGone(_ error: Errno) -> Bool { error.rawValue == ENOENT || error.rawValue == ESRCH }

  private static func isExhaustion(_ error: Errno) -> Bool {
    error.rawValue == EMFILE || error.rawValue == ENFILE || error.rawValue == ENOMEM
  }
}
