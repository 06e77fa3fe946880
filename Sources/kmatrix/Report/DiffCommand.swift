import ArgumentParser

struct DiffCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff", abstract: "Say what changed from one run to another.",
    discussion: "Exits with 1 if something got worse: it fails now, or it is not run any more.")

  @Argument(help: "results.json of the earlier run, or its folder.")
  var old: String

  @Argument(help: "results.json of the later run, or its folder.")
  var new: String

  func run() throws {
    let diff = MatrixDiff(from: try MatrixResults(contentsOf: old), to: try MatrixResults(contentsOf: new))
    for line in diff.lines { StandardOutput.line(line) }
    if diff.isWorse { throw ExitCode(1) }
  }
}
