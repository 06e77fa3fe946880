import Foundation

/// `matrix.html`: one file with everything in it, for phones and large screens. It has no scripts and loads nothing.
struct HTMLReport {
  let text: String

  init(_ results: MatrixResults) {
    text = """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <title>Kernel matrix: \(results.tally)</title>
      <style>
      \(ReportStyle.variables)
      \(ReportStyle.groundClasses)
      \(ReportStyle.page)
      </style>
      </head>
      <body>
      <main>
      \(Self.head(results))
      \(Self.overview(results))
      \(Self.failures(results))
      \(Self.kernels(results))
      \(Self.times(PhaseTable(results)))
      \(Self.grids(results))
      \(Self.foot(results))
      </main>
      </body>
      </html>

      """
  }

  private static func head(_ results: MatrixResults) -> String {
    let tally = results.tally
    let passed = results.kernels.count { $0.verdict.countedAs == .passed }
    let when = results.started.formatted(
      .iso8601.year().month().day().dateTimeSeparator(.space).time(includingFractionalSeconds: false))
    let state = results.interrupted ? "Interrupted" : results.isSuccess ? "All good" : "Not good"
    let ground = results.isSuccess && !results.interrupted ? "good" : "bad"
    let shards = results.shards.isEmpty ? "" : " · shards \(results.shards.joined(separator: " "))"
    let floor = (results.floor?.complaints(results.kernels) ?? []).map { "<p>\(Markup.escape($0))</p>\n" }.joined()
    let seed = results.seed.map { " · tests shuffled with seed \($0)" } ?? ""
    return """
      <header>
      <h1>Kernel matrix <span class="badge \(ground)">\(state)</span></h1>
      <dl class="totals">
      <div><dt>kernels ok</dt><dd>\(passed)<small>/\(results.kernels.count)</small></dd></div>
      <div><dt>tests ok</dt><dd>\(tally.passed)</dd></div>
      <div><dt>failed</dt><dd>\(tally.failed)</dd></div>
      <div><dt>skipped</dt><dd>\(tally.skipped)</dd></div>
      <div><dt>wall time</dt><dd>\(results.wallSeconds.asClock)</dd></div>
      </dl>
      \(floor)<p class="dim">\(when) UTC\(Markup.escape(shards))\(seed)</p>
      </header>
      """
  }

  /// A table of kernels and ways. Each cell tells how many tests passed, and how many there were.
  private static func overview(_ results: MatrixResults) -> String {
    let ways = Way.all(in: results.kernels)
    if ways.isEmpty { return "" }
    let head = ways.map { "<th scope=\"col\">\(Markup.escape($0.title))</th>" }.joined()
    let rows = results.kernels.map { kernel in
      let cells = ways.map { way in
        guard let result = WayResult(way, on: kernel) else { return "<td></td>" }
        return "<td><span class=\"badge \(ReportStyle.ground(result.verdict))\" title=\"\(result.verdict.meaning)\">"
          + "\(result.verdict.mark)&nbsp;\(result.count)</span></td>"
      }
      return "<tr><th scope=\"row\">\(Markup.escape(kernel.title))</th>\(cells.joined())</tr>"
    }
    let totals = ways.map { "<td>\(Tally($0, in: results.kernels).passed)</td>" }.joined()
    return """
      <section><h2>Ways</h2>
      <table class="ways" style="--ways:\(ways.count)">
      <thead><tr><td></td>\(head)</tr></thead>
      <tbody>
      \(rows.joined(separator: "\n"))
      </tbody>
      <tfoot><tr><th scope="row">tests ok</th>\(totals)</tr></tfoot>
      </table></section>
      """
  }

  private static func failures(_ results: MatrixResults) -> String {
    let failures = FailureEntry.all(in: results)
    if failures.isEmpty { return "" }
    let items = failures.map { failure in
      let rerun = failure.rerun.map { "<pre>\(Markup.escape($0))</pre>" } ?? ""
      return "<li>\(badge(failure.verdict)) <b>\(Markup.escape(failure.kernel))</b> \(Markup.escape(failure.test))"
        + "<p>\(Markup.escape(failure.reason))</p>\(rerun)</li>"
    }
    return "<section><h2>Failures</h2><ul class=\"failures\">\n\(items.joined(separator: "\n"))\n</ul></section>"
  }

  private static func kernels(_ results: MatrixResults) -> String {
    let slowest = max(results.kernels.map(\.seconds).max() ?? 0, 0.001)
    let rows = results.kernels.map { kernel(HTMLKernel($0), share: max(0, $0.seconds / slowest)) }
    return "<section><h2>Kernels</h2>\n\(rows.joined(separator: "\n"))\n</section>"
  }

