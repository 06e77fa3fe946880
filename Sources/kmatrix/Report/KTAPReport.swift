/// KTAP version 1, the kernel's test protocol: a subtest per kernel.
struct KTAPReport {
  let text: String

  init(_ results: MatrixResults) {
    var lines = ["KTAP version 1", "1..\(results.kernels.count)"]
    for (index, kernel) in results.kernels.enumerated() {
      if !kernel.tests.isEmpty { lines += Self.subtest(kernel) }
      lines += kernel.reasons.map { "# \(Self.oneLine($0))" }
      lines.append(Self.line(index + 1, kernel.title, kernel.verdict, reason: kernel.reasons.first ?? ""))
    }
    text = lines.joined(separator: "\n") + "\n"
  }

  private static func subtest(_ kernel: KernelResult) -> [String] {
    var lines = ["KTAP version 1", "# Subtest: \(oneLine(kernel.title))", "1..\(kernel.tests.count)"]
    for (index, test) in kernel.tests.enumerated() {
      lines += test.output.split(separator: "\n").map { "# \(oneLine(String($0)))" }
      if test.verdict.countedAs == .failed { lines.append("# \(test.verdict.rawValue): \(oneLine(test.reason))") }
      lines.append(line(index + 1, test.label, test.verdict, reason: test.reason))
    }
    return lines.map { "  " + $0 }
  }

  private static func line(_ number: Int, _ name: String, _ verdict: Verdict, reason: String) -> String {
    let directive =
      switch verdict {
      case .skip: " # SKIP \(oneLine(reason))"
      case .xfail: " # XFAIL \(oneLine(reason))"
      case .hang: " # TIMEOUT"
      default: ""
      }
    return "\(verdict.countedAs == .failed ? "not ok" : "ok") \(number) \(oneLine(name))\(directive)"
  }

  /// Removes hashes, which would begin a directive, and newlines.
  private static func oneLine(_ text: String) -> String {
    String(text.unicodeScalars.filter { $0 != "#" }).split(whereSeparator: \.isNewline).joined(separator: " ")
  }
}
