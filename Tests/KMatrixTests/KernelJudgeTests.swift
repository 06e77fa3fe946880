import Testing

@testable import kmatrix

@Suite struct KernelJudgeTests {
  private func tally(_ kernel: KernelResult) -> String { Tally(kernel).description }
  private func verdict(_ test: String, in kernel: KernelResult) -> Verdict? {
    kernel.tests.first { $0.label == test }?.verdict
  }

  @Test func cleanPass() throws {
    let kernel = try Recorded("clean-pass", exit: 0).kernel()
    #expect(kernel.verdict == .pass)
    let labels = ["t_probe@ebpf", "t_fork_exec_exit@ebpf", "t_exit_tgid@ebpf", "t_cgroup_parse"]
    #expect(kernel.tests.map(\.label) == labels)
    #expect(kernel.tests.allSatisfy { $0.seconds == 0.21 && $0.boot == 1 })
    #expect(tally(kernel) == "4 passed, 0 failed, 0 skipped")
  }

  @Test func threeHundredFailuresAreThreeHundred() throws {
    let kernel = try Recorded("300-failures", exit: 99).kernel()
    #expect(kernel.verdict == .fail)
    #expect(tally(kernel) == "0 passed, 300 failed, 0 skipped")
  }

  @Test func unforeseenSkipFails() throws {
    let kernel = try Recorded("skip", exit: 0).kernel()
    #expect(kernel.verdict == .fail)
    #expect(verdict("t_exit_tgid@ebpf", in: kernel) == .fail)
    #expect(kernel.tests[2].reason == "skipped, but kernels.toml does not expect that: no cgroup2")
  }

  @Test func foreseenSkipIsASkip() throws {
    let skip = Expectation(kind: .skip, test: "t_exit_*@ebpf", reason: "no cgroup2 there")
    let kernel = try Recorded("skip", exit: 0).kernel(expecting: [skip])
    #expect(kernel.verdict == .pass)
    #expect(verdict("t_exit_tgid@ebpf", in: kernel) == .skip)
    #expect(tally(kernel) == "3 passed, 0 failed, 1 skipped")
  }

  /// A kernel without BTF skips one whole backend, and no other.
  @Test func aWholeBackendMayBeForeseen() throws {
    let skip = Expectation(kind: .skip, test: "*@ebpf", reason: "no BTF")
    let foreseen = try Recorded("skip", exit: 0).kernel(expecting: [skip])
    #expect((foreseen.verdict, verdict("t_exit_tgid@ebpf", in: foreseen)) == (.pass, .skip))
    for others in ["*@kprobe", "*@kprobe-table", "*@"] {
      let other = Expectation(kind: .skip, test: others, reason: "no BTF")
      let unforeseen = try Recorded("skip", exit: 0).kernel(expecting: [other])
      #expect((unforeseen.verdict, verdict("t_exit_tgid@ebpf", in: unforeseen)) == (.fail, .fail))
    }
    #expect(!Glob(pattern: "*@kprobe").matches("t_probe@kprobe-table"))
    #expect(!Glob(pattern: "*@*").matches("t_cgroup_parse"))
  }

  @Test func foreseenFailureIsAnXfail() throws {
    let xfail = Expectation(kind: .xfail, test: "t_fork_exec_exit@*", reason: "known")
    let kernel = try Recorded("one-failure", exit: 1).kernel(expecting: [xfail])
    #expect(kernel.verdict == .pass)
    #expect(verdict("t_fork_exec_exit@ebpf", in: kernel) == .xfail)
    #expect(tally(kernel) == "3 passed, 0 failed, 1 skipped")
  }

  @Test func aPassIsForeseenAfterAll() throws {
    let all = Expectation(kind: .xfail, test: "*@ebpf", reason: "known")
    let some = ["t_probe@*", "t_[!f]*@ebpf"].map { Expectation(kind: .pass, test: $0, reason: "needs nothing") }
    let kernel = try Recorded("one-failure", exit: 1).kernel(expecting: [all] + some)
    #expect(kernel.verdict == .pass)
    #expect(kernel.tests.map(\.verdict) == [.pass, .xfail, .pass, .pass])
    let failed = Expectation(kind: .pass, test: "*", reason: "wrongly so")
    #expect(try Recorded("one-failure", exit: 1).kernel(expecting: [all, failed]).verdict == .fail)
  }

  @Test func unexpectedPassFails() throws {
    let xfail = Expectation(kind: .xfail, test: "t_probe@ebpf", reason: "known")
    let kernel = try Recorded("clean-pass", exit: 0).kernel(expecting: [xfail])
    #expect(kernel.verdict == .xpass)
    #expect(tally(kernel) == "3 passed, 1 failed, 0 skipped")
  }

