internal import CLinux
internal import CWire
internal import QuarkCore

/// Reads data of a process for which its sample had no room: from /proc, later than the event, if the process still
/// exists.
@usableFromInline struct LateReader: ~Copyable {
  private var directory: FileDescriptor?
  private var buffer = ReadBuffer(capacity: 4096)
  private let ticksPerSecond = max(1, ProcName.ticksPerSecond)

  init() {
    // Kept open, so that a process that changes its root directory can still read here.
    let descriptor = unsafe clinux_open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)
    if descriptor >= 0 { directory = FileDescriptor(owning: descriptor) }
  }

  /// The valid part of what was read last; nil means all of it.
  private var shown: Range<Int>?

  /// The bytes that were read last.
  var bytes: Span<UInt8> {
    @_lifetime(borrow self) get {
      guard let shown else { return buffer.bytes }
      return buffer.bytes.extracting(shown)
    }
  }

  /// A copy of the bytes that were read last.
  var copy: [UInt8] {
    var copy: [UInt8] = []
    copy.reserveCapacity(bytes.count)
    for index in bytes.indices { copy.append(bytes[index]) }
    return copy
  }

  /// Adds the bytes that were read last to a record.
  func add(_ kind: wire_field_kind, to writer: inout WireWriter, flags: UInt32, originalCount: Int = 0) {
    unsafe writer.add(kind, bytes.bytes, flags: flags | WIRE_FIELD_LATE.rawValue, originalCount: originalCount)
  }

  /// Adds the name of a script, which is a part of the bytes that were read last.
  func addScript(at place: Range<Int>, to writer: inout WireWriter) {
    unsafe writer.addScript(bytes.bytes.extracting(place))
  }

  /// Reads the working directory. False if the process is gone, or if another process has its pid.
  mutating func readDirectory(ofProcess pid: UInt32, startNS: UInt64) -> Bool {
    guard isSame(pid, startNS) else { return false }
    return readLink("\(pid)/cwd")
  }

  /// Reads the working directory of the parent of a process that is gone. False if the parent is gone, too, or if a
  /// process that began after the child now has its pid.
  mutating func readDirectory(ofParent pid: UInt32, ofOneStartedAt startNS: UInt64) -> Bool {
    guard pid != 0, let started = startTicks(pid), started <= ticks(of: startNS) else { return false }
    return readLink("\(pid)/cwd")
  }

  /// Reads the path of the executable. A deleted file keeps its path here, and a file that never had one has no path.
  mutating func readFile(ofProcess pid: UInt32, startNS: UInt64) -> Bool {
    guard isSame(pid, startNS), readLink("\(pid)/exe") else { return false }
    let name = Self.name(in: buffer.bytes)
    shown = name
    return true
  }

  private static func name(in link: Span<UInt8>) -> Range<Int> {
    let (deleted, unnamed) = (" (deleted)" as StaticString, "/memfd:" as StaticString)
    let count = link.count - deleted.utf8CodeUnitCount
    guard count > 0, deleted.hasBytes(link.extracting(count..<link.count)) else { return 0..<link.count }
    return (count > 7 && unnamed.hasBytes(link.extracting(first: 7)) ? 1 : 0)..<count
  }

  /// Reads the path of an open file.
  mutating func readPath(of descriptor: CInt) -> Bool { readLink("self/fd/\(descriptor)") }

  /// Reads the mounts of a process: proc_pid_mountinfo(5). False if it is gone, or in another mount namespace.
  mutating func readMounts(ofProcess pid: UInt32, in namespace: UInt32) -> Bool {
    mountNamespace("\(pid)") == namespace && readFile("\(pid)/mountinfo", limit: 1 << 20)
  }

  /// The number of a mount namespace, of ours if no other process is named; 0: it cannot be seen.
  mutating func mountNamespace(_ process: String = "self") -> UInt32 { namespace(process, "mnt") }

  /// Is this process in the first pid namespace? PROC_PID_INIT_INO of include/linux/proc_ns.h.
  mutating func isInFirstPidNamespace() -> Bool { namespace("self", "pid") == 0xeffffffc }

  /// `mnt:[4026531841]`
  private mutating func namespace(_ process: String, _ kind: StaticString) -> UInt32 {
    guard readLink("\(process)/ns/\(kind)") else { return 0 }
    var number: UInt32 = 0
    let bytes = buffer.bytes
    for index in bytes.indices where bytes[index] >= UInt8(ascii: "0") && bytes[index] <= UInt8(ascii: "9") {
      number = number &* 10 &+ UInt32(bytes[index] - UInt8(ascii: "0"))
    }
    return number
  }

  /// True if the process has our root directory.
  mutating func hasOurRoot(_ pid: UInt32) -> Bool {
    readLink("\(pid)/root") && buffer.bytes.count == 1
  }

  /// Reads its arguments, `limit` bytes at most.
  mutating func readArguments(ofProcess pid: UInt32, startNS: UInt64, limit: Int) -> Bool {
    guard isSame(pid, startNS) else { return false }
    return readFile("\(pid)/cmdline", limit: limit)
  }

  private mutating func isSame(_ pid: UInt32, _ startNS: UInt64) -> Bool {
    startTicks(pid) == ticks(of: startNS)
  }

  /// When the process began; nil if it is gone.
  private mutating func startTicks(_ pid: UInt32) -> UInt64? {
    readFile("\(pid)/stat", limit: 4096) ? ProcStat(buffer.bytes).startTicks : nil
  }

  /// Converts to the unit of proc_pid_stat(5): nsec_to_clock_t() in kernel/time/time.c rounds down.
  private func ticks(of startNS: UInt64) -> UInt64 { startNS / (1_000_000_000 / ticksPerSecond) }

  private mutating func readFile(_ name: String, limit: Int) -> Bool {
    shown = nil
    guard let descriptor = directory?.rawValue else { return false }
    do throws(Errno) {
      try unsafe buffer.readFile(name, in: descriptor, limit: limit)
      return true
    } catch { return false }
  }

  private mutating func readLink(_ name: String) -> Bool {
    shown = nil
    guard let descriptor = directory?.rawValue else { return false }
    do throws(Errno) {
      try unsafe buffer.readLink(name, in: descriptor)
      return true
    } catch { return false }
  }
}
