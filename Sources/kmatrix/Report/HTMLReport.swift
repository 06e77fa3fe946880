import Foundation

/// `matrix.html`: one file with everything in it, for a phone and for a desk. No scripts, nothing from the network.
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
      \(Self.grounds)
      \(Self.css)
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
    let passed = results.kernels.count { $0.verdict.tally == .passed }
    let when = results.started.formatted(
      .iso8601.year().month().day().dateTimeSeparator(.space).time(includingFractionalSeconds: false))
    let state = results.interrupted ? "Ended by its user" : results.isSuccess ? "All good" : "Not good"
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

  /// Kernels and ways, each cell how many tests passed of how many there were.
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
    let failures = Failure.all(in: results)
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
    let rows = results.kernels.map { kernel(HTMLKernel($0), share: $0.seconds / slowest) }
    return "<section><h2>Kernels</h2>\n\(rows.joined(separator: "\n"))\n</section>"
  }

  private static func kernel(_ row: HTMLKernel, share: Double) -> String {
    let kernel = row.kernel
    let width = Int((share * 100).rounded())
    let flag = kernel.notes.isEmpty ? "" : #" <span class="flag" title="has notes">note</span>"#
    return """
      <details class="kernel"\(kernel.verdict.tally == .failed ? " open" : "")>
      <summary>\(badge(kernel.verdict))
      <span class="name">\(Markup.escape(kernel.title))\(flag)</span>
      <span class="count">\(Tally(kernel).passed)/\(kernel.tests.count)</span>
      <span class="time">\(kernel.seconds.asSeconds)<i style="width:\(width)%"></i></span></summary>
      \(row.body)
      </details>
      """
  }

  /// Where the time went, kernel by kernel and in all.
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
      <tfoot><tr><th scope="row">in all</th>\(sums)</tr></tfoot>
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

  private static func cell(_ test: TestResult?) -> String {
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

  private static let grounds = ReportStyle.grounds
    .map { ".\($0){background:var(--\($0));color:var(--\($0)-ink)}" }.joined()

  private static let css = """
    *{box-sizing:border-box}
    body{margin:0;background:var(--page);color:var(--text);font:15px/1.5 system-ui,sans-serif}
    main{max-width:1080px;margin:auto;padding:20px 14px 40px}
    h1{font-size:1.55rem;margin:0 0 14px;display:flex;flex-wrap:wrap;gap:6px 12px;align-items:center}
    h1 .badge{font-size:.95rem}
    h2{font-size:1.1rem;margin:30px 0 10px}
    section>h3{font-size:.95rem;margin:18px 0 6px}
    .ways{width:100%;border-collapse:collapse;background:var(--card);border:1px solid var(--line);font-size:.87rem;
      font-variant-numeric:tabular-nums}
    .ways th{font-weight:400;text-align:left;overflow-wrap:anywhere}
    .ways thead th,.ways tfoot{color:var(--dim)}
    .ways td,.ways th{padding:4px 8px;border-bottom:1px solid var(--line)}
    .dim{color:var(--dim);font-size:.87rem}
    .totals{display:grid;grid-template-columns:repeat(auto-fit,minmax(104px,1fr));gap:8px;margin:0 0 8px}
    .totals div{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:8px 12px;
      display:flex;flex-direction:column-reverse}
    .totals dt{color:var(--dim);font-size:.8rem}
    .totals dd{margin:0;font-size:1.5rem;font-weight:600;line-height:1.25;font-variant-numeric:tabular-nums}
    .totals small{color:var(--dim);font-size:1rem;font-weight:400}
    .badge{display:inline-block;border-radius:6px;padding:1px 8px;font-size:.8rem;font-weight:600;white-space:nowrap}
    .failures{list-style:none;margin:0;padding:0}
    .failures li{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:10px 12px;
      margin-bottom:8px;overflow-wrap:anywhere}
    .failures p{margin:4px 0}
    .failures pre{white-space:pre-wrap}
    a{color:inherit}
    pre{background:var(--off);color:var(--text);border-radius:6px;padding:6px 10px;margin:6px 0;overflow-x:auto;
      font:.82rem/1.45 ui-monospace,monospace}
    .kernel{background:var(--card);border:1px solid var(--line);border-radius:10px;margin-bottom:6px}
    .kernel>summary{display:grid;grid-template-columns:112px 1fr 62px 110px;gap:4px 12px;align-items:center;
      padding:8px 12px;cursor:pointer;list-style:none}
    .kernel>summary::-webkit-details-marker{display:none}
    .kernel>summary .badge{justify-self:start}
    .name{font-weight:600;overflow-wrap:anywhere}
    .flag{font-size:.72rem;font-weight:600;border:1px solid currentColor;border-radius:5px;padding:0 5px;
      color:var(--odd-ink)}
    .count,.time{text-align:right;font-variant-numeric:tabular-nums;color:var(--dim);white-space:nowrap}
    .time i{display:block;height:4px;border-radius:2px;background:var(--bar);margin-left:auto;min-width:3px}
    .inside{padding:2px 12px 12px;border-top:1px solid var(--line);overflow-wrap:anywhere}
    .inside ul{margin:8px 0;padding-left:20px}
    .inside h3{font-size:.87rem;margin:12px 0 2px;color:var(--dim)}
    .tests{border-collapse:collapse;table-layout:fixed;width:100%;margin-top:8px}
    .tests td{padding:3px 6px 3px 0;vertical-align:top;border-bottom:1px solid var(--line)}
    .passed{margin-top:4px}
    .passed summary{cursor:pointer;color:var(--dim);font-size:.87rem}
    .tests td:first-child{width:104px}
    .tests td:last-child{width:64px;text-align:right;color:var(--dim);font-variant-numeric:tabular-nums;
      white-space:nowrap}
    .scroll{overflow-x:auto;background:var(--card);border:1px solid var(--line);border-radius:10px;padding:10px}
    .times{width:100%;border-collapse:collapse;font-size:.87rem;font-variant-numeric:tabular-nums}
    .times th{font-weight:400;text-align:left;white-space:nowrap}
    .times td,.times thead th{text-align:right;padding:3px 8px;white-space:nowrap}
    .times thead th,.times tfoot{color:var(--dim)}
    .grid{border-collapse:separate;border-spacing:3px}
    .grid th{font-weight:400;font-size:.82rem;text-align:left;white-space:nowrap}
    .grid thead th{vertical-align:bottom;padding:0 0 4px}
    .grid thead span{writing-mode:vertical-rl;transform:rotate(180deg);line-height:26px}
    .grid tbody th{position:sticky;left:-10px;background:var(--card);padding:0 10px 0 10px}
    .grid td{padding:0;height:24px}
    .mark{display:inline-block;width:26px;height:24px;line-height:24px;text-align:center;border-radius:5px;
      font-weight:700;font-size:.82rem}
    .legend{list-style:none;display:flex;flex-wrap:wrap;gap:6px 16px;padding:0;margin:10px 0;font-size:.85rem;
      color:var(--dim)}
    footer{margin-top:28px}
    @media(max-width:560px){
      .kernel>summary{grid-template-columns:1fr auto auto;gap:4px 14px}
      .name{grid-column:1/-1;grid-row:1}
      .time{min-width:76px}
      .tests td:first-child{width:90px}
      .ways tr{display:grid;grid-template-columns:repeat(var(--ways),1fr);border-bottom:1px solid var(--line);
        padding:3px 4px}
      .ways td,.ways th{padding:2px 4px;border:0}
      .ways tbody th,.ways tfoot th{grid-column:1/-1}
      .ways thead td{display:none}
      .grid tbody th{max-width:132px;white-space:normal;line-height:1.2;overflow-wrap:anywhere}
    }
    """
}
