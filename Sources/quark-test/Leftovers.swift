import CLinux
import QuarkLinux

/// The kprobes of quark in the kernel's tracing files. Their names contain a pid: `p:quark/fork_123_0 …` belongs to
/// process 123.
struct ProbeDefinitions {
  /// The pids, one for each definition.
  private(set) var owners: [pid_t] = []

  init() {
    guard let text = try? readFile("/sys/kernel/tracing/kprobe_events") else { return }
    for line in text.split(separator: UInt8(ascii: "\n")) {
      guard let start = place(of: Array(":quark".utf8), in: line) else { continue }
      let name = line[start...].prefix { $0 != UInt8(ascii: " ") }
      let number = name.split(separator: UInt8(ascii: "_")).dropFirst().first ?? []
      if let pid = pid_t(String(decoding: number, as: UTF8.self)) { owners.append(pid) }
    }
  }

  /// The pids of processes that are gone.
  static func orphans() -> [pid_t] {
    let gone = ProbeDefinitions().owners.filter { CLinux.kill($0, 0) != 0 && Errno.current.rawValue == ESRCH }
    if gone.isEmpty { return [] }
    // A process that has exited meanwhile may have removed its probes.
    let still = ProbeDefinitions().owners
    return gone.filter { still.contains($0) }
  }
}

/// Things that a test must not leave behind.
enum Leftovers {
  /// A message about children of this process that are still alive a second after they should have ended; nil if there
  /// are none.
  static func children() -> String? {
    var status: CInt = 0
    for _ in 0..<100 {
      while unsafe waitpid(-1, &status, WNOHANG) > 0 {}
      if unsafe waitpid(-1, &status, WNOHANG) < 0 { return nil }
      usleep(10_000)
    }
    let children = (try? readFile("/proc/self/task/\(getpid())/children")) ?? []
    return "processes are left behind: \(String(decoding: children, as: UTF8.self))"
  }
}
