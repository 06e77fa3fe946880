import Foundation

/// The results as a grid: a row per kernel, a column per test.
struct MatrixGrid {
  /// Every test of any kernel, in the order of the plans.
  let tests: [TestID]
  let rows: [(kernel: KernelResult, cells: [TestResult?])]

  init(_ results: MatrixResults) {
    var tests: [TestID] = []
    var seen: Set<TestID> = []
    // The row that panics on purpose has tests of its own; they come last.
    for kernel in results.kernels.filter({ !$0.negative }) + results.kernels.filter(\.negative) {
      for test in kernel.tests.map(\.id) where seen.insert(test).inserted { tests.append(test) }
    }
    self.tests = tests
    rows = results.kernels.map { kernel in
      let byID = Dictionary(kernel.tests.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
      return (kernel, tests.map { byID[$0] })
    }
  }

  /// The verdicts that occur, for the legend.
  var verdicts: [Verdict] {
    let used = Set(rows.flatMap { row in [row.kernel.verdict] + row.cells.compactMap { $0?.verdict } })
    return Verdict.allCases.filter(used.contains)
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
  var wallSeconds: Double { finished.timeIntervalSince(started) }
  var bootSeconds: Double { kernels.reduce(0) { $0 + $1.seconds } }
  var tally: Tally { Tally(kernels) }
}