  @Test func crashedChildIsACrashAndExplainsItsSegfaultLine() throws {
    let kernel = try Recorded("child-crash", exit: 1).kernel()
    #expect(kernel.verdict == .fail)
    #expect(kernel.reasons == [])
    #expect(verdict("t_fork_exec_exit@ebpf", in: kernel) == .crash)
    #expect(kernel.tests[1].output == "about to crash\n")
  }

  @Test(arguments: [("panic", 126, Verdict.panic), ("hang", 124, .hang), ("signal-11", 1, .crash)])
  func culpritIsNamedAndTheRestIsLeft(_ name: String, _ exit: Int, _ expected: Verdict) throws {
    let kernel = try Recorded(name, exit: exit).kernel()
    #expect(kernel.verdict == expected)
    #expect(kernel.tests.map(\.verdict) == [.pass, expected, .notRun, .notRun])
    #expect(tally(kernel) == "1 passed, 3 failed, 0 skipped")
  }

  @Test func damagedResultIsNoPassAndNotRunAgain() throws {
    let kernel = try Recorded("wrong-crc", exit: 0).kernel()
    #expect(kernel.verdict == .fail)
    #expect(kernel.tests.map(\.verdict) == [.pass, .pass, .fail, .pass])
  }

  @Test(arguments: [("boot-failure", 127, Verdict.bootFail), ("silence", 0, .fail), ("oops", 0, .crash)])
  func aFailedKernelCountsAtLeastOnce(_ name: String, _ exit: Int, _ expected: Verdict) throws {
    let kernel = try Recorded(name, exit: exit).kernel()
    #expect(kernel.verdict == expected)
    #expect(Tally(kernel).failed == 1)
    #expect(!Tally(kernel).isSuccess)
  }

  @Test func aKernelThatNeverBootedDidNotRun() {
    let image = KernelImage(
      release: "6.1", series: "6.1", flavour: "cloud", path: "", replaces: "6.0", expectations: [])
    let kernel = KernelJudge(image).result()
    #expect(kernel.verdict == .notRun)
    #expect(kernel.notes == ["runs in place of 6.0, which the mirror has dropped"])
    #expect(Tally(kernel).failed == 1)
  }

  private let image = KernelImage(
    release: Recorded.release, series: "6.1", flavour: "cloud", path: "", replaces: nil, expectations: [])

  /// A boot that panics, with `frames` after the plan.
  private func panic(_ frames: [String], jobs: Int = 8, exit: Int = 126) throws -> Recorded {
    var recorded = try Recorded(exit == 126 ? "panic" : "clean-pass", exit: exit)
    let begin = [Frames.hello(jobs: jobs), Frames.plan("t_a@ebpf", "t_b@ebpf", "t_c@ebpf", "t_d@")]
    recorded.artifacts.channel = Frames.channel(begin + frames)
    return recorded
  }

  private static let three = [Frames.start(0, "t_a@ebpf"), Frames.start(1, "t_b@ebpf"), Frames.start(2, "t_c@ebpf")]

  @Test func nobodyIsBlamedBesideOthers() throws {
    let recorded = try panic(Self.three + [Frames.result(1)])
    #expect(recorded.judge.culprit == nil)
    #expect(recorded.judge.suspects.map(\.label) == ["t_a@ebpf", "t_c@ebpf"])
    var kernel = KernelJudge(image)
    recorded.add(to: &kernel)
    #expect(kernel.suspects.map(\.label) == ["t_a@ebpf", "t_c@ebpf"])
    #expect(kernel.remaining.map(\.label) == ["t_a@ebpf", "t_c@ebpf", "t_d"])
  }