  private static func kernel(_ row: HTMLKernel, share: Double) -> String {
    let kernel = row.kernel
    let width = Int((share * 100).rounded())
    let flag = kernel.notes.isEmpty ? "" : #" <span class="flag" title="has notes">note</span>"#
    return """
      <details class="kernel"\(kernel.verdict.countedAs == .failed ? " open" : "")>
      <summary>\(badge(kernel.verdict))
      <span class="name">\(Markup.escape(kernel.title))\(flag)</span>
      <span class="count">\(Tally(kernel).passed)/\(kernel.tests.count)</span>
      <span class="time">\(kernel.seconds.asSeconds)<i style="width:\(width)%"></i></span></summary>
      \(row.body)
      </details>
      """
  }

  /// Where the time went, for each kernel and in total.
  private static func times(_ table: PhaseTable) -> String {
    if table.rows.isEmpty { return "" }
    let head = table.phases.map { "<th scope=\"col\">\($0.name)</th>" }.joined()
    let rows = table.rows.map { row in
      let cells = row.phases.values.map { "<td>\($0.asSeconds)</td>" }.joined()
      return "<tr><th scope=\"row\">\(Markup.escape(row.title))</th><td></td>\(cells)</tr>"
    }
    let sums = table.phases.map { "<td>\($0.seconds.asSeconds)<br>\($0.percent)</td>" }.joined()
    let slowest = table.slowest.map { entry in
      "<li>\(entry.test.seconds.asSeconds) \(Markup.escape(entry.test.label)) on \(Markup.escape(entry.kernel))</li>"
    }
    return """
      <section><h2>Time</h2>
      <div class="scroll" tabindex="0" role="region" aria-label="Time by kernel and phase"><table class="times">
      <thead><tr><td></td>\(head)</tr></thead>
      <tbody>
      \(rows.joined(separator: "\n"))
      </tbody>
      <tfoot><tr><th scope="row">total</th>\(sums)</tr></tfoot>
      </table></div>
      <h3>Slowest tests</h3>
      <ol>\(slowest.joined())</ol></section>
      """
  }

  private static func grids(_ results: MatrixResults) -> String {
    let ways = Way.all(in: results.kernels)
    if ways.isEmpty { return "" }
    let legend = results.verdicts.map { "<li>\(mark($0)) \($0.meaning)</li>" }.joined()
    return """
      <section><h2>Tests</h2>
      \(ways.map { grid($0, MatrixGrid(results, $0)) }.joined(separator: "\n"))
      <ul class="legend">\(legend)</ul></section>
      """
  }

  private static func grid(_ way: Way, _ grid: MatrixGrid) -> String {
    let head = grid.tests.map { "<th scope=\"col\"><span>\(Markup.escape($0.name))</span></th>" }.joined()
    let rows = grid.rows.map { row in
      let cells = row.cells.map(cell).joined()
      return "<tr><th scope=\"row\">\(Markup.escape(row.kernel.title))</th>\(cells)</tr>"
    }
    let title = Markup.escape(way.title)
    return """
      <h3>\(title)</h3>
      <div class="scroll" tabindex="0" role="region" aria-label="Kernels and tests: \(title)"><table class="grid">
      <thead><tr><td></td>\(head)</tr></thead>
      <tbody>
      \(rows.joined(separator: "\n"))
      </tbody></table></div>
      """
  }

  private static func cell(_ test: TestRecord?) -> String {
    guard let test else { return "<td></td>" }
    let reason = test.reason.isEmpty ? "" : ": \(test.reason)"
    let title = Markup.escape("\(test.label) \(test.verdict.rawValue)\(reason)")
    return "<td title=\"\(title)\">\(mark(test.verdict))</td>"
  }

  private static func foot(_ results: MatrixResults) -> String {
    "<footer class=\"dim\">\(Markup.escape(RunSummary.timeLine(results)))</footer>"
  }

  static func badge(_ verdict: Verdict) -> String {
    "<span class=\"badge \(ReportStyle.ground(verdict))\">\(verdict.mark)&nbsp;\(verdict.rawValue)</span>"
  }

  private static func mark(_ verdict: Verdict) -> String {
    "<span class=\"mark \(ReportStyle.ground(verdict))\" aria-label=\"\(verdict.meaning)\">\(verdict.mark)</span>"
  }
}

/// The content of a kernel's row of `matrix.html`, which is shown when the row is opened.
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

  /// Tests that did not pass are always shown. Those that passed are in a list for each way, which is closed at first.
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

  private static func table(_ tests: [TestRecord]) -> String {
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
