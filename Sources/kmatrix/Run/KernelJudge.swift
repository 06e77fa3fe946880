/// Puts the boots of one kernel together: who has a result, who is to blame, what is left to run.
struct KernelJudge: Sendable {
  let image: KernelImage
  private(set) var boots: [BootRecord] = []
  private(set) var notes: [String] = []
  private var reasons: [String] = []
  private var worst = Verdict.pass
  private var excerpt: [String] = []
  private var seconds = 0.0
  private(set) var planned: [TestID] = []
  private var results: [TestID: TestResult] = [:]
  private var company: Company?
  /// Tests that end a boot by themselves: they are not run again.
  private(set) var culprits: Set<TestID> = []

  init(_ image: KernelImage) {
    self.image = image
    if let replaced = image.replaces { notes.append("runs in place of \(replaced), which the mirror has dropped") }
  }

  /// Planned tests that have had no chance yet, in the order of the plan.
  var remaining: [TestID] { planned.filter { results[$0] == nil } }
  var settled: Int { results.count }
  /// Tests of which one may have ended a boot, and which have not run by themselves yet.
  var suspects: [TestID] { company?.tests.filter { results[$0] == nil } ?? [] }

  mutating func note(_ text: String) {
    notes.append(text)
  }

  /// A boot that failed before it came to the tests and is tried again: shown, but not held against the kernel.
  mutating func addFlaky(_ judge: BootJudge, record: BootRecord) {
    boots.append(record)
    seconds += record.seconds
    if excerpt.isEmpty { excerpt = judge.console.excerpt }
    notes.append("boot \(boots.count) was \(judge.verdict.rawValue) and was tried again: \(judge.reasons[0])")
  }

  mutating func add(_ judge: BootJudge, record: BootRecord) {
    boots.append(record)
    seconds += record.seconds
    for test in judge.transcript.plan ?? [] where !planned.contains(test) { planned.append(test) }
    for (index, outcome) in judge.transcript.outcomes {
      if let test = judge.transcript.test(index) { settle(test, outcome) }
    }
    if judge.verdict != .pass {
      if worst == .pass { excerpt = judge.console.excerpt }
      reasons += judge.reasons.map { boots.count > 1 ? "boot \(boots.count): \($0)" : $0 }
      if judge.verdict.severity > worst.severity { worst = judge.verdict }
    }
    accuse(judge)
    settleDamaged(judge)
    if company != nil, suspects.isEmpty { acquit() }
  }

  private mutating func settle(_ test: TestID, _ outcome: ResultFrame.Outcome) {
    let told = TestResult(
      name: test.name, backend: test.backend, verdict: .pass, seconds: outcome.ms.seconds,
      reason: TerminalText.plain(outcome.reason), output: TerminalText.plain(outcome.output), boot: boots.count)
    let result = weigh(told, outcome.verdict)
    // If it ran before, in a boot that ended too soon, the worse result stands.
    if let before = results[test], before.verdict.severity >= result.verdict.severity { return }
    results[test] = result
  }

  /// Compares what happened with what `kernels.toml` foresees. What it does not foresee is a failure.
  private func weigh(_ told: TestResult, _ kind: ResultFrame.Outcome.Kind) -> TestResult {
    var result = told
    var foreseen = image.expectations.filter { Glob(pattern: $0.test).matches(told.label) }
    if foreseen.contains(where: { $0.kind == .pass }) { foreseen = [] }
    let xfail = foreseen.first { $0.kind == .xfail }
    switch kind {
    case .pass:
      if let xfail {
        result.verdict = .xpass
        result.reason = "passed, though a failure is expected: \(xfail.reason)"
      }
      return result
    case .skip:
      let allowed = foreseen.first { $0.kind == .skip }
      result.verdict = allowed == nil ? .fail : .skip
      if allowed == nil { result.reason = "skipped, which nothing foresees: \(told.reason)" }
      return result
    case .fail: result.verdict = .fail
    case .crash: result.verdict = .crash
    case .timeout: result.verdict = .hang
    }
    if let xfail {
      result.verdict = .xfail
      result.reason = "\(told.reason) (expected: \(xfail.reason))"
    }
    return result
  }

  /// What the reason of a culprit begins with; what the boot ended of follows.
  static let blamed = "running when the boot ended: "

