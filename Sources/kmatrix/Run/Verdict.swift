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
