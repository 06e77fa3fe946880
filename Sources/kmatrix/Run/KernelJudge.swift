/// Combines the boots of one kernel: which tests have a result, which are to blame, and which are left to run.
struct KernelJudge: Sendable {
  let image: KernelImage
  private(set) var boots: [BootRecord] = []
  private(set) var notes: [String] = []
  private var reasons: [String] = []
  private var worst = Verdict.pass
  private var excerpt: [String] = []
  private var seconds = 0.0
  private(set) var planned: [TestID] = []
  private var results: [TestID: TestRecord] = [:]
  private var group: SuspectGroup?
  /// Tests that ended a boot by themselves. They are not run again.
  private(set) var culprits: Set<TestID> = []

  init(_ image: KernelImage) {
    self.image = image
    if let replaced = image.replaces { notes.append("runs in place of \(replaced), which the mirror has dropped") }
  }

  /// Planned tests that have no result yet, in the order of the plan.
  var remaining: [TestID] { planned.filter { results[$0] == nil } }
  var settled: Int { results.count }
  /// Tests of which one may have ended a boot, and which have not run by themselves yet.
  var suspects: [TestID] { group?.tests.filter { results[$0] == nil } ?? [] }

  mutating func note(_ text: String) {
    notes.append(text)
  }

  /// Adds a boot that failed before its tests began, or that the emulator broke, and that is tried again. It is shown,
  /// but does not count as a failure.
  mutating func addFlaky(_ judge: BootJudge, record: BootRecord) {
    boots.append(record)
    seconds += record.seconds
    if excerpt.isEmpty { excerpt = judge.console.excerpt }
    let why =
      judge.console.emulatorFault.map { "the emulator executed code that was not there: \($0)" } ?? judge.reasons[0]
    notes.append("boot \(boots.count) was \(judge.verdict.rawValue) and was tried again: \(why)")
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
    if group != nil, suspects.isEmpty { failGroup() }
  }

  private mutating func settle(_ test: TestID, _ outcome: ResultFrame.Outcome) {
    let told = TestRecord(
      name: test.name, backend: test.backend, verdict: .pass, seconds: outcome.ms.seconds,
      reason: TerminalText.line(outcome.reason), output: TerminalText.plain(outcome.output), boot: boots.count)
    let result = weigh(told, outcome.verdict)
    // If it ran before, in a boot that ended too soon, the worse result stands.
    if let before = results[test], before.verdict.severity >= result.verdict.severity { return }
    results[test] = result
  }

