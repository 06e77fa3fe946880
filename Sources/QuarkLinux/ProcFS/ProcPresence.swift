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
    let descriptor = unsafe clinux_open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)
    guard descriptor >= 0 else { return nil }
    var presence = ProcPresence(FileDescriptor(owning: descriptor))
    guard presence.isOfUse() else { return nil }
    return presence
  }

  private init(_ directory: consuming FileDescriptor) {
    self.directory = directory
    ticksPerSecond = UInt64(max(0, sysconf(CInt(_SC_CLK_TCK))))
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

  /// `PID/stat`.
  private mutating func readStat(_ pid: UInt32) throws(Errno) {
    var name = [16 of CChar](repeating: 0)
    var (rest, start) = (pid, 10)
    repeat {
      start -= 1
      name[start] = CChar(rest % 10) + CChar(bitPattern: UInt8(ascii: "0"))
      rest /= 10
    } while rest > 0
    var end = 10
    for byte in ["/", "s", "t", "a", "t"] as [Unicode.Scalar] {
      name[end] = CChar(bitPattern: UInt8(ascii: byte))
      end += 1
    }
    // Safe: ten digits at most, five letters, and the last byte is a NUL.
    let result: Result<Void, Errno> = unsafe name.span.extracting(start...).withUnsafeBufferPointer { path in
      do throws(Errno) {
        try unsafe buffer.readFile(path.baseAddress!, in: directory.rawValue, limit: 4096)
        return .success(())
      } catch { return .failure(error) }
    }
    try result.get()
  }
}
