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

/// Writes `results.json` and the reports made from it. A reader sees the old file or the new one, never a part of one.
struct ReportWriter {
  var folder: URL

  func write(_ results: MatrixResults) throws(KMatrixError) {
    try write(MatrixResults.fileName) { try results.encoded() }
    try write("junit.xml") { Data(JUnitReport(results).text.utf8) }
    try write("ktap.txt") { Data(KTAPReport(results).text.utf8) }
    try write("matrix.md") { Data(MarkdownReport(results).text.utf8) }
    try write("matrix.html") { Data(HTMLReport(results).text.utf8) }
    try write("matrix.svg") { Data(SVGReport(results).text.utf8) }
  }

  private func write(_ name: String, _ content: () throws -> Data) throws(KMatrixError) {
    let file = folder.appending(path: name)
    do {
      try content().write(to: file, options: .atomic)
    } catch {
      throw .infrastructure("\(file.path): cannot be written: \(describe(error))")
    }
  }

  static func makeFolder(_ folder: URL) throws(KMatrixError) {
    if let file = fileInTheWay(of: folder) { throw .infrastructure("\(folder.path): \(file) is not a folder") }
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    } catch {
      throw .infrastructure("\(folder.path): cannot be created: \(describe(error))")
    }
  }

  /// A file that is where the folder, or one above it, should be. Foundation's error does not tell this case from
  /// others.
  private static func fileInTheWay(of folder: URL) -> String? {
    var path = folder.standardizedFileURL
    var isFolder: ObjCBool = false
    // Safe: the flag is a variable of ours, written during the call.
    while unsafe !FileManager.default.fileExists(atPath: path.path, isDirectory: &isFolder), path.path != "/" {
      path.deleteLastPathComponent()
    }
    return isFolder.boolValue ? nil : path.path
  }
}
