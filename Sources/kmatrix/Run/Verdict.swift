/// The result of a test or of a kernel. Only kernels can be `BOOT-FAIL`.
enum Verdict: String, Codable, Sendable, CaseIterable {
  case pass = "PASS"
  /// The test ran and failed. A kernel also fails if its results, its console and its exit code do not agree.
  case fail = "FAIL"
  /// It did not run, as `kernels.toml` expects. A skip that is not expected is a `FAIL`.
  case skip = "SKIP"
  /// It failed, as `kernels.toml` expects.
  case xfail = "XFAIL"
  /// It passed although a failure was expected, so the expectation is out of date.
  case xpass = "XPASS"
  /// A signal killed a program; for a kernel: it complained (oops, warning, stall, …) and ran on.
  case crash = "CRASH"
  case hang = "HANG"
  case panic = "PANIC"
  /// The guest's init was never reached.
  case bootFail = "BOOT-FAIL"
  /// The machine that runs the tests is at fault: no qemu, no space, an unreadable image.
  case infra = "INFRA"
  case notRun = "NOT-RUN"

  /// The three columns of the summary. An expected result that is not a pass counts as skipped.
  enum Column: Sendable { case passed, failed, skipped }

  var countedAs: Column {
    switch self {
    case .pass: .passed
    case .skip, .xfail: .skipped
    case .fail, .xpass, .crash, .hang, .panic, .bootFail, .infra, .notRun: .failed
    }
  }

  /// The more severe of two verdicts is the one that a kernel gets.
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
  /// One character, so that verdicts can be told apart without colours.
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
    case .skip: "skipped, as expected"
    case .xfail: "failed, as expected"
    case .xpass: "passed, though a failure is expected"
    case .crash: "crashed"
    case .hang: "hung"
    case .panic: "the kernel panicked"
    case .bootFail: "did not boot"
    case .infra: "the test machine failed"
    case .notRun: "did not run"
    }
  }
}

/// Counts tests. A kernel that failed although none of its tests did counts as one failure, and a kernel that was
/// skipped without any test as one skip, so that no kernel is missing from the sum.
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
    if failed == failedBefore, kernel.verdict.countedAs == .failed { failed += 1 }
    if kernel.tests.isEmpty, kernel.verdict.countedAs == .skipped { skipped += 1 }
  }

  mutating func add(_ verdict: Verdict) {
    switch verdict.countedAs {
    case .passed: passed += 1
    case .skipped: skipped += 1
    case .failed: failed += 1
    }
  }

  var description: String { "\(passed) passed, \(failed) failed, \(skipped) skipped" }

  /// At least one test passed, and none failed.
  var isSuccess: Bool { failed == 0 && passed > 0 }
}

extension Tally {
  /// Counts the tests of one way on all kernels. Failures of kernels that are not in a test are not counted.
  init(_ way: Way, in kernels: some Sequence<KernelResult>) {
    self.init()
    for test in kernels.flatMap(\.tests) where test.backend == way.backend { add(test.verdict) }
  }
}
