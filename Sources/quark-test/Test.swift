import CLinux

enum Backend: UInt8 {
  case ebpf, kprobe
  /// KPROBE with the kernel's types hidden, so that the table of offsets is used.
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

/// The queue that a test reads.
enum NeededQueue {
  case none
  /// A shared queue that joins raw events, as by default.
  case joined
  /// A shared queue in which each record is an event of its own.
  case separate
  /// A queue that the test opens itself, and the reason for that.
  case own(StaticString)

  var isShared: Bool {
    switch self {
    case .joined, .separate: true
    case .none, .own: false
    }
  }

  var isSeparate: Bool { if case .separate = self { true } else { false } }

  var isOwn: Bool { if case .own = self { true } else { false } }
}

/// One test on one backend.
struct Test {
  let name: String
  let queue: NeededQueue
  /// Why no other test may run beside it; nil if other tests may.
  var alone: StaticString?
  /// Nil for a test without a queue.
  var backend: Backend?
  /// True for a test that fails, crashes or hangs on purpose, to test quark-test and kmatrix; it runs only when named.
  var isSelfTest = false
  /// The maximum duration in minutes of a test that takes minutes; it runs only when named.
  var heavyMinutes: Int?
  /// True if the source of the offsets does not matter: then the test is not run with the table.
  var isWithoutTable = false
  /// True if other tests may not open queues while it runs.
  private(set) var isKeepingOthers = false
  private var isDisturbedByMaps = false
  let body: (TestContext) throws(TestEnd) -> Void

  init(
    _ name: String, _ queue: NeededQueue, alone: StaticString? = nil, heavyMinutes: Int? = nil,
    _ body: @escaping (TestContext) throws(TestEnd) -> Void
  ) {
    self.name = name
    self.queue = queue
    self.alone = alone
    self.heavyMinutes = heavyMinutes
    self.body = body
  }

  private var withoutTable: Test {
    var test = self
    test.isWithoutTable = true
    return test
  }

  private func on(_ backend: Backend) -> Test {
    var test = self
    test.backend = backend
    if !backend.isKprobe, test.isDisturbedByMaps { test.isKeepingOthers = true }
    return test
  }

  /// Opening a queue uses maps, and from 7.2 on the kernel may skip BPF programs of other queues meanwhile; it does not
  /// skip kprobes.
  private var disturbedByMaps: Test {
    var test = self
    test.isDisturbedByMaps = true
    return test
  }

  private var disturbedByOpening: Test {
    var test = self
    test.isKeepingOthers = true
    return test
  }

  /// `t_probe @ ebpf`
  var label: String { backend.map { "\(name) @ \($0.name)" } ?? name }

  /// Milliseconds that it may take.
  var timeLimitMS: Int {
    guard let heavyMinutes else { return Options.timeLimitMS }
    return max(Options.timeLimitMS, Options.scaled(heavyMinutes &* 60_000))
  }

  /// All tests in the order of execution: one backend after the other, and then the tests that must run alone.
  static var all: [Test] {
    var tests: [Test] = []
    for backend in [.ebpf, .kprobe, .kprobeTable] as [Backend] {
      let those = common + (backend == .ebpf ? ebpfOnly : kprobeOnly)
      tests += those.filter { backend != .kprobeTable || !$0.isWithoutTable }.map { $0.on(backend) }
    }
    // With only one processor, or without one that can go offline, there is nothing to test.
    if unsafe access("/sys/devices/system/cpu/cpu1/online", W_OK) != 0 {
      tests.removeAll { equal($0.name, "t_cpu_offline") }
    }
    if !Suspend.isPossible { tests.removeAll { equal($0.name, "t_suspend") } }
    tests += selfTests
    return tests.filter { $0.alone == nil } + tests.filter { $0.alone != nil }
  }

