internal import CLinux
public import QuarkCore

/// Checks whether processes still exist. It works only in the initial PID namespace: in another one /proc and kill(2)
/// use other ids than the records, and all processes would seem to be gone.
@safe public struct ProcPresence: ~Copyable {
  private let directory: FileDescriptor
  private var buffer = ReadBuffer(capacity: 4096)
  private let ticksPerSecond: UInt64

  /// PROC_PID_INIT_INO in include/linux/proc_ns.h.
  private static var initialNamespace: UInt32 { 0xeffffffc }

  /// Nil if this cannot be found out here. A descriptor stays open, for a process that drops its privileges later.
  public static func open() -> ProcPresence? {
    guard var presence = try? ProcPresence(path: "/proc"), presence.isOfUse() else { return nil }
    return presence
  }

  /// `path` is the path of a /proc, or of a tree that looks like one.
  init(path: String) throws(Errno) {
    directory = FileDescriptor(owning: try unsafe Errno.check(
      clinux_open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)))
    ticksPerSecond = ProcName.ticksPerSecond
  }

  private mutating func isOfUse() -> Bool {
    guard unsafe (try? buffer.readLink("self/ns/pid", in: directory.rawValue)) != nil,
      ProcLink.namespace(buffer.bytes) == Self.initialNamespace
    else { return false }
    // This process itself surely exists.
    if case .alive = look(pid: UInt32(getpid())) { return true }
    return false
  }

  /// Looks for a process now. A zombie, which waits for its parent, counts as gone.
  public mutating func look(pid: UInt32) -> ProcessLook {
    do throws(Errno) {
      try readStat(pid)
    } catch {
      guard error.rawValue == ENOENT || error.rawValue == ESRCH, let pid = pid_t(exactly: pid) else { return .unknown }
      // With hidepid of proc(5) other processes exist, but are not visible.
      return kill(pid, 0) != 0 && Errno.current.rawValue == ESRCH ? .gone : .unknown
    }
    let stat = ProcStat(buffer.bytes)
    if stat.hasEnded { return .gone }
    return stat.startNS(ticksPerSecond: ticksPerSecond).map { .alive(startNS: $0) } ?? .unknown
  }

  private mutating func readStat(_ pid: UInt32) throws(Errno) {
    let result: Result<Void, Errno> = unsafe ProcName(pid, "/stat").withPath { path in
      do throws(Errno) {
        return .success(try unsafe buffer.readFile(path, in: directory.rawValue, limit: 4096))
      } catch { return .failure(error) }
    }
    try result.get()
  }
}
