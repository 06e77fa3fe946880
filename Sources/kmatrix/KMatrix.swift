import ArgumentParser
import Foundation

@main
struct KMatrix: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kmatrix",
    abstract: "Run quark-test on a matrix of kernels.",
    subcommands: [List.self, Fetch.self, Verify.self, Update.self, Doctor.self])

  /// As ArgumentParser's own, but every complaint is one line `kmatrix: …`.
  static func main() async {
    do {
      var command = try parseAsRoot()
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
    } catch let error as KernelStoreError {
      complain("\(error)")
      Foundation.exit(error.exitCode)
    } catch  where exitCode(for: error) == .validationFailure {
      complain(message(for: error))
      Foundation.exit(2)
    } catch {
      exit(withError: error)
    }
  }

  static func complain(_ message: String) {
    FileHandle.standardError.write(Data("kmatrix: \(message)\n".utf8))
  }
}