  private static var common: [Test] {
    [
      // Tests that take long begin first.
      Test("t_mon_ends", .own("quark-mon has one"), monitorEnds),
      Test("t_mon_nobody", .own("quark-mon has one"), monitorAsNobody),
      Test("t_mon_no_reader", .own("quark-mon has one"), monitorWithoutReader).withoutTable,
      Test("t_mon_more_rights", .own("quark-mon has one"), monitorWithMoreRights).withoutTable,
      Test("t_probe", .own("what is tested is its opening"), probe),
      Test("t_os_release", .none, systemRelease).withoutTable,
      Test("t_fork_exec_exit", .own("it counts what is lost"), forkExecExit).disturbedByMaps,
      Test("t_fork_exec_exit_rel", .joined, execRelative),
      Test("t_memfd_exec", .separate, execMemfd),
      Test("t_exec_deleted", .joined, execDeleted),
      Test("t_exec_script", .separate, execScript),
      Test("t_exec_no_args", .joined, execNoArguments),
      Test("t_exec_fails", .separate, execFails),
      Test("t_exec_thread", .joined, execByThread),
      Test("t_exec_setid", .separate, execSetID),
      Test("t_exec_names", .joined, execByOtherNames),
      Test("t_cwd_mounts", .joined, directoriesAcrossMounts),
      Test("t_cgroup", .separate, controlGroup),
      Test("t_clone_into_cgroup", .separate, cloneIntoGroup),
      Test(
        "t_cgroup_v1", .own("it looks for the hierarchies when it opens"),
        alone: "it takes a controller away from the unified hierarchy", controlGroupV1),
      Test("t_chroot", .joined, execInChroot),
      Test("t_comm", .separate, newNames),
      Test("t_cap_words", .joined, capabilityWords),
      Test("t_terminal", .joined, terminal),
      Test("t_known_at_exit", .joined, knownAtExit),
      Test("t_setns", .joined, enterNamespace),
      Test("t_clone_parent", .joined, cloneParent),
      Test("t_vfork", .joined, vforked),
      Test("t_short_lives", .own("it counts what is lost"), shortLives).disturbedByMaps,
      Test("t_subreaper", .separate, subreaper),
      Test("t_pid_namespace", .joined, pidNamespace),
      Test("t_pid_wrap", .own("its ring must hold all of it"), alone: "it takes the machine's pids away", pidsWrap),
      Test("t_exit_status", .separate, exitStatus),
      Test("t_exit_signal", .separate, exitSignal),
      Test("t_exit_leader_first", .separate, exitLeaderFirst),
      Test("t_no_terminal", .separate, withoutTerminal),
      Test("t_exit_together", .separate, exitTogether),
      Test("t_exit_tgid", .own("it has hardly any hold time"), exitTgid),
      Test("t_namespace", .joined, namespaces),
      Test("t_cache_grace", .own("it has hardly any grace time"), cacheGrace).withoutTable,
      Test("t_min_agg", .own("it asks for the least aggregation"), minimalAggregation).withoutTable,
      Test("t_set_agg_matrix", .separate, emptyMatrix),
      Test("t_stats", .own("its counters must begin at 0"), statistics).disturbedByMaps.withoutTable,
      Test("t_getpid", .own("it asks for calls of getpid"), getpidCalls).disturbedByMaps.withoutTable,
      Test("t_shm", .own("it asks for shared memory"), sharedMemory).disturbedByMaps.withoutTable,
      Test("t_module_fails", .own("it asks for modules"), moduleFails).disturbedByMaps,
      Test("t_module_load", .own("it asks for modules"), moduleLoads).disturbedByMaps,
      Test("t_capabilities_list", .own("it asks for all that there is"), capabilityList).disturbedByMaps.withoutTable,
      Test("t_rule_poison", .own("it has rules"), rulePoison).withoutTable,
      Test("t_rule_poison_existing", .own("it has rules"), rulePoisonExisting).withoutTable,
      Test("t_rule_id", .own("it has rules"), ruleID).withoutTable,
      Test("t_rule_parser", .none, ruleParser).withoutTable,
      Test(
        "t_stopped", .own("nobody may read it meanwhile"), alone: "it counts the machine's tasks", stoppedReader
      ).withoutTable,
      // It looks for any canary.
      Test("t_self_test", .own("it opens with a self-test"), selfTest).disturbedByOpening,
      Test(
        "t_ring_overflow", .own("its ring is small"), alone: "it counts the machine's tasks", ringOverflow
      ).withoutTable,
      Test("t_cpu_offline", .own("it counts what is lost"), alone: "it takes a processor away", processorOffline),
      Test("t_unprivileged", .own("it may not open one"), unprivileged),
      Test("t_descriptors", .own("it may have few descriptors"), descriptorLimit).withoutTable,
      Test(
        "t_lost_dropped", .own("it gives its privileges up"), alone: "it counts the machine's tasks", lossOfDropped
      ).withoutTable,
      Test(
        "t_kernel_helper", .own("it looks for any process"), alone: "it says what the kernel executes", kernelHelpers
      ).withoutTable,
      Test("t_clock_step", .own("it sets the clock"), alone: "it sets the clock", clockSteps).withoutTable,
      Test("t_ground_truth", .own("it is a load"), alone: "it is a load", heavyMinutes: 10, groundTruth),
    ]
  }