  @Test func whoDoesItAgainIsBlamedAlone() throws {
    var kernel = KernelJudge(image)
    try panic(Self.three).add(to: &kernel)
    try panic([Self.three[0], Frames.result(0), Self.three[1]], jobs: 1).add(to: &kernel)
    #expect(kernel.suspects == [])
    #expect(kernel.remaining.map(\.label) == ["t_c@ebpf", "t_d"])
    let result = kernel.result()
    #expect(result.tests.map(\.verdict) == [.pass, .panic, .notRun, .notRun])
    #expect(result.notes == [
      "boot 1 ended while t_a@ebpf t_b@ebpf t_c@ebpf ran; t_b@ebpf by itself ended boot 2"
    ])
  }

  @Test func ifNobodyDoesItAloneAllHaveFailed() throws {
    var kernel = KernelJudge(image)
    try panic(Self.three).add(to: &kernel)
    let alone = Self.three.enumerated().flatMap { index, start in
      [start, Frames.result(index, index == 1 ? "fail" : "pass")]
    }
    var second = try panic(alone + [Frames.end(passed: 2, failed: 1)], jobs: 1, exit: 1)
    second.artifacts.console = try Fixture.bytes("Boots/one-failure.console.txt")
    second.add(to: &kernel)
    #expect(kernel.suspects == [])
    let result = kernel.result()
    #expect(result.verdict == .panic)
    #expect(result.tests.map(\.verdict) == [.fail, .fail, .fail, .notRun])
    let panicked = "boot 1 was PANIC: Kernel panic - not syncing: sysrq triggered crash"
    #expect(result.tests[0].reason == "it ran beside t_b@ebpf t_c@ebpf, and \(panicked); by itself it passes")
    #expect(result.tests[1].reason == "it ran beside t_a@ebpf t_c@ebpf, and \(panicked); by itself it fails, too: ")
    #expect(result.reasons.contains(
      "boot 1 was PANIC while t_a@ebpf t_b@ebpf t_c@ebpf ran, and none of them causes that by itself"))
  }

  @Test func suspectsThatNobodyTriesHaveFailed() throws {
    var kernel = KernelJudge(image)
    try panic(Self.three).add(to: &kernel)
    kernel.giveUp()
    let result = kernel.result()
    #expect(result.tests.map(\.verdict) == [.fail, .fail, .fail, .notRun])
    #expect(result.tests[2].reason.hasSuffix("; it was not run by itself"))
  }

  /// A test that passed in an earlier boot is still suspected if it runs again beside others when the kernel dies.
  @Test func whoPassedMayBeSuspectedLater() throws {
    var kernel = KernelJudge(image)
    try panic([Self.three[0], Frames.result(0), Self.three[1]]).add(to: &kernel)
    try panic([Self.three[0], Self.three[2]]).add(to: &kernel)
    #expect(kernel.suspects.map(\.label) == ["t_a@ebpf", "t_c@ebpf"])
  }

  @Test(arguments: [(BootEnd.interrupted, Verdict.notRun), (.signaled(9), .infra)])
  func whatEndsFromOutsideIsNobodysFault(_ end: BootEnd, _ expected: Verdict) throws {
    var recorded = try Recorded("hang", end: end)
    recorded.artifacts.channel = try panic(Self.three).artifacts.channel
    var kernel = KernelJudge(image)
    recorded.add(to: &kernel)
    #expect(kernel.suspects == [])
    #expect(kernel.result().tests.map(\.verdict) == [expected, expected, expected, .notRun])
  }

  @Test func whoIsInterruptedByHimselfIsNotBlamed() throws {
    var kernel = KernelJudge(image)
    try panic(Self.three).add(to: &kernel)
    var second = try Recorded("hang", end: .interrupted)
    second.artifacts.channel = try panic([Self.three[0]], jobs: 1).artifacts.channel
    second.add(to: &kernel)
    kernel.giveUp()
    #expect(kernel.result().tests.map(\.verdict) == [.notRun, .fail, .fail, .notRun])
    #expect(kernel.result().notes == [])
  }

  /// A test may run again because that is cheaper than a boot without it.
  @Test func theWorseOfTwoResultsStands() throws {
    var kernel = KernelJudge(image)
    try panic([Self.three[0], Frames.result(0), Self.three[1]]).add(to: &kernel)
    try panic([Self.three[0], Frames.result(0, "fail"), Self.three[2], Frames.result(2)]).add(to: &kernel)
    try panic([Self.three[0], Frames.result(0)]).add(to: &kernel)
    #expect(kernel.result().tests.map(\.verdict) == [.fail, .panic, .pass, .notRun])
    #expect(kernel.culprits.map(\.label) == ["t_b@ebpf"])
  }

  @Test func aResultThatIsLostBesideOthersIsNoPass() throws {
    var recorded = try Recorded("clean-pass", exit: 0)
    recorded.artifacts.channel = Frames.channel([
      Frames.hello(), Frames.plan("t_a@ebpf", "t_b@ebpf"), Frames.start(0, "t_a@ebpf"), Frames.start(1, "t_b@ebpf"),
      Frames.result(1), Frames.end(passed: 2),
    ])
    let kernel = recorded.kernel()
    #expect(kernel.verdict == .fail)
    #expect(kernel.tests.map(\.verdict) == [.fail, .pass])
    #expect(kernel.tests[0].reason == "it ran, but its result frame was damaged")
  }

  @Test func aGuestDoesAsItIsTold() throws {
    var recorded = try Recorded("clean-pass", exit: 0)
    #expect(recorded.judge.verdict == .pass)
    var command = GuestCommand(tests: [])
    command.seed = 7
    #expect(recorded.judge(of: command).reasons == [
      "the tests were to be shuffled with seed 7, but the guest used 0"
    ])
    let alone = recorded.judge(of: command.alone).reasons
    #expect(alone.first == "each test was to run by itself, but the guest ran 8 side by side")
    let frames = [Frames.hello(jobs: 1, seed: 7), Frames.plan("t_a@"), Frames.start(0, "t_a@"), Frames.result(0)]
    recorded.artifacts.channel = Frames.channel(frames + [Frames.end(passed: 1)])
    #expect(recorded.judge(of: command.alone).reasons == [])
  }
}
