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
    #expect(kernel.tests[2].reason == "skipped, which nothing foresees: no cgroup2")
  }

  @Test func foreseenSkipIsASkip() throws {
    let skip = Expectation(kind: .skip, test: "t_exit_*@ebpf", reason: "no cgroup2 there")
    let kernel = try Recorded("skip", exit: 0).kernel(expecting: [skip])
    #expect(kernel.verdict == .pass)
    #expect(verdict("t_exit_tgid@ebpf", in: kernel) == .skip)
    #expect(tally(kernel) == "3 passed, 0 failed, 1 skipped")
  }

  /// As a kernel without BTF has them: a backend that is skipped as a whole, and no other.
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
}
