/// `matrix.svg`: kernels and ways as one picture that is narrow enough for a phone, and for a page beside text. Below
/// are the tests that failed somewhere; all others are in `matrix.html`.
struct SVGReport {
  let text: String

  /// All lengths are in pixels. `glyph` is the most that a character of a label is assumed to take, because no renderer
  /// can be asked.
  private static let cell = 24
  private static let gap = 3
  private static let glyph = 7
  private static let boldGlyph = 8
  private static let margin = 12
  private static let top = 82
  /// How many failures are shown. `matrix.html` has all of them.
  private static let maxFailures = 20

  init(_ results: MatrixResults) {
    let layout = Layout(results)
    text = """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(layout.width) \(layout.height)" \
      width="\(layout.width)" height="\(layout.height)" style="max-width:100%;height:auto" role="img" \
      aria-label="Kernel matrix: \(results.tally)">
      <style>
      text{font-family:system-ui,sans-serif;font-size:13px}
      .title{font-size:18px;font-weight:600}.mark{font-weight:700;text-anchor:middle}.num{text-anchor:middle}
      \(ReportStyle.fills)
      </style>
      <rect width="100%" height="100%" class="page"/>
      <text class="title text" x="\(Self.margin)" y="28">Kernel matrix</text>
      <text class="dim" x="\(Self.margin)" y="48">\(results.tally)</text>
      \(Self.heads(layout))
      \(Self.rows(results, layout))
      \(Self.failures(layout))
      \(Self.legend(layout))
      </svg>

      """
  }

  private struct Layout {
    let ways: [Way]
    let columns: [Int]
    let left: Int
    let width: Int
    let height: Int
    let failures: [(test: TestID, verdict: Verdict, kernels: [String])]
    let failuresTop: Int
    let verdicts: [Verdict]
    let legendTop: Int
    let perLegendRow: Int
    let legendWidth: Int

    init(_ results: MatrixResults) {
      ways = Way.all(in: results.kernels)
      let longest = results.kernels.map(\.narrowTitle.count).max() ?? 0
      left = margin + cell + 8 + longest * glyph + 16
      columns = ways.map { way in
        let longest = results.kernels.compactMap { WayResult(way, on: $0)?.text.count }.max() ?? 0
        return max(longest * boldGlyph, way.title.count * glyph) + 8
      }
      width = max(left + columns.reduce(0) { $0 + $1 + gap } + margin, 360)
      failures = Self.failures(results)
      failuresTop = top + results.kernels.count * (cell + gap) + 16
      let lines = min(failures.count, maxFailures + 1)
      legendTop = failuresTop + lines * (cell + gap) + (lines > 0 ? 16 : 0)
      verdicts = results.verdicts
      legendWidth = cell + 8 + (verdicts.map(\.meaning.count).max() ?? 0) * glyph + 12
      perLegendRow = max(1, (width - 2 * margin) / legendWidth)
      height = legendTop + (verdicts.count + perLegendRow - 1) / perLegendRow * (cell + gap) + margin
    }

    /// Each test that failed somewhere, with its worst verdict and where it failed.
    private static func failures(_ results: MatrixResults) -> [(test: TestID, verdict: Verdict, kernels: [String])] {
      let grid = MatrixGrid(results)
      return grid.tests.indices.compactMap { column in
        let failed = grid.rows.filter { $0.cells[column]?.verdict.countedAs == .failed }
        let worst = failed.compactMap { $0.cells[column]?.verdict }.max { $0.severity < $1.severity }
        return worst.map { (grid.tests[column], $0, failed.map(\.kernel.shortTitle)) }
      }
    }

    func x(_ column: Int) -> Int { left + columns[..<column].reduce(0) { $0 + $1 + gap } }
    func y(_ row: Int) -> Int { top + row * (cell + gap) }
    /// How many characters fit between `x` and the margin.
    func room(from x: Int) -> Int { (width - margin - x) / glyph }
  }

  private static func heads(_ layout: Layout) -> String {
    layout.ways.enumerated().map { column, way in
      let x = layout.x(column) + layout.columns[column] / 2
      return #"<text class="num dim" x="\#(x)" y="\#(top - 8)">\#(Markup.escape(way.title))</text>"#
    }.joined(separator: "\n")
  }

  private static func rows(_ results: MatrixResults, _ layout: Layout) -> String {
    results.kernels.enumerated().map { index, kernel in
      let y = layout.y(index)
      let title = Markup.escape(kernel.narrowTitle)
      let whole = box(kernel.verdict, kernel.verdict.mark, x: margin, y: y, width: cell, tip: kernel.title)
      let name = #"<text class="text" x="\#(margin + cell + 8)" y="\#(y + 17)">\#(title)</text>"#
      let cells = layout.ways.enumerated().map { column, way in
        guard let result = WayResult(way, on: kernel) else { return "" }
        return box(
          result.verdict, result.text, x: layout.x(column), y: y, width: layout.columns[column],
          tip: "\(kernel.title) \(way.title)")
      }
      return ([whole, name] + cells).joined()
    }.joined(separator: "\n")
  }

  private static func failures(_ layout: Layout) -> String {
    let lines = layout.failures.prefix(maxFailures).enumerated().map { index, failure in
      let y = layout.failuresTop + index * (cell + gap)
      let x = margin + cell + 8
      let text = "\(failure.test.label): \(failure.kernels.joined(separator: ", "))".fitted(to: layout.room(from: x))
      return box(failure.verdict, failure.verdict.mark, x: margin, y: y, width: cell, tip: failure.test.label)
        + #"<text class="text" x="\#(x)" y="\#(y + 17)">\#(Markup.escape(text.trimmingSpaces))</text>"#
    }
    guard layout.failures.count > maxFailures else { return lines.joined(separator: "\n") }
    let y = layout.failuresTop + maxFailures * (cell + gap)
    let rest = "and \(layout.failures.count - maxFailures) more tests that failed"
    return (lines + [#"<text class="dim" x="\#(margin)" y="\#(y + 17)">\#(rest)</text>"#]).joined(separator: "\n")
  }

  private static func box(_ verdict: Verdict, _ text: String, x: Int, y: Int, width: Int, tip: String) -> String {
    let ground = ReportStyle.ground(verdict)
    let title = tip.isEmpty ? "" : "<title>\(Markup.escape(tip)): \(verdict.rawValue)</title>"
    return #"<g>\#(title)<rect class="\#(ground)" x="\#(x)" y="\#(y)" width="\#(width)" height="\#(cell)" rx="5"/>"#
      + #"<text class="mark \#(ground)-ink" x="\#(x + width / 2)" y="\#(y + 17)">\#(text)</text></g>"#
  }

  private static func legend(_ layout: Layout) -> String {
    layout.verdicts.enumerated().map { index, verdict in
      let x = margin + index % layout.perLegendRow * layout.legendWidth
      let y = layout.legendTop + index / layout.perLegendRow * (cell + gap)
      return box(verdict, verdict.mark, x: x, y: y, width: cell, tip: "")
        + #"<text class="dim" x="\#(x + cell + 8)" y="\#(y + 17)">\#(verdict.meaning)</text>"#
    }.joined(separator: "\n")
  }
}

extension KernelResult {
  /// The release without `-amd64`, with which all of them end.
  fileprivate var narrowTitle: String {
    if negative { return shortTitle }
    return release.dropping(suffix: "-amd64").map(String.init) ?? release
  }
}
