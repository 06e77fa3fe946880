import CLinux

enum Backend: UInt8 {
  case ebpf, kprobe
  /// KPROBE where the kernel's types cannot be seen, so that the table of offsets is what answers.
  case kprobeTable
  case nova

  var isKprobe: Bool { self == .kprobe || self == .kprobeTable }

  var name: String {
    switch self {
    case .ebpf: "ebpf"
    case .kprobe: "kprobe"
    case .kprobeTable: "kprobe-table"
    case .nova: "nova"
    }
  }
}

/// One test on one backend.
struct Test {
  let name: String
  /// Nil for a test that opens no queue.
  var backend: Backend?
  /// Fails, crashes or hangs on purpose, to test who runs and judges the tests: runs only when named.
  var isSelfTest = false
  /// Takes minutes: runs only when named.
  var isHeavy = false
  let body: (TestContext) throws(TestEnd) -> Void

  private func on(_ backend: Backend) -> Test {
    var test = self
    test.backend = backend
    return test
  }

  /// `t_probe @ ebpf`
  var label: String { backend.map { "\(name) @ \($0.name)" } ?? name }

  /// In the order of execution: all of one backend, then all of the next.
  static var all: [Test] {
    var tests: [Test] = []
    for backend in [.ebpf, .kprobe, .kprobeTable] as [Backend] {
      tests += (common + (backend == .ebpf ? ebpfOnly : kprobeOnly)).map { $0.on(backend) }
    }
    return tests + selfTests
  }

  private static var common: [Test] {
    [
      Test(name: "t_probe", body: probe),
      Test(name: "t_os_release", body: systemRelease),
      Test(name: "t_fork_exec_exit", body: forkExecExit),
      Test(name: "t_fork_exec_exit_rel", body: execRelative),
      Test(name: "t_memfd_exec", body: execMemfd),
      Test(name: "t_exec_deleted", body: execDeleted),
      Test(name: "t_exec_script", body: execScript),
      Test(name: "t_exec_no_args", body: execNoArguments),
      Test(name: "t_exec_fails", body: execFails),
      Test(name: "t_exec_thread", body: execByThread),
      Test(name: "t_exec_setid", body: execSetID),
      Test(name: "t_chroot", body: execInChroot),
      Test(name: "t_comm", body: newNames),
      Test(name: "t_cap_words", body: capabilityWords),
      Test(name: "t_terminal", body: terminal),
      Test(name: "t_known_at_exit", body: knownAtExit),
      Test(name: "t_setns", body: enterNamespace),
      Test(name: "t_clone_parent", body: cloneParent),
      Test(name: "t_vfork", body: vforked),
      Test(name: "t_short_lives", body: shortLives),
      Test(name: "t_subreaper", body: subreaper),
      Test(name: "t_pid_namespace", body: pidNamespace),
      Test(name: "t_pid_wrap", body: pidsWrap),
      Test(name: "t_exit_status", body: exitStatus),
      Test(name: "t_exit_signal", body: exitSignal),
      Test(name: "t_exit_leader_first", body: exitLeaderFirst),
      Test(name: "t_exit_together", body: exitTogether),
      Test(name: "t_exit_tgid", body: exitTgid),
      Test(name: "t_namespace", body: namespaces),
      Test(name: "t_cache_grace", body: cacheGrace),
      Test(name: "t_min_agg", body: minimalAggregation),
      Test(name: "t_set_agg_matrix", body: emptyMatrix),
      Test(name: "t_stats", body: statistics),
      Test(name: "t_rule_poison", body: rulePoison),
      Test(name: "t_rule_poison_existing", body: rulePoisonExisting),
      Test(name: "t_rule_id", body: ruleID),
      Test(name: "t_rule_parser", body: ruleParser),
      Test(name: "t_stopped", body: stoppedReader),
      Test(name: "t_self_test", body: selfTest),
      Test(name: "t_ring_overflow", body: ringOverflow),
      Test(name: "t_unprivileged", body: unprivileged),
      Test(name: "t_mon_ends", body: monitorEnds),
      Test(name: "t_mon_nobody", body: monitorAsNobody),
      Test(name: "t_mon_no_reader", body: monitorWithoutReader),
      Test(name: "t_ground_truth", isHeavy: true, body: groundTruth),
    ]
  }

  /// Of what only EBPF knows, and of how it is loaded.
  private static var ebpfOnly: [Test] {
    [
      Test(name: "t_exec_deep_path", body: execDeepPath),
      Test(name: "t_exec_args", body: execArguments),
      Test(name: "t_env", body: environmentLimit),
      Test(name: "t_id_change", body: idChange),
      Test(name: "t_saved_ids", body: savedIDs),
      Test(name: "t_setsid", body: newSession),
      Test(name: "t_cgroup", body: controlGroup),
      Test(name: "t_cgroup_v1", body: controlGroupV1),
      Test(name: "t_clone_into_cgroup", body: cloneIntoGroup),
      Test(name: "t_cgroup_parse", body: cgroupParse),
      Test(name: "t_hanson", body: hansonObject),
      Test(name: "t_hanson_escape", body: hansonEscape),
      Test(name: "t_hooks_kprobe", body: hooksKprobe),
      Test(name: "t_capabilities", body: capabilities),
      Test(name: "t_leftovers", body: leftovers),
    ]
  }

  /// Of what it is that only EBPF knows, and of the kernel's tracing files.
  private static var kprobeOnly: [Test] {
    [
      Test(name: "t_unknown", body: unknownToKprobes),
      Test(name: "t_long_args", body: longArguments),
      Test(name: "t_deep_cwd", body: deepDirectory),
      Test(name: "t_poorer_kernel", body: poorerKernel),
      Test(name: "t_thread_events", body: threadEvents),
      Test(name: "t_fallback", body: fallingBack),
      Test(name: "t_probes_left", body: probesLeft),
      Test(name: "t_probes_dropped", body: probesOfDropped),
    ]
  }

  /// Under quark-init, whose child this is, and nowhere else.
  static var isInGuest: Bool { equal(environment("QUARK_INITRAMFS") ?? "", "1") && getppid() == 1 }
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
