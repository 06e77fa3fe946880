import CLinux

/// How a test ended.
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
  /// What the test wrote to its standard error, the newest `outputLimit` bytes of it.
  var output: [UInt8] = []
  /// Milliseconds that it spent opening queues of its own, and closing them.
  var openMS = 0
  var closeMS = 0

  static var outputLimit: Int { 4096 }

  /// The status a test's process says "skipped" with, as automake's tests do.
  static var skipStatus: CInt { 77 }

  init(verdict: Verdict, reason: String, output: [UInt8] = []) {
    self.verdict = verdict
    self.reason = reason
    self.output = output
  }

  /// Of a test that ran to its end; `reason` is what it said.
  init(exitStatus: CInt, reason: String, output: [UInt8]) {
    let verdict: Verdict = exitStatus == 0 ? .pass : exitStatus == Self.skipStatus ? .skip : .fail
    self.init(
      verdict: verdict, reason: verdict == .fail && reason.isEmpty ? "exited with \(exitStatus)" : reason,
      output: output)
  }

  /// For the console.
  var words: String {
    switch verdict {
    case .pass: "ok"
    case .skip: "skipped (\(reason))"
    case .fail, .crash, .timeout: "failed"
    }
  }

  /// The output, and the reason below it where the output does not have it already.
  var outputText: String {
    var text = String(decoding: output, as: UTF8.self)
    if verdict == .crash || verdict == .timeout || output.isEmpty && verdict == .fail { text += reason + "\n" }
    return text
  }
}
