internal import CLinux

/// Detects CPUs that went offline. The kernel then detaches their perf events permanently: perf_event_exit_cpu() in
/// kernel/events/core.c. When they come back, new perf events must be opened.
@usableFromInline struct CPUWatch: ~Copyable {
  /// The kernel's messages about devices, called uevents: netlink(7).
  private let messages: FileDescriptor?
  /// Kept open, for a process that changes its root directory.
  private let online: FileDescriptor?
  /// The descriptors as numbers; -1 if there is none.
  private let socket: CInt
  private let file: CInt
  /// When to check next, and when to read the file next, nanoseconds since boot.
  private var nextLookNS: UInt64 = 0
  private var nextReadNS: UInt64 = 0
  private var buffer = [UInt8](repeating: 0, count: 4096)

  init() {
    socket = clinux_open_uevents()
    messages = socket >= 0 ? FileDescriptor(owning: socket) : nil
    file = unsafe clinux_open("/sys/devices/system/cpu/online", O_RDONLY | O_CLOEXEC, 0)
    online = file >= 0 ? FileDescriptor(owning: file) : nil
  }

  /// The `cpus` that are online; all of them if this is not known.
  mutating func online(of cpus: [CInt]) -> [CInt] {
    guard let count = readOnline() else { return cpus }
    return cpus.filter { CPUList.contains(buffer[..<count], $0) }
  }

  /// Calls `body` with each of `cpus` that went offline, or may have, since the last call; it may be back by now. It
  /// checks ten times a second at most.
  mutating func forEachLost(of cpus: [CInt], nowNS: UInt64, _ body: (CInt) -> Void) {
    guard nowNS >= nextLookNS else { return }
    nextLookNS = nowNS &+ 100_000_000
    readMessages(cpus, body)
    // There are messages only if a user switches a CPU off. In other cases a CPU stays offline for longer.
    guard nowNS >= nextReadNS else { return }
    nextReadNS = nowNS &+ 1_000_000_000
    guard let count = readOnline() else { return }
    for cpu in cpus where !CPUList.contains(buffer[..<count], cpu) { body(cpu) }
  }

  /// Reads the list of online CPUs into the buffer, and returns its size.
  private mutating func readOnline() -> Int? {
    // Safe: pread(2) fills no more than the buffer.
    let count = unsafe buffer.withUnsafeMutableBytes { unsafe pread(file, $0.baseAddress, $0.count, 0) }
    return count > 0 ? count : nil
  }

  private mutating func readMessages(_ cpus: [CInt], _ body: (CInt) -> Void) {
    while socket >= 0 {
      // Safe: the kernel fills no more than the buffer.
      let count = unsafe buffer.withUnsafeMutableBytes { unsafe recv(socket, $0.baseAddress, $0.count, 0) }
      if count > 0 {
        if let cpu = Self.lostCPU(buffer[..<count]), cpus.contains(cpu) { body(cpu) }
      } else if count < 0, Errno.current.rawValue == ENOBUFS {
        // The socket was full and lost messages: any CPU may have been among them.
        for cpu in cpus { body(cpu) }
      } else {
        return
      }
    }
  }

  /// For `offline@/devices/system/cpu/cpu1`, up to a NUL, it returns 1; the same for `online@…`, because this CPU was
  /// offline before.
  static func lostCPU(_ message: ArraySlice<UInt8>) -> CInt? {
    let line = message.prefix { $0 != 0 }
    for head in ["offline@/devices/system/cpu/cpu", "online@/devices/system/cpu/cpu"] as [StaticString]
    where head.hasBytes(line.prefix(head.utf8CodeUnitCount)) {
      return EventFormat.number(line.dropFirst(head.utf8CodeUnitCount)).map { CInt(truncatingIfNeeded: $0) }
    }
    return nil
  }
}

/// A list of CPUs in the kernel's form, such as `0-3,5`.
enum CPUList {
  static func contains(_ list: ArraySlice<UInt8>, _ cpu: CInt) -> Bool {
    let line = list.prefix { $0 != UInt8(ascii: "\n") }
    for range in line.split(separator: UInt8(ascii: ",")) {
      let ends = range.split(separator: UInt8(ascii: "-"), maxSplits: 1)
      guard let first = ends.first.flatMap(EventFormat.number), let last = ends.last.flatMap(EventFormat.number) else {
        continue
      }
      if first <= Int(cpu), Int(cpu) <= last { return true }
    }
    return false
  }
}
