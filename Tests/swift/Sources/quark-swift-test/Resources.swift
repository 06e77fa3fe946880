import Glibc

/// The resources of this program: the kinds of its open descriptors, the threads that take events, and the machine's
/// kprobes.
struct Resources: Equatable {
  var descriptors: [String]
  var threads: Int
  var kprobes: Int

  static func now() -> Resources {
    Resources(
      descriptors: names(in: "/proc/self/fd").map { link("/proc/self/fd/" + $0) }.filter { !$0.hasSuffix("/fd") }.sorted(),
      threads: names(in: "/proc/self/task").count { line("/proc/self/task/\($0)/comm") == "quark-events" },
      kprobes: lines(of: "/sys/kernel/tracing/kprobe_events"))
  }

  /// The resources when the threads have ended, or after ten seconds: a thread still needs a moment after its last
  /// action.
  static func settled() -> Resources {
    for _ in 0..<1000 {
      let resources = now()
      if resources.threads == 0 { return resources }
      usleep(10_000)
    }
    return now()
  }

  /// Descriptors of bpf(2) and perf_event_open(2), and those that wait for them.
  var ofTheKernel: [String] { descriptors.filter { $0.hasPrefix("anon_inode:") } }

  /// Resident memory in KiB, without the pages of the program's file.
  static func residentKiB() -> Int {
    ["RssAnon:", "RssShmem:"].reduce(0) { sum, key in
      let line = text(of: "/proc/self/status").split(separator: "\n").first { $0.hasPrefix(key) }
      return sum + (line.flatMap { Int($0.filter(\.isNumber)) } ?? 0)
    }
  }

  private static func names(in path: String) -> [String] {
    guard let directory = unsafe opendir(path) else { return [] }
    defer { unsafe closedir(directory) }
    var names: [String] = []
    while let entry = unsafe readdir(directory) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names
  }

  private static func link(_ path: String) -> String {
    unsafe withUnsafeTemporaryAllocation(byteCount: 256, alignment: 1) { buffer in
      let count = unsafe readlink(path, buffer.baseAddress!.assumingMemoryBound(to: CChar.self), buffer.count)
      return count < 0 ? "?" : unsafe String(decoding: buffer[..<count], as: UTF8.self)
    }
  }

  private static func line(_ path: String) -> String {
    text(of: path).split(separator: "\n").first.map(String.init) ?? ""
  }

  private static func lines(of path: String) -> Int { text(of: path).count { $0 == "\n" } }

  /// Empty if there is no such file.
  private static func text(of path: String) -> String {
    guard let file = unsafe fopen(path, "r") else { return "" }
    defer { unsafe fclose(file) }
    var bytes: [UInt8] = []
    while case let character = unsafe getc(file), character != EOF { bytes.append(UInt8(character)) }
    return String(decoding: bytes, as: UTF8.self)
  }
}