  /// Tests of what only EBPF reports, and of its loading.
  private static var ebpfOnly: [Test] {
    [
      Test("t_exec_deep_path", .joined, execDeepPath),
      Test("t_ptrace", .own("it asks for calls of ptrace"), ptraceCalls).disturbedByMaps,
      Test("t_exec_args", .separate, execArguments),
      Test("t_tty", .own("it asks for terminals"), terminalWrites).disturbedByMaps,
      Test("t_tty_load", .own("it is a load"), alone: "it counts what is lost of all terminals", terminalLoad),
      Test("t_env", .own("it has limits of its own"), environmentLimit),
      Test("t_id_change", .joined, idChange),
      Test("t_saved_ids", .separate, savedIDs),
      Test("t_setsid", .separate, newSession),
      Test("t_cgroup_parse", .none, cgroupParse),
      Test("t_hanson", .none, hansonObject),
      Test("t_hanson_escape", .none, hansonEscape),
      Test("t_hooks_kprobe", .own("it may use kprobes only"), hooksKprobe),
      Test("t_hooks_apart", .own("it may not use all kinds of hooks"), hooksApart).disturbedByMaps,
      Test("t_32_bits", .own("it asks for calls"), callers32).disturbedByMaps,
      Test("t_family_load", .own("it is a load"), alone: "it counts the machine's calls", familyLoad),
      Test("t_family_overflow", .own("its ring is small"), alone: "it counts the machine's calls", familyOverflow),
      Test("t_capabilities", .own("it has few privileges"), capabilities),
      Test("t_stats_often", .own("it asks all the time"), statisticsOften).disturbedByMaps,
      Test("t_missed_runs", .own("it says how they are hooked"), alone: "it counts the machine's tasks", missedRuns),
      Test("t_exit_no_notes", .separate, alone: "its queue has no room for notes", exitsWithoutNotes),
      Test("t_mon_types", .own("quark-mon has one"), monitorTypes),
      Test("t_suspend", .own("it has one of each backend"), alone: "it stops the machine", suspended),
      Test("t_leftovers", .own("what is tested is its end"), alone: "it counts the machine's BPF objects", leftovers),
    ]
  }

  /// Tests of what kprobes do not report, and of the kernel's tracing files.
  private static var kprobeOnly: [Test] {
    [
      Test("t_same_lives", .own("it compares two"), sameLives),
      Test("t_ptrace", .own("it asks for calls of ptrace"), kprobePtraceCalls),
      Test("t_unknown", .joined, unknownToKprobes),
      Test("t_long_args", .own("it says when its records are read"), longArguments),
      Test("t_deep_cwd", .separate, deepDirectory),
      Test("t_poorer_kernel", .own("it may not use all that there is"), poorerKernel),
      Test("t_thread_events", .own("it asks for threads"), threadEvents),
      Test(
        "t_stalled_ring", .own("it changes what its rings say"), alone: "what others do puts it right", stalledRing
      ).withoutTable,
      Test("t_fallback", .own("it may not use EBPF"), fallingBack).withoutTable,
      Test(
        "t_probes_left", .own("what is tested is its end"), alone: "it leaves probes for a while", probesLeft
      ).withoutTable,
      Test("t_probes_dropped", .own("it gives its privileges up"), probesOfDropped).withoutTable,
    ]
  }

  /// True only in a child of quark-init.
  static var isInGuest: Bool { equal(environment("QUARK_INITRAMFS") ?? "", "1") && getppid() == 1 }
}

/// Why a test ends early.
enum TestEnd: Error {
  case failed(String)
  case skipped(String)
}

/// Fails the test unless `condition` holds.
@inline(__always)
func expect(
  _ condition: Bool, _ words: @autoclosure () -> String, file: StaticString = #fileID, line: UInt = #line
) throws(TestEnd) {
  if !condition { throw failure(words(), file, line) }
}

/// It is not inlined or specialized, because there are hundreds of calls.
@inline(never)
func failure(_ words: String, _ file: StaticString, _ line: UInt) -> TestEnd { .failed("\(file):\(line): \(words)") }

/// Fails the test unless the two values are equal.
func expectEqual<Value: Equatable & CustomStringConvertible>(
  _ what: StaticString, _ actual: Value, _ expected: Value, file: StaticString = #fileID, line: UInt = #line
) throws(TestEnd) {
  if actual != expected {
    throw failure("\(what) is \(actual.description), expected \(expected.description)", file, line)
  }
}
