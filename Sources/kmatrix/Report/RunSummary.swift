import Foundation

/// What a run prints at its end. The last line is `N passed, N failed, N skipped`.
struct RunSummary {
  let lines: [String]

  /// How many failures of one kernel are printed. The reports have all of them.
  private static let maxPerKernel = 10

  init(_ results: MatrixResults, folder: String?) {
    var lines = Self.failures(results)
    let notes = results.kernels.flatMap { kernel in kernel.notes.map { "  \(kernel.title): \($0)" } }
    if !notes.isEmpty { lines += ["Notes:"] + notes }
    if results.interrupted { lines.append("The run was interrupted before it was finished.") }
    lines += PhaseTable(results).lines
    lines.append(Self.timeLine(results))
    if let seed = results.seed { lines.append("Order of the tests: --shuffle \(seed)") }
    lines += results.floor?.complaints(results.kernels) ?? []
    if let folder { lines.append("Reports: \(folder)/matrix.html, .md, .svg, junit.xml, ktap.txt, results.json") }
    let ways = Way.all(in: results.kernels)
    if ways.count > 1 { lines += ways.map { "\($0.title): \(Tally($0, in: results.kernels))" } }
    lines.append(results.tally.description)
    self.lines = lines
  }

  private static func failures(_ results: MatrixResults) -> [String] {
    let byKernel = Dictionary(grouping: FailureEntry.all(in: results), by: \.kernel)
    var lines: [String] = []
    for kernel in results.kernels {
      let failures = byKernel[kernel.title] ?? []
      for failure in failures.prefix(maxPerKernel) {
        let what = [failure.kernel, failure.test].filter { !$0.isEmpty }.joined(separator: " ")
        lines.append("  \(what): \(failure.complaint)")
        if let rerun = failure.rerun { lines.append("      \(rerun)") }
      }
      if failures.count > maxPerKernel {
        lines.append("  \(kernel.title): and \(failures.count - maxPerKernel) more")
      }
    }
    return lines.isEmpty ? [] : ["Failures, each with the command that repeats it:"] + lines
  }

  static func timeLine(_ results: MatrixResults) -> String {
    let host = results.host
    var parts = [
      "wall \(results.wallSeconds.asClock)", "boots \(results.bootSeconds.asSeconds) in all, \(host.jobs) at a time",
    ]
    if let slowest = results.kernels.max(by: { $0.seconds < $1.seconds }), slowest.seconds > 0 {
      parts.append("slowest \(slowest.title) \(slowest.seconds.asSeconds)")
    }
    let slowest = results.kernels.flatMap(\.boots).compactMap(\.slowdown).max() ?? host.slowdown
    let factors = Set([host.slowdown, max(host.slowdown, slowest)].map { String(format: "%.1f", $0) }).sorted()
    parts.append("limits × \(factors.joined(separator: " to ")) for this machine")
    return "Time: " + parts.joined(separator: "; ")
  }
}

/// An entry of the list of failures: a test, or a kernel that failed for another reason than its tests.
struct FailureEntry: Sendable, Equatable {
  var kernel: String
  /// Empty if the entry is about the kernel as a whole.
  var test: String
  var verdict: Verdict
  var reason: String
  var rerun: String?

  var complaint: String { reason.isEmpty ? verdict.rawValue : "\(verdict.rawValue): \(reason)" }

  static func all(in results: MatrixResults) -> [FailureEntry] {
    results.kernels.flatMap { kernel in
      let tests = kernel.tests.filter { $0.verdict.countedAs == .failed }.map {
        FailureEntry(kernel: kernel.title, test: $0.label, verdict: $0.verdict, reason: $0.reason, rerun: $0.rerun)
      }
      guard kernel.verdict.countedAs == .failed else { return tests }
      // A reason that a test already has, for example a panic's culprit, is not repeated for the kernel.
      let told = tests.compactMap { $0.reason.dropping(prefix: KernelJudge.blamed) }
      let reasons = kernel.reasons.filter { reason in !told.contains { reason.hasSuffix($0) } }
      guard tests.isEmpty || !reasons.isEmpty else { return tests }
      let reason = reasons.joined(separator: "; ")
      let whole = FailureEntry(
        kernel: kernel.title, test: "", verdict: kernel.verdict, reason: reason, rerun: kernel.rerun)
      return [whole] + tests
    }
  }
}