  private mutating func accuse(_ judge: BootJudge) {
    // Of a boot that was ended from outside nothing is to be found out.
    let isOwnEnd = judge.verdict != .notRun && judge.verdict != .infra
    if judge.suspects.count > 1, isOwnEnd {
      company = Company(
        boot: boots.count, tests: judge.suspects, verdict: judge.verdict, reason: judge.reasons.first ?? "no reason")
      // A test may have passed before; now it is suspected, and has to pass by itself.
      for test in judge.suspects { results[test] = nil }
      return
    }
    for test in judge.suspects { blame(test, for: judge) }
    culprits.formUnion(judge.suspects)
    guard isOwnEnd, let company, let culprit = judge.culprit else { return }
    notes.append(
      "boot \(company.boot) ended with \(company.labels) running; by itself \(culprit.label) ends boot \(boots.count)")
    self.company = nil
  }

  private mutating func blame(_ test: TestID, for judge: BootJudge) {
    let verdict: Verdict =
      switch judge.verdict {
      case .panic, .hang, .notRun, .infra: judge.verdict
      default: .crash
      }
    results[test] = TestResult(
      name: test.name, backend: test.backend, verdict: verdict, seconds: 0,
      reason: "\(Self.blamed)\(judge.reasons.first ?? "no reason")", output: "", boot: boots.count)
  }

  /// Nobody does it by himself: then it takes their company, and all of them have failed.
  private mutating func acquit() {
    guard let company else { return }
    reasons.append(
      "boot \(company.boot) was \(company.verdict.rawValue) with \(company.labels) running, and none of them does it "
        + "by itself")
    for test in company.tests {
      guard var result = results[test] else { continue }
      let alone =
        switch result.verdict.tally {
        case .passed: TestResult.passesAlone
        case .skipped: "; by itself it is \(result.verdict.rawValue): \(result.reason)"
        case .failed: "; by itself it fails, too: \(result.reason)"
        }
      result.verdict = .fail
      result.reason = company.reason(of: test) + alone
      results[test] = result
    }
    self.company = nil
  }

  /// No boot will tell any more which of the suspects did it.
  mutating func giveUp() {
    for test in suspects {
      results[test] = TestResult(
        name: test.name, backend: test.backend, verdict: .fail, seconds: 0,
        reason: (company?.reason(of: test) ?? "") + "; it was not run by itself", output: "", boot: boots.count)
    }
    company = nil
  }

  /// A test that was started in a boot that came to its end, and has no valid result: its result frame was damaged. It
  /// is not run again, or the damage would go unnoticed.
  private mutating func settleDamaged(_ judge: BootJudge) {
    guard judge.suspects.isEmpty else { return }
    for index in judge.transcript.started.sorted() {
      guard let test = judge.transcript.test(index), results[test] == nil else { continue }
      results[test] = TestResult(
        name: test.name, backend: test.backend, verdict: .fail, seconds: 0,
        reason: "ran, but its result did not arrive whole", output: "", boot: boots.count)
    }
  }

  func result() -> KernelResult {
    var tests = planned.compactMap { results[$0] }
    tests += remaining.map {
      TestResult(
        name: $0.name, backend: $0.backend, verdict: .notRun, seconds: 0, reason: "no boot came to it", output: "",
        boot: 0)
    }
    return KernelResult(
      release: image.release, series: image.series, flavour: image.flavour, verdict: verdict(of: tests),
      seconds: (seconds * 1000).rounded() / 1000, replaces: image.replaces, reasons: reasons, notes: notes,
      excerpt: excerpt, boots: boots, tests: tests)
  }

  private func verdict(of tests: [TestResult]) -> Verdict {
    if boots.isEmpty { return .notRun }
    if worst.severity > Verdict.fail.severity { return worst }
    let failed = tests.map(\.verdict).filter { $0.tally == .failed }
    if worst == .fail || failed.contains(where: { $0 != .xpass && $0 != .notRun }) { return .fail }
    if worst == .notRun || failed.contains(.notRun) { return .notRun }
    if !failed.isEmpty { return .xpass }
    if tests.contains(where: { $0.verdict == .pass }) { return .pass }
    return tests.contains { $0.verdict == .xfail } ? .xfail : .skip
  }
}

/// Tests that ran side by side when a boot ended too soon.
private struct Company: Sendable {
  var boot: Int
  var tests: [TestID]
  var verdict: Verdict
  var reason: String

  var labels: String { tests.map(\.label).joined(separator: " ") }

  func reason(of test: TestID) -> String {
    let others = tests.filter { $0 != test }.map(\.label).joined(separator: " ")
    return "in company with \(others) boot \(boot) was \(verdict.rawValue): \(reason)"
  }
}

extension TestResult {
  /// What the reason of a test ends with that fails in company only. The guest's own words, too.
  static let passesAlone = "; by itself it passes"
}
