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

extension Tally {
  /// The tests of one way on all kernels; what befell kernels beyond their tests is not counted here.
  init(_ way: Way, in kernels: some Sequence<KernelResult>) {
    self.init()
    for test in kernels.flatMap(\.tests) where test.backend == way.backend { add(test.verdict) }
  }
}
