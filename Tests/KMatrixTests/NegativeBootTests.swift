import Testing

@testable import kmatrix

/// Each test that goes wrong on purpose must get the right verdict, or the row fails.
@Suite struct NegativeBootTests {
  private static func record(suspects: [String]? = nil, culprit: String? = nil) -> BootRecord {
    BootRecord(
      arguments: [], exit: "0", verdict: .panic, seconds: 1, culprit: culprit, suspects: suspects, console: "",
      channel: "")
  }

  private static let right: KernelResult = {
    let wrong = NegativeBoot.expected.map { FakeRun.test($0.name, $0.verdict, backend: "") }
    var kernel = FakeRun.kernel(
      "7.3.0", .panic, tests: wrong + NegativeBoot.survivors.map { FakeRun.test($0, .pass) },
      reasons: ["Kernel panic", "console line 3: BUG: said on purpose by x_oops"])
    kernel.boots = [
      record(suspects: ["t_probe@ebpf", "x_panic"]), record(culprit: "x_panic"),
      record(suspects: ["x_silence", "x_hang"]), record(culprit: "x_silence"), record(),
    ]
    return kernel
  }()

  @Test func allAsItShouldBe() {
    let judged = NegativeBoot.judged(Self.right)
    #expect(judged.verdict == .pass, "\(judged.reasons)")
    #expect(judged.tests.allSatisfy { $0.verdict == .pass })
    #expect(judged.notes.contains("on purpose: Kernel panic"))
  }

  @Test(arguments: NegativeBoot.expected.map(\.name) + NegativeBoot.survivors)
  func anotherVerdictFails(_ name: String) {
    for verdict in [Verdict.pass, .fail, .crash, .hang, .panic, .notRun, .skip] {
      var kernel = Self.right
      for index in kernel.tests.indices where kernel.tests[index].name == name {
        if kernel.tests[index].verdict == verdict { continue }
        kernel.tests[index].verdict = verdict
        #expect(NegativeBoot.judged(kernel).verdict == .fail)
      }
      kernel.tests.removeAll { $0.name == name }
      #expect(NegativeBoot.judged(kernel).reasons.first?.contains("\(name) has no result") == true)
    }
  }

  @Test func blameIsChecked() {
    func reason(_ change: (inout KernelResult) -> Void) -> String {
      var kernel = Self.right
      change(&kernel)
      let judged = NegativeBoot.judged(kernel)
      #expect(judged.verdict == .fail)
      return judged.reasons.first ?? ""
    }
    #expect(reason { $0.verdict = .crash }.contains("verdict is CRASH, not PANIC"))
    #expect(reason { $0.reasons.removeLast() }.contains("the console's complaint was not noticed"))
    #expect(reason { $0.boots[1].culprit = "t_probe" }.contains("t_probe x_silence is blamed, not x_panic x_silence"))
    #expect(reason { $0.boots[4].culprit = "x_hang" }.contains("x_panic x_silence x_hang is blamed, not x_panic x_"))
    #expect(reason { for boot in 0..<5 { $0.boots[boot].culprit = nil } }.contains("nobody is blamed"))
    #expect(reason { $0.boots[0].suspects = nil }.contains("x_panic did not run beside others"))
    #expect(reason { $0.boots[2].suspects = nil }.contains("x_silence did not run beside others"))
  }

  @Test func allAreAskedFor() {
    #expect(Set(NegativeBoot.command.tests) == Set(NegativeBoot.expected.map(\.name) + NegativeBoot.survivors))
    #expect(NegativeBoot.command.chunked.count == 1)
  }
}
