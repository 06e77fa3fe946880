import Foundation

/// The results as a grid: a row per kernel, a column per test; of one way, or of all.
struct MatrixGrid {
  /// Every test of any kernel with such tests, in the order of the plans.
  let tests: [TestID]
  let rows: [(kernel: KernelResult, cells: [TestResult?])]

  init(_ results: MatrixResults, _ way: Way? = nil) {
    func isMeant(_ test: TestResult) -> Bool { way == nil || test.backend == way?.backend }
    let kernels = results.kernels.filter { way == nil || $0.tests.contains(where: isMeant) }
    var tests: [TestID] = []
    var seen: Set<TestID> = []
    // The row that panics on purpose has tests of its own; they come last.
    for kernel in kernels.filter({ !$0.negative }) + kernels.filter(\.negative) {
      for test in kernel.tests.filter(isMeant).map(\.id) where seen.insert(test).inserted { tests.append(test) }
    }
    self.tests = tests
    rows = kernels.map { kernel in
      let byID = Dictionary(kernel.tests.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
      return (kernel, tests.map { byID[$0] })
    }
  }

}

extension TestResult {
  var id: TestID { TestID(name: name, backend: backend) }
}

extension KernelResult {
  /// What tells the row from the others in little space.
  var shortTitle: String { (negative ? "negative " : "") + "\(series) \(flavour)" }
}

extension MatrixResults {
  /// The verdicts that occur, for the legend.
  var verdicts: [Verdict] {
    let used = Set(kernels.flatMap { kernel in [kernel.verdict] + kernel.tests.map(\.verdict) })
    return Verdict.allCases.filter(used.contains)
  }
  var wallSeconds: Double { finished.timeIntervalSince(started) }
  var bootSeconds: Double { kernels.reduce(0) { $0 + $1.seconds } }
  var tally: Tally { Tally(kernels) }
  /// Something was proven, nothing refuted, and it is as much as was asked for.
  var isSuccess: Bool { tally.isSuccess && floor?.complaints(kernels).isEmpty ?? true }
}
