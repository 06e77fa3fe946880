import ArgumentParser
import Foundation

struct MergeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "merge", abstract: "Join the results of shards into one report.",
    discussion: "A kernel that is in two of them is an error, and so is a shard that is missing.")

  @Argument(help: "results.json of each shard, or their folders.")
  var inputs: [String]

  @Option(name: [.short, .customLong("output")], help: "The folder for the joined results and their reports.")
  var output = "test-results"

  @Option(help: "Fail unless so many kernels, of so many series, passed and none is gone: KERNELS/SERIES.")
  var floor: Floor?

  func run() throws {
    let parts = try inputs.map { (name: $0, results: try MatrixResults(contentsOf: $0)) }
    var merged = try MatrixMerge.merge(parts)
    merged.floor = floor
    let folder = URL(filePath: output)
    try ReportWriter.makeFolder(folder)
    try copyLogs(to: folder)
    try ReportWriter(folder: folder).write(merged)
    for line in RunSummary(merged, folder: output).lines { StandardOutput.line(line) }
    if !merged.isSuccess { throw ExitCode(1) }
  }

  /// The reports link to consoles and channels under `logs`; shards have different kernels, so no name is there twice.
  private func copyLogs(to folder: URL) throws(KMatrixError) {
    let logs = folder.appending(path: "logs")
    try ReportWriter.makeFolder(logs)
    for input in inputs {
      let source = MatrixResults.file(at: input).deletingLastPathComponent().appending(path: "logs")
      let files = (try? FileManager.default.contentsOfDirectory(at: source, includingPropertiesForKeys: nil)) ?? []
      for file in files {
        let copy = logs.appending(path: file.lastPathComponent)
        if copy.standardizedFileURL == file.standardizedFileURL { continue }
        do {
          try Data(contentsOf: file).write(to: copy, options: .atomic)
        } catch {
          throw .infrastructure("\(copy.path): cannot be written: \(describe(error))")
        }
      }
    }
  }
}
