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

/// A way in which every kernel is tested: the backend of the tests, with where it has its offsets from. What needs no
/// backend is one, too.
struct Way: Sendable, Hashable {
  /// As the tests name it; empty for tests without.
  var backend: String

  var title: String { backend.isEmpty ? "other" : backend }

  private static let order = ["ebpf", "kprobe", "kprobe-table", "nova"]

  /// Those that occur, in an order that never changes.
  static func all(in kernels: some Sequence<KernelResult>) -> [Way] {
    let names = Set(kernels.flatMap { $0.tests.map(\.backend) })
    let others = names.subtracting(order).subtracting([""]).sorted()
    return (order.filter(names.contains) + others + (names.contains("") ? [""] : [])).map(Way.init)
  }
}

/// What came of one way on one kernel.
struct WayResult: Sendable, Equatable {
  var verdict: Verdict
  var passed: Int
  var total: Int

  /// nil if the kernel has no such test.
  init?(_ way: Way, on kernel: KernelResult) {
    let verdicts = kernel.tests.filter { $0.backend == way.backend }.map(\.verdict)
    guard let worst = verdicts.max(by: { $0.severity < $1.severity }) else { return nil }
    passed = verdicts.count { $0 == .pass }
    total = verdicts.count
    // What was left out as foreseen does not make less of what passed.
    verdict = worst.tally != .failed && passed > 0 ? .pass : worst
  }

  var count: String { "\(passed)/\(total)" }
  var text: String { "\(verdict.mark) \(count)" }
}
