import ArgumentParser
import Foundation

@main struct BTFHub: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "btfhub",
    abstract: "Make the table of kernels' offsets from trees in BTFhub's layout.",
    discussion: """
      A tree has files <distro>/<release>/<machine>/<uname -r>.btf, .btf.xz or .btf.tar.xz. Each file is reported. The \
      exit status is 0 if all are in the table, 1 if some were refused, and 2 if no table was written.
      """)

  @Option(help: "Where the table goes.") var table: String
  @Option(help: "Where the table in words goes.") var listing: String
  @Argument(help: "Trees.") var trees: [String]

  func run() async throws {
    var read: [ArchiveTree] = []
    let result: Generator.Result
    do {
      for path in trees { read.append(try await ArchiveTree(path)) }
      result = try await Generator(trees: read).read()
    } catch let error as ArchiveTree.Unusable {
      throw Self.failure(error.reason)
    } catch let error as Generator.Conflict {
      throw Self.failure(error.reason)
    }
    result.report.forEach(Self.complain)
    Self.complain("\(result.kernels.count) kernels, \(result.refused.count) files refused")
    guard !result.kernels.isEmpty else { throw Self.failure("nothing to make a table of") }
    let writer = TableWriter(result.kernels)
    try write(Data(writer.bytes(source: writer.source)), to: table)
    try write(Data(Listing.text(writer, trees: read, refused: result.refused).utf8), to: listing)
    if !result.refused.isEmpty { throw ExitCode(1) }
  }

  private func write(_ data: Data, to path: String) throws {
    do {
      try data.write(to: URL(filePath: path), options: .atomic)
    } catch {
      throw Self.failure("\(path): cannot be written: \(error.localizedDescription)")
    }
  }

  private static func failure(_ reason: String) -> ExitCode {
    complain("btfhub: \(reason)")
    return ExitCode(2)
  }

  private static func complain(_ line: String) { FileHandle.standardError.write(Data((line + "\n").utf8)) }
}
