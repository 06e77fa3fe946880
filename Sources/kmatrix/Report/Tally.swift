/// Counts tests. A kernel that failed without any of its tests failing counts as one failure, and one that was not
/// tested at all because it cannot be had as one skipped, so none gets lost.
struct Tally: Sendable, Equatable, CustomStringConvertible {
  var passed = 0
  var failed = 0
  var skipped = 0

  init() {}

  init(_ kernels: some Sequence<KernelResult>) {
    for kernel in kernels { add(kernel) }
  }

  init(_ kernel: KernelResult) {
    add(kernel)
  }

  private mutating func add(_ kernel: KernelResult) {
    let failedBefore = failed
    for test in kernel.tests { add(test.verdict) }
    if failed == failedBefore, kernel.verdict.tally == .failed { failed += 1 }
    if kernel.tests.isEmpty, kernel.verdict.tally == .skipped { skipped += 1 }
  }

  mutating func add(_ verdict: Verdict) {
    switch verdict.tally {
    case .passed: passed += 1
    case .skipped: skipped += 1
    case .failed: failed += 1
    }
  }

  var description: String { "\(passed) passed, \(failed) failed, \(skipped) skipped" }

  /// Something was proven and nothing was refuted.
  var isSuccess: Bool { failed == 0 && passed > 0 }
}
