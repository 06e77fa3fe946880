/// What is inside a kernel's row of `matrix.html` once it is opened.
struct HTMLKernel {
  let kernel: KernelResult

  init(_ kernel: KernelResult) {
    self.kernel = kernel
  }

  var body: String {
    let parts = [remarks, tests, excerpt, boots].filter { !$0.isEmpty }
    return "<div class=\"inside\">\n\(parts.joined(separator: "\n"))\n</div>"
  }

  private var remarks: String {
    let items = kernel.reasons.map { "<li>\(Markup.escape($0))</li>" }
      + kernel.notes.map { "<li>Note: \(Markup.escape($0))</li>" }
    return items.isEmpty ? "" : "<ul>\(items.joined())</ul>"
  }

  /// What did not pass is in sight; what did is folded, a list per way.
  private var tests: String {
    let odd = kernel.tests.filter { $0.verdict != .pass }
    let folded = Way.all(in: [kernel]).compactMap { way -> String? in
      let passed = kernel.tests.filter { $0.backend == way.backend && $0.verdict == .pass }
      if passed.isEmpty { return nil }
      let title = "\(Markup.escape(way.title)): \(passed.count) passed"
      return "<details class=\"passed\"><summary>\(title)</summary>\(Self.table(passed))</details>"
    }
    return ((odd.isEmpty ? [] : [Self.table(odd)]) + folded).joined(separator: "\n")
  }

  private static func table(_ tests: [TestResult]) -> String {
    let rows = tests.map { test in
      var text = Markup.escape(test.label)
      if !test.reason.isEmpty { text += "<br><span class=\"dim\">\(Markup.escape(test.reason))</span>" }
      if !test.output.isEmpty { text += "<pre>\(Markup.escape(test.output))</pre>" }
      return "<tr><td>\(HTMLReport.badge(test.verdict))</td><td>\(text)</td><td>\(test.seconds.asSeconds)</td></tr>"
    }
    return "<table class=\"tests\">\n\(rows.joined(separator: "\n"))\n</table>"
  }

  private var excerpt: String {
    guard !kernel.reasons.isEmpty, !kernel.excerpt.isEmpty else { return "" }
    return "<h3>Console</h3><pre>\(Markup.escape(kernel.excerpt.joined(separator: "\n")))</pre>"
  }

  private var boots: String {
    let items = kernel.boots.enumerated().map { index, boot in
      let culprit = boot.culprit.map { ", culprit \(Markup.escape($0))" } ?? ""
      return "<li>Boot \(index + 1): \(boot.verdict.rawValue)\(culprit), \(boot.seconds.asSeconds), "
        + "exit \(Markup.escape(boot.exit)), <a href=\"\(Markup.escape(boot.console))\">console</a>, "
        + "<a href=\"\(Markup.escape(boot.channel))\">channel</a></li>"
    }
    return items.isEmpty ? "" : "<ul class=\"dim\">\(items.joined())</ul>"
  }
}
