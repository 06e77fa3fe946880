internal import CLinux
public import QuarkCore

/// Looks whether processes are still there. Only in the initial pid namespace: in another one /proc and kill(2) speak of
/// other numbers than the records do, and all would seem to be gone.
@safe public struct ProcPresence: ~Copyable {
  private let directory: FileDescriptor
  private var buffer = ReadBuffer(capacity: 4096)
  private let ticksPerSecond: UInt64

  /// PROC_PID_INIT_INO in include/linux/proc_ns.h.
  private static var initialNamespace: UInt32 { 0xeffffffc }

  /// Nil: it cannot be told here who is there. A descriptor stays open, for who gives up privileges later.
  public static func open() -> ProcPresence? {
    guard var presence = try? ProcPresence(path: "/proc"), presence.isOfUse() else { return nil }
    return presence
  }

  /// `path` is that of a /proc, or of a tree that looks like one.
  init(path: String) throws(Errno) {
    directory = FileDescriptor(owning: try unsafe Errno.check(
      clinux_open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)))
    ticksPerSecond = ProcName.ticksPerSecond
  }

  private mutating func isOfUse() -> Bool {
    guard unsafe (try? buffer.readLink("self/ns/pid", in: directory.rawValue)) != nil,
      ProcLink.namespace(buffer.bytes) == Self.initialNamespace
    else { return false }
    // The one process that is sure to be there.
    if case .alive = look(pid: UInt32(getpid())) { return true }
    return false
  }

  /// What is to be seen of a pid now. A process that has ended, and whose parent does not know yet, is gone.
  public mutating func look(pid: UInt32) -> ProcessLook {
    do throws(Errno) {
      try readStat(pid)
    } catch {
      guard error.rawValue == ENOENT || error.rawValue == ESRCH, let pid = pid_t(exactly: pid) else { return .unknown }
      // With hidepid of proc(5) others cannot be seen, though they are there.
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
