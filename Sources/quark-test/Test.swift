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
  /// Takes minutes: runs only when named.
  var isHeavy = false
  let body: (TestContext) throws(TestEnd) -> Void

  /// `t_probe @ ebpf`
  var label: String { backend.map { "\(name) @ \($0.name)" } ?? name }

  /// In the order of execution.
  static var all: [Test] {
    [
      Test(name: "t_probe", backend: .ebpf, body: probe),
      Test(name: "t_fork_exec_exit", backend: .ebpf, body: forkExecExit),
      Test(name: "t_fork_exec_exit_rel", backend: .ebpf, body: execRelative),
      Test(name: "t_memfd_exec", backend: .ebpf, body: execMemfd),
      Test(name: "t_exec_deleted", backend: .ebpf, body: execDeleted),
      Test(name: "t_exec_script", backend: .ebpf, body: execScript),
      Test(name: "t_exec_no_args", backend: .ebpf, body: execNoArguments),
      Test(name: "t_exec_args", backend: .ebpf, body: execArguments),
      Test(name: "t_exec_deep_path", backend: .ebpf, body: execDeepPath),
      Test(name: "t_exec_fails", backend: .ebpf, body: execFails),
      Test(name: "t_exec_thread", backend: .ebpf, body: execByThread),
      Test(name: "t_exec_setid", backend: .ebpf, body: execSetID),
      Test(name: "t_chroot", backend: .ebpf, body: execInChroot),
      Test(name: "t_env", backend: .ebpf, body: environmentLimit),
      Test(name: "t_id_change", backend: .ebpf, body: idChange),
      Test(name: "t_saved_ids", backend: .ebpf, body: savedIDs),
      Test(name: "t_setsid", backend: .ebpf, body: newSession),
      Test(name: "t_comm", backend: .ebpf, body: newNames),
      Test(name: "t_cap_words", backend: .ebpf, body: capabilityWords),
      Test(name: "t_terminal", backend: .ebpf, body: terminal),
      Test(name: "t_known_at_exit", backend: .ebpf, body: knownAtExit),
      Test(name: "t_setns", backend: .ebpf, body: enterNamespace),
      Test(name: "t_cgroup", backend: .ebpf, body: controlGroup),
      Test(name: "t_cgroup_v1", backend: .ebpf, body: controlGroupV1),
      Test(name: "t_clone_into_cgroup", backend: .ebpf, body: cloneIntoGroup),
      Test(name: "t_clone_parent", backend: .ebpf, body: cloneParent),
      Test(name: "t_vfork", backend: .ebpf, body: vforked),
      Test(name: "t_short_lives", backend: .ebpf, body: shortLives),
      Test(name: "t_subreaper", backend: .ebpf, body: subreaper),
      Test(name: "t_pid_namespace", backend: .ebpf, body: pidNamespace),
      Test(name: "t_pid_wrap", backend: .ebpf, body: pidsWrap),
      Test(name: "t_exit_status", backend: .ebpf, body: exitStatus),
      Test(name: "t_exit_signal", backend: .ebpf, body: exitSignal),
      Test(name: "t_exit_leader_first", backend: .ebpf, body: exitLeaderFirst),
      Test(name: "t_exit_together", backend: .ebpf, body: exitTogether),
      Test(name: "t_exit_tgid", backend: .ebpf, body: exitTgid),
      Test(name: "t_cgroup_parse", backend: .ebpf, body: cgroupParse),
      Test(name: "t_namespace", backend: .ebpf, body: namespaces),
      Test(name: "t_cache_grace", backend: .ebpf, body: cacheGrace),
      Test(name: "t_min_agg", backend: .ebpf, body: minimalAggregation),
      Test(name: "t_set_agg_matrix", backend: .ebpf, body: emptyMatrix),
      Test(name: "t_stats", backend: .ebpf, body: statistics),
      Test(name: "t_hooks_kprobe", backend: .ebpf, body: hooksKprobe),
      Test(name: "t_self_test", backend: .ebpf, body: selfTest),
      Test(name: "t_ring_overflow", backend: .ebpf, body: ringOverflow),
      Test(name: "t_unprivileged", backend: .ebpf, body: unprivileged),
      Test(name: "t_capabilities", backend: .ebpf, body: capabilities),
      Test(name: "t_leftovers", backend: .ebpf, body: leftovers),
      Test(name: "t_ground_truth", backend: .ebpf, isHeavy: true, body: groundTruth),
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
