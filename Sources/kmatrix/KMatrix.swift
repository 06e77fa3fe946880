import ArgumentParser
import Foundation

@main
struct KMatrix: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kmatrix",
    abstract: "Run quark-test on a matrix of real kernels under qemu.",
    discussion: """
      Exit codes of a run: 0 all passed; 1 something failed; 2 the command makes no sense; 3 this machine cannot do \
      it; 130 interrupted.
      """,
    groupedSubcommands: [
      CommandGroup(
        name: "Kernels",
        subcommands: [List.self, Fetch.self, Verify.self, Update.self, Doctor.self, BTFArchiveCommand.self]),
      CommandGroup(
        name: "Tests",
        subcommands: [
          RunCommand.self, VerifyBTFCommand.self, ReportCommand.self, DiffCommand.self, MergeCommand.self, CostsCommand.self,
        ]),
    ])

  /// As ArgumentParser's own, but every complaint is one line `kmatrix: …`, with an exit code of ours.
  static func main() async {
    do {
      var command = try parseAsRoot()
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
    } catch let error as KMatrixError {
      complain(error.message)
      Foundation.exit(error.kind.rawValue)
    } catch let error as KernelStoreError {
      complain("\(error)")
      Foundation.exit(error.exitCode)
    } catch  where exitCode(for: error) == .validationFailure {
      complain(message(for: error))
      Foundation.exit(KMatrixError.Kind.usage.rawValue)
    } catch  where error is ExitCode || exitCode(for: error) == .success {
      exit(withError: error)
    } catch {
      complain(describe(error))
      Foundation.exit(KMatrixError.Kind.infrastructure.rawValue)
    }
  }

  static func complain(_ message: String) {
    let line = message.split(whereSeparator: \.isNewline).joined(separator: " ")
    try? FileHandle.standardError.write(contentsOf: Data("kmatrix: \(line)\n".utf8))
  }
}
