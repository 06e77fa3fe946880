import ArgumentParser
import Foundation

struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report", abstract: "Make the reports again from results.json.")

  @Argument(help: "results.json, or the folder it is in; the reports go beside it.")
  var input = "test-results"

  func run() throws {
    let results = try MatrixResults(contentsOf: input)
    let folder = MatrixResults.file(at: input).deletingLastPathComponent()
    try ReportWriter(folder: folder).write(results)
    for line in RunSummary(results, folder: folder.relativePath).lines { StandardOutput.line(line) }
  }
}
