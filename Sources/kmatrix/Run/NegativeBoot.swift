/// The proof that failures are noticed. Tests that go wrong on purpose, each in its own way, run side by side with
/// others. The row passes if each of them gets the right verdict, those that end the guest are blamed alone, and the
/// others pass. Anything else is a fault of kmatrix, quark-test or krun.sh.
enum NegativeBoot {
  typealias Wrong = (name: String, verdict: Verdict)

  /// Tests that end the guest while others run: one panics the kernel, and one stops quark-test.
  static let deadly: [Wrong] = [("x_panic", .panic), ("x_silence", .hang)]

  /// The tests that go wrong, and the verdicts that they must get.
  static let expected: [Wrong] = deadly + [
    ("x_fail", .fail), ("x_skip", .fail), ("x_crash", .crash), ("x_hang", .hang), ("x_leak", .fail),
    ("x_leave_process", .fail), ("x_leave_probe", .fail),
    // It passes, but the complaint that it makes on the console must be noticed.
    ("x_oops", .pass),
  ]
  private static let complaint = "said on purpose by x_oops"

  static let survivors = ["t_probe", "t_exec_fails", "t_exit_tgid"]

  /// The tests that end the guest come early, with others before them. Each is found by a boot of its own, and the rest
  /// takes one more boot, in which x_hang comes first because it takes longest.
  static let command = GuestCommand(tests: [
    "t_probe", "t_exec_fails", "x_panic", "t_exit_tgid", "x_silence", "x_hang", "x_fail", "x_crash", "x_skip", "x_leak",
    "x_leave_process", "x_leave_probe", "x_oops",
  ])

  /// Shorter limits, because a test that hangs is waited for twice: beside others and by itself.
  static func limits(_ limits: BootBudget.Limits) -> BootBudget.Limits {
    var limits = limits
    limits.test = min(limits.test, 5)
    limits.silence = min(limits.silence, 10)
    return limits
  }

  static func judged(_ result: KernelResult) -> KernelResult {
    var judged = result
    judged.negative = true
    guard result.verdict != .notRun else { return judged }
    let complaints = complaints(result)
    guard complaints.isEmpty else {
      judged.verdict = .fail
      judged.reasons = complaints.map { "the tests that go wrong on purpose were not judged correctly: \($0)" }
        + result.reasons
      return judged
    }
    judged.verdict = .pass
    judged.notes += result.reasons.map { "on purpose: \($0)" }
    judged.reasons = []
    for index in judged.tests.indices where judged.tests[index].verdict != .pass {
      judged.tests[index].reason = "on purpose, and judged \(judged.tests[index].verdict.rawValue): "
        + judged.tests[index].reason
      judged.tests[index].verdict = .pass
    }
    return judged
  }

  private static func complaints(_ result: KernelResult) -> [String] {
    var complaints: [String] = []
    if result.verdict != .panic { complaints.append("the kernel's verdict is \(result.verdict.rawValue), not PANIC") }
    for (name, verdict) in expected + survivors.map({ ($0, Verdict.pass) }) {
      let tests = result.tests.filter { $0.name == name }
      if tests.isEmpty { complaints.append("\(name) has no result") }
      for test in tests where test.verdict != verdict {
        complaints.append("\(test.label) is \(test.verdict.rawValue), not \(verdict.rawValue)")
      }
    }
    if !result.reasons.contains(where: { $0.contains(complaint) }) {
      complaints.append("the console's complaint was not noticed")
    }
    return complaints + blame(result)
  }

  private static func blame(_ result: KernelResult) -> [String] {
    let named = result.boots.compactMap(\.culprit)
    guard named.sorted() == deadly.map(\.name).sorted() else {
      let blamed = named.isEmpty ? "nobody" : named.joined(separator: " ")
      return ["\(blamed) is blamed, not \(deadly.map(\.name).joined(separator: " "))"]
    }
    let companies = result.boots.compactMap(\.suspects)
    return deadly.map(\.name).filter { name in !companies.contains { $0.contains(name) && $0.count > 1 } }.map {
      "\($0) did not run beside others, so no culprit had to be found"
    }
  }
}
