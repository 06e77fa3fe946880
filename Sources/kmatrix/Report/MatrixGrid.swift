import Foundation

/// The results of one way, or of all, as a grid: a row per kernel, a column per test.
struct MatrixGrid {
  /// Every test of any kernel with such tests, in the order of the plans.
  let tests: [TestID]
  let rows: [(kernel: KernelResult, cells: [TestRecord?])]

  init(_ results: MatrixResults, _ way: Way? = nil) {
    func isMeant(_ test: TestRecord) -> Bool { way == nil || test.backend == way?.backend }
    let kernels = results.kernels.filter { way == nil || $0.tests.contains(where: isMeant) }
    var tests: [TestID] = []
    var seen: Set<TestID> = []
    // The negative row has tests of its own; they come last.
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

/// A way in which every kernel is tested: a backend, and where its offsets come from. Tests that need no backend form a
/// way of their own.
struct Way: Sendable, Hashable {
  /// The backend, as the tests name it; empty for tests without one.
  var backend: String

  var title: String { backend.isEmpty ? "other" : backend }

  private static let order = ["ebpf", "kprobe", "kprobe-table", "nova"]

  /// The ways that occur, in a fixed order.
  static func all(in kernels: some Sequence<KernelResult>) -> [Way] {
    let names = Set(kernels.flatMap { $0.tests.map(\.backend) })
    let others = names.subtracting(order).subtracting([""]).sorted()
    return (order.filter(names.contains) + others + (names.contains("") ? [""] : [])).map(Way.init)
  }
}

/// The result of one way on one kernel.
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
    // Tests that did not pass, as expected, do not make the result worse if others passed.
    verdict = worst.countedAs != .failed && passed > 0 ? .pass : worst
  }

  var count: String { "\(passed)/\(total)" }
  var text: String { "\(verdict.mark) \(count)" }
}
