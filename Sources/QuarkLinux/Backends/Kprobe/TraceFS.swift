internal import CLinux

/// The kernel's tracing files, and the kprobes that are defined there. All descriptors are opened at the beginning, so
/// that a process that has dropped its privileges, or changed its root directory, can still remove its probes.
///
/// Names are `quark/WHAT_PID_NUMBER`: the name of a probe contains the pid of its process. The next process that opens
/// a queue removes the probes of dead processes; the kernel does not remove a probe that is in use. A process that
/// defines probes locks the file until they are in use, so that no other process mistakes them for leftovers.
@safe @usableFromInline struct TraceFS: ~Copyable {
  private let events: FileDescriptor
  private let directory: String

  /// The mount points; the second one is in debugfs, and is mounted automatically when its path is used.
  private static var directories: [String] { ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"] }
  static var group: StaticString { "quark" }
  /// The name of an event with several probes.
  static var shared: StaticString { "lives" }

  init() throws(QuarkError) {
    var failures = ""
    var last = Errno(ENOENT)
    for directory in Self.directories {
      let path = directory + "/kprobe_events"
      // O_TRUNC must not be used, because it removes the probes of all processes.
      let descriptor = unsafe clinux_open(path, O_RDWR | O_APPEND | O_CLOEXEC, 0)
      if descriptor >= 0 {
        self.directory = directory
        events = FileDescriptor(owning: descriptor)
        return
      }
      let error = Errno.current
      // An error about a privilege is more useful than one about a missing mount.
      if error.rawValue != ENOENT || last.rawValue == ENOENT { last = error }
      failures += (failures.isEmpty ? "" : "\n") + "\(path): \(error.description)"
    }
    throw QuarkError("open the kernel's tracing files", last, detail: failures)
  }

  /// Until the lock is released, no other process removes the probes.
  func lock() { _ = try? Errno.retrying { clinux_lock(events.rawValue) } }
  func unlock() { _ = clinux_unlock(events.rawValue) }

  /// Writes one definition, or the removal of one: `-:quark/name`. The kernel needs each in one write(2).
  func write(_ definition: String) throws(Errno) {
    let bytes = Array(definition.utf8) + [UInt8(ascii: "\n")]
    // Safe: the bytes are only read, and only for the duration of the call.
    let written = unsafe bytes.span.withUnsafeBytes { unsafe CLinux.write(events.rawValue, $0.baseAddress, $0.count) }
    guard written >= 0 else { throw .current }
  }

  func remove(_ name: String) throws(Errno) { try write("-:\(Self.group)/\(name)") }

  /// Removes the probes of dead processes. A probe that cannot be removed is in use by another process. But from an
  /// event with several probes the kernel removes one after the other although the event is in use, and refuses only
  /// the last one (unregister_trace_kprobe() in kernel/trace/trace_kprobe.c): such an event is removed only if the
  /// other event of its queue is surely gone. The list does not tell this, because probes that are removed while it is
  /// read make gaps in it.
  func sweep() {
    let names = definedNames()
    for name in names where !Self.isShared(name) { try? remove(String(decoding: name, as: UTF8.self)) }
    for name in names where Self.isShared(name) && isGone("exec" + String(decoding: Self.queue(of: name), as: UTF8.self)) {
      try? remove(String(decoding: name, as: UTF8.self))
    }
  }

  /// True if an event was removed now or before.
  private func isGone(_ name: String) -> Bool {
    do throws(Errno) {
      try remove(name)
      return true
    } catch { return error.rawValue == ENOENT }
  }

  /// The names of the definitions in our group.
  private func definedNames() -> [ArraySlice<UInt8>] {
    var names: [ArraySlice<UInt8>] = []
    guard let text = try? read("kprobe_events") else { return names }
    for line in text.split(separator: UInt8(ascii: "\n")) {
      // `p:quark/fork_123_0 wake_up_new_task …`; there may be more before the colon.
      guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { continue }
      let event = line[(colon + 1)...].prefix { $0 != UInt8(ascii: " ") }
      let parts = event.split(separator: UInt8(ascii: "/"), maxSplits: 1)
      guard parts.count == 2, Self.group.hasBytes(parts[0]) else { continue }
      names.append(parts[1])
    }
    return names
  }

  /// True if the event with this name (without the group) has several probes.
  static func isShared(_ name: ArraySlice<UInt8>) -> Bool {
    shared.hasBytes(name.prefix { $0 != UInt8(ascii: "_") })
  }

  /// The part `_PID_NUMBER` of a name.
  private static func queue(of name: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    name.drop { $0 != UInt8(ascii: "_") }
  }

  /// Reads a file below the directory.
  func read(_ name: String) throws(Errno) -> [UInt8] {
    let path = directory + "/" + name
    let file = FileDescriptor(owning: try unsafe Errno.check(clinux_open(path, O_RDONLY | O_CLOEXEC, 0)))
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      // Safe: read(2) fills no more than the buffer.
      let length = unsafe buffer.withUnsafeMutableBytes { unsafe CLinux.read(file.rawValue, $0.baseAddress, $0.count) }
      if length == 0 { return bytes }
      if length > 0 {
        bytes += buffer[..<length]
      } else if Errno.current.rawValue != EINTR {
        throw .current
      }
    }
  }

  /// The id of an event, for perf_event_open(2).
  func id(of event: String) throws(Errno) -> UInt64 {
    let text = try read("events/\(event)/id")
    guard let id = EventFormat.number(text.prefix { $0 != UInt8(ascii: "\n") }) else { throw Errno(EINVAL) }
    return UInt64(id)
  }

  func format(of event: String) throws(Errno) -> EventFormat { EventFormat(try read("events/\(event)/format")) }

  /// The last error message of the kernel: `trace_kprobe: error: Too many nested …`. Linux 5.2 and newer have it.
  func lastComplaint() -> String {
    guard let text = try? read("error_log") else { return "" }
    var complaint = ""
    for line in text.split(separator: UInt8(ascii: "\n")) where line.first == UInt8(ascii: "[") {
      complaint = String(decoding: line.drop { $0 != UInt8(ascii: "]") }.dropFirst(2), as: UTF8.self)
    }
    return complaint
  }
}
