/// `matrix.svg`: the grid of kernels and tests as one picture.
struct SVGReport {
  let text: String

  /// All lengths in pixels. A character of the label font is at most `glyph` wide, which no renderer tells us.
  private static let cell = 24
  private static let gap = 3
  private static let glyph = 7
  private static let margin = 16
  private static let titleHeight = 52

  init(_ results: MatrixResults) {
    let grid = MatrixGrid(results)
    let layout = Layout(grid)
    text = """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(layout.width) \(layout.height)" \
      width="\(layout.width)" height="\(layout.height)" style="max-width:100%;height:auto" role="img" \
      aria-label="Kernel matrix: \(results.tally)">
      <style>
      text{font-family:system-ui,sans-serif;font-size:13px}
      .title{font-size:18px;font-weight:600}.mark{font-weight:700;text-anchor:middle}.num{text-anchor:end}
      \(ReportStyle.fills)
      </style>
      <rect width="100%" height="100%" class="page"/>
      <text class="title text" x="\(Self.margin)" y="28">Kernel matrix</text>
      <text class="dim" x="\(Self.margin)" y="48">\(results.tally)</text>
      \(Self.heads(grid, layout))
      \(Self.rows(grid, layout))
      \(Self.legend(grid, layout))
      </svg>

      """
  }

  private struct Layout {
    let left: Int
    let top: Int
    let width: Int
    let height: Int
    let legendTop: Int
    let legendWidth: Int
    let perLegendRow: Int

    static let timeWidth = 64

    init(_ grid: MatrixGrid) {
      let longestRow = grid.rows.map(\.kernel.title.count).max() ?? 0
      let longestColumn = grid.tests.map(\.label.count).max() ?? 0
      left = margin + longestRow * glyph + 12 + cell + 2 * gap + 8
      top = titleHeight + longestColumn * glyph + 16
      let gridWidth = left + grid.tests.count * (cell + gap) + Self.timeWidth + margin
      width = max(gridWidth, 360)
      legendWidth = cell + 8 + (grid.verdicts.map(\.meaning.count).max() ?? 0) * glyph + 12
      perLegendRow = max(1, (width - 2 * margin) / legendWidth)
      legendTop = top + grid.rows.count * (cell + gap) + 22
      let legendRows = (grid.verdicts.count + perLegendRow - 1) / perLegendRow
      height = legendTop + legendRows * (cell + gap) + margin
    }

    func x(_ column: Int) -> Int { left + column * (cell + gap) }
    func y(_ row: Int) -> Int { top + row * (cell + gap) }
  }

  private static func heads(_ grid: MatrixGrid, _ layout: Layout) -> String {
    grid.tests.enumerated().map { column, test in
      let x = layout.x(column) + cell / 2 + 5
      let y = layout.top - 8
      return #"<text class="text" transform="translate(\#(x) \#(y)) rotate(-90)">\#(Markup.escape(test.label))</text>"#
    }.joined(separator: "\n")
  }

  private static func rows(_ grid: MatrixGrid, _ layout: Layout) -> String {
    grid.rows.enumerated().map { index, row in
      let y = layout.y(index)
      let name = #"<text class="text" x="\#(margin)" y="\#(y + 17)">\#(Markup.escape(row.kernel.title))</text>"#
      let whole = mark(row.kernel.verdict, x: layout.left - cell - 2 * gap - 4, y: y, title: row.kernel.title)
      let cells = row.cells.enumerated().map { column, test in
        test.map { mark($0.verdict, x: layout.x(column), y: y, title: "\(row.kernel.title) \($0.label)") } ?? ""
      }
      let end = layout.x(grid.tests.count) + Layout.timeWidth - 4
      let time = #"<text class="num dim" x="\#(end)" y="\#(y + 17)">\#(row.kernel.seconds.asSeconds)</text>"#
      return ([name, whole] + cells + [time]).joined()
    }.joined(separator: "\n")
  }

  private static func mark(_ verdict: Verdict, x: Int, y: Int, title: String) -> String {
    let ground = ReportStyle.ground(verdict)
    let tip = title.isEmpty ? "" : "<title>\(Markup.escape(title)): \(verdict.rawValue)</title>"
    return #"<g>\#(tip)<rect class="\#(ground)" x="\#(x)" y="\#(y)" width="\#(cell)" height="\#(cell)" rx="5"/>"#
      + #"<text class="mark \#(ground)-ink" x="\#(x + cell / 2)" y="\#(y + 17)">\#(verdict.mark)</text></g>"#
  }

  private static func legend(_ grid: MatrixGrid, _ layout: Layout) -> String {
    grid.verdicts.enumerated().map { index, verdict in
      let x = margin + index % layout.perLegendRow * layout.legendWidth
      let y = layout.legendTop + index / layout.perLegendRow * (cell + gap)
      return mark(verdict, x: x, y: y, title: "")
        + #"<text class="dim" x="\#(x + cell + 8)" y="\#(y + 17)">\#(verdict.meaning)</text>"#
    }.joined(separator: "\n")
  }
}
