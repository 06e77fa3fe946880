import Foundation

/// `matrix.md`, for step summaries and issues.
struct MarkdownReport {
  let text: String

  init(_ results: MatrixResults) {
    var lines = ["# Kernel matrix: \(results.tally)", ""]
    if results.interrupted { lines += ["**The run was ended by its user.**", ""] }
    lines += Self.kernels(results) + Self.failures(results) + Self.notes(results) + Self.grid(results)
    lines += [RunSummary.timeLine(results), ""]
    text = lines.joined(separator: "\n")
  }

  private static func kernels(_ results: MatrixResults) -> [String] {
    let rows = results.kernels.map { kernel in
      let tally = Tally(kernel)
      return "| \(cell(kernel.title)) | \(kernel.series) | \(kernel.flavour) | \(badge(kernel.verdict)) "
        + "| \(tally.passed) | \(tally.failed) | \(tally.skipped) | \(kernel.seconds.asSeconds) |"
    }
    return [
      "| kernel | series | flavour | verdict | passed | failed | skipped | time |", "|---|---|---|---|--:|--:|--:|--:|",
    ] + rows + [""]
  }

  private static func failures(_ results: MatrixResults) -> [String] {
    let failures = Failure.all(in: results)
    if failures.isEmpty { return [] }
    var lines = ["## Failures", ""]
    for failure in failures {
      let test = failure.test.isEmpty ? "" : " \(cell(failure.test))"
      lines.append("- **\(cell(failure.kernel))**\(test): \(cell(failure.complaint))")
      if let rerun = failure.rerun { lines.append("  `\(rerun)`") }
    }
    return lines + [""]
  }

  private static func notes(_ results: MatrixResults) -> [String] {
    let notes = results.kernels.flatMap { kernel in kernel.notes.map { "- \(cell(kernel.title)): \(cell($0))" } }
    return notes.isEmpty ? [] : ["## Notes", ""] + notes + [""]
  }

  private static func grid(_ results: MatrixResults) -> [String] {
    let grid = MatrixGrid(results)
    if grid.tests.isEmpty { return [] }
    let head = "| test | " + grid.rows.map { $0.kernel.shortTitle }.joined(separator: " | ") + " |"
    let rule = "|---|" + grid.rows.map { _ in ":-:" }.joined(separator: "|") + "|"
    let rows = grid.tests.indices.map { column in
      let cells = grid.rows.map { $0.cells[column]?.verdict.mark ?? "" }
      return "| \(grid.tests[column].label) | \(cells.joined(separator: " | ")) |"
    }
    let legend = grid.verdicts.map { "\($0.mark) \($0.meaning)" }.joined(separator: ", ")
    return ["## Tests", "", head, rule] + rows + ["", legend, ""]
  }

  private static func badge(_ verdict: Verdict) -> String { "\(verdict.mark) \(verdict.rawValue)" }

  /// Text that cannot end its cell or begin markup.
  private static func cell(_ text: String) -> String {
    let line = text.split(whereSeparator: \.isNewline).joined(separator: " ")
    return line.reduce(into: "") { result, character in
      if "|*_`<>[]\\".contains(character) { result.append("\\") }
      result.append(character)
    }
  }
}