  /// Compares a result with what `kernels.toml` expects. What it does not expect is a failure.
  private func weigh(_ told: TestRecord, _ kind: ResultFrame.Outcome.Kind) -> TestRecord {
    var result = told
    var expected = image.expectations.filter { Glob(pattern: $0.test).matches(told.label) }
    if expected.contains(where: { $0.kind == .pass }) { expected = [] }
    let xfail = expected.first { $0.kind == .xfail }
    switch kind {
    case .pass:
      if let xfail {
        result.verdict = .xpass
        result.reason = "passed, though a failure is expected: \(xfail.reason)"
      }
      return result
    case .skip:
      let allowed = expected.first { $0.kind == .skip }
      result.verdict = allowed == nil ? .fail : .skip
      if allowed == nil { result.reason = "skipped, but kernels.toml does not expect that: \(told.reason)" }
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

  /// The beginning of a culprit's reason. Why the boot ended follows.
  static let blamed = "running when the boot ended: "

  private mutating func accuse(_ judge: BootJudge) {
    // A boot that was ended from outside tells nothing about its tests.
    let isOwnEnd = judge.verdict != .notRun && judge.verdict != .infra
    if judge.suspects.count > 1, isOwnEnd {
      group = SuspectGroup(
        boot: boots.count, tests: judge.suspects, verdict: judge.verdict, reason: judge.reasons.first ?? "no reason")
      // A test may have passed before; now it is suspected, and has to pass by itself.
      for test in judge.suspects { results[test] = nil }
      return
    }
    for test in judge.suspects { blame(test, for: judge) }
    culprits.formUnion(judge.suspects)
    guard isOwnEnd, let group, let culprit = judge.culprit else { return }
    notes.append(
      "boot \(group.boot) ended while \(group.labels) ran; \(culprit.label) by itself ended boot \(boots.count)")
    self.group = nil
  }

  private mutating func blame(_ test: TestID, for judge: BootJudge) {
    let verdict: Verdict =
      switch judge.verdict {
      case .panic, .hang, .notRun, .infra: judge.verdict
      default: .crash
      }
    results[test] = TestRecord(
      name: test.name, backend: test.backend, verdict: verdict, seconds: 0,
      reason: "\(Self.blamed)\(judge.reasons.first ?? "no reason")", output: "", boot: boots.count)
  }

  /// If no suspect ends a boot by itself, they do it only together, and all of them have failed.
  private mutating func failGroup() {
    guard let group else { return }
    reasons.append(
      "boot \(group.boot) was \(group.verdict.rawValue) while \(group.labels) ran, and none of them causes that "
        + "by itself")
    for test in group.tests {
      guard var result = results[test] else { continue }
      let alone =
        switch result.verdict.countedAs {
        case .passed: TestRecord.passesAlone
        case .skipped: "; by itself it is \(result.verdict.rawValue): \(result.reason)"
        case .failed: "; by itself it fails, too: \(result.reason)"
        }
      result.verdict = .fail
      result.reason = group.reason(of: test) + alone
      results[test] = result
    }
    self.group = nil
  }

  /// Ends the search for the culprit: suspects that were not run by themselves have failed.
  mutating func giveUp() {
    for test in suspects {
      results[test] = TestRecord(
        name: test.name, backend: test.backend, verdict: .fail, seconds: 0,
        reason: (group?.reason(of: test) ?? "") + "; it was not run by itself", output: "", boot: boots.count)
    }
    group = nil
  }

  /// If a test was started in a boot that was not cut short and has no valid result, its result frame was damaged. The
  /// test is not run again, because then the damage would go unnoticed.
  private mutating func settleDamaged(_ judge: BootJudge) {
    guard judge.suspects.isEmpty else { return }
    for index in judge.transcript.started.sorted() {
      guard let test = judge.transcript.test(index), results[test] == nil else { continue }
      results[test] = TestRecord(
        name: test.name, backend: test.backend, verdict: .fail, seconds: 0,
        reason: "it ran, but its result frame was damaged", output: "", boot: boots.count)
    }
  }

  func result() -> KernelResult {
    var tests = planned.compactMap { results[$0] }
    tests += remaining.map {
      TestRecord(
        name: $0.name, backend: $0.backend, verdict: .notRun, seconds: 0, reason: "no boot reached it", output: "",
        boot: 0)
    }
    return KernelResult(
      release: image.release, series: image.series, flavour: image.flavour, verdict: verdict(of: tests),
      seconds: (seconds * 1000).rounded() / 1000, replaces: image.replaces, reasons: reasons, notes: notes,
      excerpt: excerpt, boots: boots, tests: tests)
  }

  private func verdict(of tests: [TestRecord]) -> Verdict {
    if boots.isEmpty { return .notRun }
    if worst.severity > Verdict.fail.severity { return worst }
    let failed = tests.map(\.verdict).filter { $0.countedAs == .failed }
    if worst == .fail || failed.contains(where: { $0 != .xpass && $0 != .notRun }) { return .fail }
    if worst == .notRun || failed.contains(.notRun) { return .notRun }
    if !failed.isEmpty { return .xpass }
    if tests.contains(where: { $0.verdict == .pass }) { return .pass }
    return tests.contains { $0.verdict == .xfail } ? .xfail : .skip
  }
}

/// Tests that ran side by side when a boot ended too soon.
private struct SuspectGroup: Sendable {
  var boot: Int
  var tests: [TestID]
  var verdict: Verdict
  var reason: String

  var labels: String { tests.map(\.label).joined(separator: " ") }

  func reason(of test: TestID) -> String {
    let others = tests.filter { $0 != test }.map(\.label).joined(separator: " ")
    return "it ran beside \(others), and boot \(boot) was \(verdict.rawValue): \(reason)"
  }
}

extension TestRecord {
  /// The end of the reason of a test that fails only beside others. quark-test uses the same words.
  static let passesAlone = "; by itself it passes"
}
