internal import CLinux

/// Tells of CPUs that went offline. The kernel detaches their perf events then, and for good: perf_event_exit_cpu() in
/// kernel/events/core.c. When they come back, new events must be opened.
@usableFromInline struct CPUWatch: ~Copyable {
  /// The kernel's messages on devices: unix systems call them uevents, netlink(7).
  private let messages: FileDescriptor?
  /// Kept open, for a process that gives its root directory up.
  private let online: FileDescriptor?
  /// Their numbers; -1: there is none.
  private let socket: CInt
  private let file: CInt
  /// When to look next, and when next into the file, nanoseconds since boot.
  private var nextLookNS: UInt64 = 0
  private var nextReadNS: UInt64 = 0
  private var buffer = [UInt8](repeating: 0, count: 4096)

  init() {
    socket = clinux_open_uevents()
    messages = socket >= 0 ? FileDescriptor(owning: socket) : nil
    file = unsafe clinux_open("/sys/devices/system/cpu/online", O_RDONLY | O_CLOEXEC, 0)
    online = file >= 0 ? FileDescriptor(owning: file) : nil
  }

  /// Those of `cpus` that are online; all, if that cannot be seen.
  mutating func online(of cpus: [CInt]) -> [CInt] {
    guard let count = readOnline() else { return cpus }
    return cpus.filter { CPUList.contains(buffer[..<count], $0) }
  }

  /// Calls `body` with each of `cpus` that went offline, or may have, since it was asked last: it may be back by now.
  /// Looks ten times a second at most.
  mutating func forEachLost(of cpus: [CInt], nowNS: UInt64, _ body: (CInt) -> Void) {
    guard nowNS >= nextLookNS else { return }
    nextLookNS = nowNS &+ 100_000_000
    readMessages(cpus, body)
    // Messages tell of what was asked for by hand. Other ways to lose a CPU last.
    guard nowNS >= nextReadNS else { return }
    nextReadNS = nowNS &+ 1_000_000_000
    guard let count = readOnline() else { return }
    for cpu in cpus where !CPUList.contains(buffer[..<count], cpu) { body(cpu) }
  }

  /// The bytes of the list of those that are online, in the buffer.
  private mutating func readOnline() -> Int? {
    // Safe: pread(2) fills no more than there is.
    let count = unsafe buffer.withUnsafeMutableBytes { unsafe pread(file, $0.baseAddress, $0.count, 0) }
    return count > 0 ? count : nil
  }

  private mutating func readMessages(_ cpus: [CInt], _ body: (CInt) -> Void) {
    while socket >= 0 {
      // Safe: the kernel fills no more than there is.
      let count = unsafe buffer.withUnsafeMutableBytes { unsafe recv(socket, $0.baseAddress, $0.count, 0) }
      if count > 0 {
        if let cpu = Self.lostCPU(buffer[..<count]), cpus.contains(cpu) { body(cpu) }
      } else if count < 0, Errno.current.rawValue == ENOBUFS {
        // There were more than the socket holds: any CPU may have been among them.
        for cpu in cpus { body(cpu) }
      } else {
        return
      }
    }
  }

  /// Of `offline@/devices/system/cpu/cpu1`, up to a NUL: 1; of `online@…`, too, for that one was offline before.
  static func lostCPU(_ message: ArraySlice<UInt8>) -> CInt? {
    let line = message.prefix { $0 != 0 }
    for head in ["offline@/devices/system/cpu/cpu", "online@/devices/system/cpu/cpu"] as [StaticString]
    where head.hasBytes(line.prefix(head.utf8CodeUnitCount)) {
      return EventFormat.number(line.dropFirst(head.utf8CodeUnitCount)).map { CInt(truncatingIfNeeded: $0) }
    }
    return nil
  }
}

/// A list of CPUs as the kernel writes it, such as `0-3,5`.
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
