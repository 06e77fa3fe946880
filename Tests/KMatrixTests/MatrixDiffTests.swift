import Testing

@testable import kmatrix

@Suite struct MatrixDiffTests {
  private func diff(_ old: [KernelResult], _ new: [KernelResult]) -> MatrixDiff {
    MatrixDiff(from: FakeRun.results(old), to: FakeRun.results(new))
  }

  private let good = FakeRun.kernel("6.1.0", .pass, tests: [FakeRun.test("t_a", .pass), FakeRun.test("t_b", .pass)])

  @Test func nothingChanged() {
    let diff = diff([good], [good])
    #expect(!diff.isWorse)
    #expect(diff.lines == ["No change."])
  }

  @Test func failingAndPassing() {
    let bad = FakeRun.kernel(
      "6.1.0", .fail, tests: [FakeRun.test("t_a", .fail, reason: "exited with 1"), FakeRun.test("t_b", .pass)])
    let worse = diff([good], [bad])
    #expect(worse.newlyFailing == ["6.1.0: PASS → FAIL", "6.1.0 t_a@ebpf: PASS → FAIL (exited with 1)"])
    #expect(worse.isWorse)
    let better = diff([bad], [good])
    #expect(better.newlyPassing == ["6.1.0: FAIL → PASS", "6.1.0 t_a@ebpf: FAIL → PASS"])
    #expect(!better.isWorse)
  }

  @Test func whatIsGoneIsWorse() {
    let less = FakeRun.kernel("6.1.0", .pass, tests: [FakeRun.test("t_a", .pass)])
    #expect(diff([good], [less]).gone == ["6.1.0 t_b@ebpf"])
    #expect(diff([good], [less]).isWorse)
    #expect(diff([good], []).gone == ["6.1.0"])
    let skipped = FakeRun.kernel("6.1.0", .pass, tests: [FakeRun.test("t_a", .pass), FakeRun.test("t_b", .skip)])
    #expect(diff([good], [skipped]).gone == ["6.1.0 t_b@ebpf: PASS → SKIP"])
  }

  @Test func aReplacementIsTheSameKernel() {
    var replaced = good
    replaced.release = "6.1.1"
    replaced.replaces = "6.1.0"
    #expect(diff([good], [replaced]).lines == ["No change."])
  }

  @Test func newOnes() {
    let failing = FakeRun.kernel("7.3.0", .bootFail, reasons: ["init was never reached"])
    let diff = diff([good], [good, failing])
    #expect(diff.new == ["7.3.0"])
    #expect(diff.newlyFailing == ["7.3.0: new, BOOT-FAIL (init was never reached)"])
  }

  @Test func timesBeyondAFifth() {
    var slow = good
    slow.seconds = 4.9
    #expect(diff([good], [slow]).slower == ["6.1.0: 4.0 s → 4.9 s"])
    #expect(diff([slow], [good]).faster.isEmpty, "18 % less is no news")
    slow.seconds = 4.7
    #expect(diff([good], [slow]).lines == ["No change."])
    slow.seconds = 8
    #expect(diff([slow], [good]).faster == ["6.1.0: 8.0 s → 4.0 s"])
    #expect(!diff([good], [slow]).isWorse)
  }
}
