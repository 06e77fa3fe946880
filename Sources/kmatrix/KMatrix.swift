import ArgumentParser
import Foundation

@main
struct KMatrix: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kmatrix",
    abstract: "Run quark-test on a matrix of real kernels under qemu.",
    discussion: """
      Exit codes: 0 all passed; 1 something failed; 2 the command makes no sense; 3 this machine cannot do it; \
      130 interrupted.
      """,
    subcommands: [RunCommand.self, ReportCommand.self, DiffCommand.self, MergeCommand.self, CostsCommand.self])

  /// Parses and runs; every error is one line on standard error and an exit code of ours.
  static func main() async {
    do {
      var command = try parseAsRoot()
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        try command.run()
      }
    } catch {
      end(with: error)
    }
  }

  private static func end(with error: any Error) -> Never {
    if let code = error as? ExitCode { exit(withError: code) }
    if let error = error as? KMatrixError { fail(error.message, code: error.kind.rawValue) }
    switch exitCode(for: error) {
    case .success: exit(withError: error)  // help was asked for
    case .validationFailure: fail(message(for: error), code: KMatrixError.Kind.usage.rawValue)
    default: fail(describe(error), code: KMatrixError.Kind.infrastructure.rawValue)
    }
  }

  private static func fail(_ message: String, code: Int32) -> Never {
    let line = message.split(whereSeparator: \.isNewline).joined(separator: " ")
    try? FileHandle.standardError.write(contentsOf: Data("kmatrix: \(line)\n".utf8))
    exit(withError: ExitCode(code))
  }
}
