/// What became of a test or of a kernel. `INFRA` and `BOOT-FAIL` are said of kernels only.
enum Verdict: String, Codable, Sendable, CaseIterable {
  case pass = "PASS"
  /// Ran and failed, or said something that does not agree with the rest.
  case fail = "FAIL"
  /// Did not run, as the kernel's expectations foresee. A skip they do not foresee is a `FAIL`.
  case skip = "SKIP"
  /// Failed, as the kernel's expectations foresee.
  case xfail = "XFAIL"
  /// Passed although a failure was foreseen: the expectation is out of date.
  case xpass = "XPASS"
  /// A program died of a signal; for a kernel: the kernel complained (oops, warning, stall, …) and lived on.
  case crash = "CRASH"
  case hang = "HANG"
  case panic = "PANIC"
  /// The guest's init was never reached.
  case bootFail = "BOOT-FAIL"
  /// The machine that runs the tests is at fault: no qemu, no space, an unreadable image.
  case infra = "INFRA"
  case notRun = "NOT-RUN"

  /// The three columns of the summary: what was foreseen and is not a pass counts as skipped.
  enum Tally: Sendable { case passed, failed, skipped }

  var tally: Tally {
    switch self {
    case .pass: .passed
    case .skip, .xfail: .skipped
    case .fail, .xpass, .crash, .hang, .panic, .bootFail, .infra, .notRun: .failed
    }
  }

  /// The worse of two verdicts is the one that says more about a kernel.
  var severity: Int {
    switch self {
    case .pass: 0
    case .xfail: 1
    case .skip: 2
    case .xpass: 3
    case .notRun: 4
    case .fail: 5
    case .crash: 6
    case .hang: 7
    case .panic: 8
    case .bootFail: 9
    case .infra: 10
    }
  }
}

extension Verdict {
  /// One character, so that colour is never the only sign.
  var mark: String {
    switch self {
    case .pass: "✓"
    case .fail: "✗"
    case .skip: "–"
    case .xfail: "x"
    case .xpass: "!"
    case .crash: "C"
    case .hang: "H"
    case .panic: "P"
    case .bootFail: "B"
    case .infra: "I"
    case .notRun: "?"
    }
  }

  var meaning: String {
    switch self {
    case .pass: "passed"
    case .fail: "failed"
    case .skip: "skipped, as foreseen"
    case .xfail: "failed, as foreseen"
    case .xpass: "passed, though a failure is foreseen"
    case .crash: "crashed"
    case .hang: "hung"
    case .panic: "the kernel panicked"
    case .bootFail: "did not boot"
    case .infra: "the test machine failed"
    case .notRun: "did not run"
    }
  }
}

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

extension Tally {
  /// The tests of one way on all kernels; what befell kernels beyond their tests is not counted here.
  init(_ way: Way, in kernels: some Sequence<KernelResult>) {
    self.init()
    for test in kernels.flatMap(\.tests) where test.backend == way.backend { add(test.verdict) }
  }
}
