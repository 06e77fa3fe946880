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

  /// The class that gives reports their colours.
  var style: String { rawValue.lowercased() }
}
