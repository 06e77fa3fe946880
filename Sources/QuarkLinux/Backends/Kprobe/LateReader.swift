internal import CLinux
internal import CWire
internal import QuarkCore

/// Reads of a process what its sample had no room for: from /proc, after the fact, and if it is still there.
@usableFromInline struct LateReader: ~Copyable {
  private var directory: FileDescriptor?
  private var buffer = ReadBuffer(capacity: 4096)
  private let ticksPerSecond = UInt64(max(1, sysconf(CInt(_SC_CLK_TCK))))

  init() {
    // Kept open: a process that gives its root directory up still reads here.
    let descriptor = unsafe clinux_open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)
    if descriptor >= 0 { directory = FileDescriptor(owning: descriptor) }
  }

  /// What was read last.
  var bytes: Span<UInt8> {
    @_lifetime(borrow self) get { buffer.bytes }
  }

  /// Adds what was read last to a record.
  func add(_ kind: wire_field_kind, to writer: inout WireWriter, flags: UInt32, originalCount: Int = 0) {
    let bytes = buffer.bytes
    unsafe writer.add(kind, bytes.bytes, flags: flags | WIRE_FIELD_LATE.rawValue, originalCount: originalCount)
  }

  /// Where the process works. False: it is gone, or somebody else has its number.
  mutating func readDirectory(ofProcess pid: UInt32, startNS: UInt64) -> Bool {
    guard isSame(pid, startNS) else { return false }
    return readLink("\(pid)/cwd")
  }

  /// Its arguments, `limit` bytes at most.
  mutating func readArguments(ofProcess pid: UInt32, startNS: UInt64, limit: Int) -> Bool {
    guard isSame(pid, startNS) else { return false }
    return readFile("\(pid)/cmdline", limit: limit)
  }

  private mutating func isSame(_ pid: UInt32, _ startNS: UInt64) -> Bool {
    guard readFile("\(pid)/stat", limit: 4096), let ticks = ProcStat(buffer.bytes).startTicks else { return false }
    // nsec_to_clock_t() in kernel/time/time.c rounds down.
    return ticks == startNS / (1_000_000_000 / ticksPerSecond)
  }

  private mutating func readFile(_ name: String, limit: Int) -> Bool {
    guard let descriptor = directory?.rawValue else { return false }
    do throws(Errno) {
      try unsafe buffer.readFile(name, in: descriptor, limit: limit)
      return true
    } catch { return false }
  }

  private mutating func readLink(_ name: String) -> Bool {
    guard let descriptor = directory?.rawValue else { return false }
    do throws(Errno) {
      try unsafe buffer.readLink(name, in: descriptor)
      return true
    } catch { return false }
  }
}
