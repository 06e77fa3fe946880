import CLinux

enum Backend: UInt8 {
  case ebpf, kprobe, nova

  var name: String {
    switch self {
    case .ebpf: "ebpf"
    case .kprobe: "kprobe"
    case .nova: "nova"
    }
  }
}

/// One test on one backend.
struct Test {
  let name: String
  /// Nil for a test that opens no queue.
  let backend: Backend?
  /// Fails, crashes or hangs on purpose, to test who runs and judges the tests: runs only when named.
  var isSelfTest = false
  let body: (TestContext) throws(TestEnd) -> Void

  /// `t_probe @ ebpf`
  var label: String { backend.map { "\(name) @ \($0.name)" } ?? name }

  /// In the order of execution.
  static var all: [Test] {
    [
      Test(name: "t_probe", backend: .ebpf, body: probe),
      Test(name: "t_fork_exec_exit", backend: .ebpf, body: forkExecExit),
      Test(name: "t_exit_tgid", backend: .ebpf, body: exitTgid),
      Test(name: "t_cgroup_parse", backend: .ebpf, body: cgroupParse),
      Test(name: "t_namespace", backend: .ebpf, body: namespaces),
      Test(name: "t_cache_grace", backend: .ebpf, body: cacheGrace),
      Test(name: "t_min_agg", backend: .ebpf, body: minimalAggregation),
      Test(name: "t_set_agg_matrix", backend: .ebpf, body: emptyMatrix),
      Test(name: "t_stats", backend: .ebpf, body: statistics),
    ] + selfTests
  }

  /// Under quark-init, whose child this is, and nowhere else.
  static var isInGuest: Bool { environment("QUARK_INITRAMFS") == "1" && getppid() == 1 }
}

/// Why a test ends before its end.
enum TestEnd: Error {
  case failed(String)
  case skipped(String)
}

/// Fails the test unless `condition` holds.
func expect(
  _ condition: Bool, _ words: @autoclosure () -> String, file: StaticString = #fileID, line: UInt = #line
) throws(TestEnd) {
  if !condition { throw .failed("\(file):\(line): \(words())") }
}

/// Fails the test unless the two are equal.
func expectEqual<Value: Equatable & CustomStringConvertible>(
  _ what: StaticString, _ actual: Value, _ expected: Value, file: StaticString = #fileID, line: UInt = #line
) throws(TestEnd) {
  if actual != expected {
    throw .failed("\(file):\(line): \(what) is \(actual.description), expected \(expected.description)")
  }
}
