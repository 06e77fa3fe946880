/// A line of the failure list: a test, or a kernel that failed beyond its tests.
struct Failure: Sendable, Equatable {
  var kernel: String
  /// Empty if the kernel as a whole is meant.
  var test: String
  var verdict: Verdict
  var reason: String
  var rerun: String?

  var complaint: String { reason.isEmpty ? verdict.rawValue : "\(verdict.rawValue): \(reason)" }

  static func all(in results: MatrixResults) -> [Failure] {
    results.kernels.flatMap { kernel in
      let tests = kernel.tests.filter { $0.verdict.tally == .failed }.map {
        Failure(kernel: kernel.title, test: $0.label, verdict: $0.verdict, reason: $0.reason, rerun: $0.rerun)
      }
      guard kernel.verdict.tally == .failed else { return tests }
      // What its tests already say, a panic with its culprit for example, is not said again of the kernel.
      let told = tests.compactMap { $0.reason.dropping(prefix: KernelJudge.blamed) }
      let reasons = kernel.reasons.filter { reason in !told.contains { reason.hasSuffix($0) } }
      guard tests.isEmpty || !reasons.isEmpty else { return tests }
      let reason = reasons.joined(separator: "; ")
      let whole = Failure(
        kernel: kernel.title, test: "", verdict: kernel.verdict, reason: reason, rerun: kernel.rerun)
      return [whole] + tests
    }
  }
}
