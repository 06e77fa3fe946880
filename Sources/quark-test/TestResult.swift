import CLinux

/// The result of a test.
struct TestResult {
  enum Verdict {
    case pass, fail, skip, crash, timeout

    var name: String {
      switch self {
      case .pass: "pass"
      case .fail: "fail"
      case .skip: "skip"
      case .crash: "crash"
      case .timeout: "timeout"
      }
    }
  }

  var verdict: Verdict
  /// Empty for a pass.
  var reason: String
  /// The last `outputLimit` bytes of the test's standard error.
  var output: [UInt8] = []
  /// Milliseconds in which it opened and closed its own queues.
  var openMS = 0
  var closeMS = 0

  static var outputLimit: Int { 4096 }

  /// The exit status that means "skipped", as for automake.
  static var skipStatus: CInt { 77 }

  init(verdict: Verdict, reason: String, output: [UInt8] = []) {
    self.verdict = verdict
    self.reason = reason
    self.output = output
  }

  /// The result of a test that ran to its end; `reason` is its message.
  init(exitStatus: CInt, reason: String, output: [UInt8]) {
    let verdict: Verdict = exitStatus == 0 ? .pass : exitStatus == Self.skipStatus ? .skip : .fail
    self.init(
      verdict: verdict, reason: verdict == .fail && reason.isEmpty ? "exited with \(exitStatus)" : reason,
      output: output)
  }

  /// The text for the console.
  var words: String {
    switch verdict {
    case .pass: "ok"
    case .skip: "skipped (\(reason))"
    case .fail, .crash, .timeout: "failed"
    }
  }

  /// The output, followed by the reason if the output does not contain it.
  var outputText: String {
    var text = String(decoding: output, as: UTF8.self)
    if verdict == .crash || verdict == .timeout || output.isEmpty && verdict == .fail { text += reason + "\n" }
    return text
  }
}
