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

  @Option(help: "KERNELS/SERIES: fail unless at least that many kernels, of that many series, passed and none is gone.")
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

  /// The reports link to consoles and channels under `logs`; shards have different kernels, so no name occurs twice.
  private func copyLogs(to folder: URL) throws(KMatrixError) {
    let logs = folder.appending(path: "logs")
    try ReportWriter.makeFolder(logs)
    for input in inputs {
      let source = MatrixResults.file(at: input).deletingLastPathComponent().appending(path: "logs")
      for file in try Self.logs(in: source) {
        let copy = logs.appending(path: file.lastPathComponent)
        if copy.standardizedFileURL == file.standardizedFileURL { continue }
        do {
          try Data(contentsOf: file).write(to: copy, options: .atomic)
        } catch {
          throw .infrastructure("\(file.path): cannot be copied to \(logs.path): \(describe(error))")
        }
      }
    }
  }

  /// None if there is no such folder: a user may have kept only the results.
  private static func logs(in folder: URL) throws(KMatrixError) -> [URL] {
    guard FileManager.default.fileExists(atPath: folder.path) else { return [] }
    do {
      // With a URL, Foundation returns an empty list and no error for a folder that cannot be read.
      return try FileManager.default.contentsOfDirectory(atPath: folder.path).map { folder.appending(path: $0) }
    } catch {
      throw .infrastructure("\(folder.path): cannot be read: \(describe(error))")
    }
  }
}

/// Joins the results of shards into those of one run.
enum MatrixMerge {
  /// A kernel in two of them is an error, because one of the two results would be lost. A missing shard is an error,
  /// too, because nothing would be said about its kernels.
  static func merge(_ parts: [(name: String, results: MatrixResults)]) throws(KMatrixError) -> MatrixResults {
    guard var merged = parts.first?.results else { throw .usage("merge: nothing to merge") }
    var origin: [String: String] = [:]
    for part in parts {
      for kernel in part.results.kernels {
        if let other = origin.updateValue(part.name, forKey: kernel.title) {
          throw .usage("merge: \(kernel.title) is in both \(other) and \(part.name)")
        }
      }
    }
    let all = parts.map(\.results)
    merged.shards = all.flatMap(\.shards)
    try requireAllShards(merged.shards)
    merged.started = all.map(\.started).min() ?? merged.started
    merged.finished = all.map(\.finished).max() ?? merged.finished
    merged.host.slowdown = all.map(\.host.slowdown).max() ?? merged.host.slowdown
    let fetches = all.compactMap(\.fetchSeconds)
    merged.fetchSeconds = fetches.isEmpty ? nil : fetches.reduce(0, +)
    if Set(all.map(\.seed)).count > 1 { merged.seed = nil }
    merged.interrupted = all.contains(where: \.interrupted)
    merged.kernels = all.flatMap(\.kernels).sorted(by: KernelResult.isOlder)
    return merged
  }

  private static func requireAllShards(_ names: [String]) throws(KMatrixError) {
    var shards: [Shard] = []
    for name in names {
      guard let shard = Shard(name) else { throw .usage("merge: \"\(name)\" is not the name of a shard") }
      shards.append(shard)
    }
    guard let count = shards.first?.count else { return }
    if let odd = shards.first(where: { $0.count != count }) {
      throw .usage("merge: shard \(odd) belongs to another split than 1/\(count)")
    }
    for index in 1...count where !shards.contains(where: { $0.index == index }) {
      throw .usage("merge: shard \(index)/\(count) is missing")
    }
  }
}
