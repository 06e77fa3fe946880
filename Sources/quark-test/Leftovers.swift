import CLinux
import QuarkLinux

/// The kprobes of quark in the kernel's tracing files, whose names say whose they are: `p:quark/fork_123_0 …` is of
/// process 123.
struct ProbeDefinitions {
  /// Pids, one a definition.
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

  /// Those of processes that are gone.
  static func orphans() -> [pid_t] {
    let gone = ProbeDefinitions().owners.filter { CLinux.kill($0, 0) != 0 && Errno.current.rawValue == ESRCH }
    if gone.isEmpty { return [] }
    // Who has ended meanwhile may have taken its probes along.
    let still = ProbeDefinitions().owners
    return gone.filter { still.contains($0) }
  }
}

/// What a test must not leave behind when it is over.
enum Leftovers {
  /// Words for children of this process that still live, a second after they should not; nil: there are none.
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
