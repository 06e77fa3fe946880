import Foundation

/// JUnit XML in the form that Jenkins, GitLab and others read: a test suite per kernel, a test case per test.
struct JUnitReport {
  let text: String

  init(_ results: MatrixResults) {
    let suites = results.kernels.map { Suite($0, started: results.started) }
    let total = Counts(suites.flatMap(\.cases))
    var lines = [
      #"<?xml version="1.0" encoding="UTF-8"?>"#,
      #"<testsuites name="kmatrix" \#(total.attributes) time="\#(Self.time(results.wallSeconds))">"#,
    ]
    for suite in suites { lines += suite.lines }
    lines.append("</testsuites>")
    text = lines.joined(separator: "\n") + "\n"
  }

  private static func time(_ seconds: Double) -> String { String(format: "%.3f", seconds) }

  private enum Outcome: String { case pass, failure, error, skipped }

  private struct Case {
    var name: String
    /// Readers group by it, so a kernel's tests of one backend are a class.
    var className: String
    var seconds: Double
    var verdict: Verdict
    var reason: String
    var output: String

    var outcome: Outcome {
      switch verdict {
      case .pass: .pass
      case .skip, .xfail: .skipped
      case .fail, .xpass: .failure
      case .crash, .hang, .panic, .bootFail, .infra, .notRun: .error
      }
    }

    var lines: [String] {
      let name = Markup.escape(name)
      let head = #"    <testcase name="\#(name)" classname="\#(Markup.escape(className))" time="\#(time(seconds))""#
      var body: [String] = []
      let message = Markup.escape(reason.isEmpty ? verdict.rawValue : reason)
      switch outcome {
      case .pass: break
      case .skipped: body.append(#"      <skipped message="\#(message)"/>"#)
      case .failure, .error:
        let element = outcome.rawValue
        body.append(#"      <\#(element) message="\#(message)" type="\#(verdict.rawValue)"/>"#)
      }
      if !output.isEmpty { body.append("      <system-out>\(Markup.escape(output))</system-out>") }
      return body.isEmpty ? [head + "/>"] : [head + ">"] + body + ["    </testcase>"]
    }
  }

  private struct Counts {
    var tests: Int
    var failures: Int
    var errors: Int
    var skipped: Int

    init(_ cases: [Case]) {
      tests = cases.count
      failures = cases.count { $0.outcome == .failure }
      errors = cases.count { $0.outcome == .error }
      skipped = cases.count { $0.outcome == .skipped }
    }

    var attributes: String {
      #"tests="\#(tests)" failures="\#(failures)" errors="\#(errors)" skipped="\#(skipped)""#
    }
  }

  private struct Suite {
    var kernel: KernelResult
    var cases: [Case]
    var started: Date

    init(_ kernel: KernelResult, started: Date) {
      self.kernel = kernel
      self.started = started
      cases = kernel.tests.map {
        Case(
          name: $0.label, className: kernel.title + ($0.backend.isEmpty ? "" : ".\($0.backend)"),
          seconds: $0.seconds, verdict: $0.verdict, reason: $0.reason, output: $0.output)
      }
      // What happened to a kernel and is in none of its tests needs a case of its own.
      let column = kernel.verdict.countedAs
      if column != .passed, !kernel.tests.contains(where: { $0.verdict.countedAs == column }) {
        cases.append(
          Case(
            name: "(kernel)", className: kernel.title, seconds: 0, verdict: kernel.verdict,
            reason: kernel.reasons.first ?? "", output: ""))
      }
    }

    var lines: [String] {
      let stamp = started.formatted(.iso8601.year().month().day().time(includingFractionalSeconds: false))
      var lines = [
        #"  <testsuite name="\#(Markup.escape(kernel.title))" \#(Counts(cases).attributes) "#
          + #"time="\#(time(kernel.seconds))" timestamp="\#(stamp)">"#,
        "    <properties>",
      ]
      let properties = [
        ("release", kernel.release), ("series", kernel.series), ("flavour", kernel.flavour),
        ("verdict", kernel.verdict.rawValue), ("boots", "\(kernel.boots.count)"),
      ]
      lines += properties.map { #"      <property name="\#($0)" value="\#(Markup.escape($1))"/>"# }
      lines += ["    </properties>"] + cases.flatMap(\.lines)
      let remarks = kernel.reasons + kernel.notes.map { "note: \($0)" }
      if !remarks.isEmpty {
        let text = (remarks + [""] + kernel.excerpt).joined(separator: "\n")
        lines.append("    <system-out>\(Markup.escape(text))</system-out>")
      }
      return lines + ["  </testsuite>"]
    }
  }
}
