import Foundation

/// `matrix.md`, for step summaries and issues.
struct MarkdownReport {
  let text: String

  init(_ results: MatrixResults) {
    var lines = ["# Kernel matrix: \(results.tally)", ""]
    if results.interrupted { lines += ["**The user interrupted the run.**", ""] }
    for complaint in results.floor?.complaints(results.kernels) ?? [] { lines += [Self.cell(complaint), ""] }
    lines += Self.kernels(results) + Self.failures(results) + Self.notes(results) + Self.grids(results)
    lines += [RunSummary.timeLine(results), ""]
    text = lines.joined(separator: "\n")
  }

  private static func kernels(_ results: MatrixResults) -> [String] {
    let ways = Way.all(in: results.kernels)
    let rows = results.kernels.map { kernel in
      let cells = ways.map { WayResult($0, on: kernel)?.text ?? "" }
      return row([cell(kernel.title), badge(kernel.verdict)] + cells + [kernel.seconds.asSeconds])
    }
    let head = row(["kernel", "verdict"] + ways.map { cell($0.title) } + ["time"])
    return [head, "|---|---|" + String(repeating: ":--|", count: ways.count) + "--:|"] + rows + [""]
  }

  private static func row(_ cells: [String]) -> String { "| \(cells.joined(separator: " | ")) |" }

  private static func failures(_ results: MatrixResults) -> [String] {
    let failures = FailureEntry.all(in: results)
    if failures.isEmpty { return [] }
    var lines = ["## Failures", ""]
    for failure in failures {
      let test = failure.test.isEmpty ? "" : " \(cell(failure.test))"
      lines.append("- **\(cell(failure.kernel))**\(test): \(cell(failure.complaint))")
      if let rerun = failure.rerun { lines.append("  " + code(rerun)) }
    }
    return lines + [""]
  }

  private static func notes(_ results: MatrixResults) -> [String] {
    let notes = results.kernels.flatMap { kernel in kernel.notes.map { "- \(cell(kernel.title)): \(cell($0))" } }
    return notes.isEmpty ? [] : ["## Notes", ""] + notes + [""]
  }

  private static func grids(_ results: MatrixResults) -> [String] {
    let ways = Way.all(in: results.kernels)
    if ways.isEmpty { return [] }
    let legend = results.verdicts.map { "\($0.mark) \($0.meaning)" }.joined(separator: ", ")
    return ["## Tests", ""] + ways.flatMap { grid($0, results) } + [legend, ""]
  }

  private static func grid(_ way: Way, _ results: MatrixResults) -> [String] {
    let grid = MatrixGrid(results, way)
    let rows = grid.tests.indices.map { column in
      row([cell(grid.tests[column].name)] + grid.rows.map { $0.cells[column]?.verdict.mark ?? "" })
    }
    let head = row([cell(way.title)] + grid.rows.map { cell($0.kernel.shortTitle) })
    return [head, "|---|" + String(repeating: ":-:|", count: grid.rows.count)] + rows + [""]
  }

  private static func badge(_ verdict: Verdict) -> String { "\(verdict.mark) \(verdict.rawValue)" }

  /// A code span with the text in one line. If the text has backquotes, the fences are longer, so that it cannot end
  /// the span.
  private static func code(_ text: String) -> String {
    let line = text.split(whereSeparator: \.isNewline).joined(separator: " ")
    let longest = line.unicodeScalars.split(whereSeparator: { $0 != "`" }).map(\.count).max() ?? 0
    let fence = String(repeating: "`", count: longest + 1)
    return longest == 0 ? "`\(line)`" : "\(fence) \(line) \(fence)"
  }

  /// Escapes the text, so that it can neither end its cell nor begin markup: scalar by scalar, because a bar with an
  /// accent on it is another character, but still ends the cell.
  private static func cell(_ text: String) -> String {
    let line = text.split(whereSeparator: \.isNewline).joined(separator: " ")
    return line.unicodeScalars.reduce(into: "") { result, scalar in
      if "|*_`<>[]\\".unicodeScalars.contains(scalar) { result.append("\\") }
      result.unicodeScalars.append(scalar)
    }
  }
}
