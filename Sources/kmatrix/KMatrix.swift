import ArgumentParser
import Foundation
import Glibc
import Synchronization
import SystemPackage

@main
struct KMatrix: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kmatrix",
    abstract: "Run quark-test on a matrix of real kernels under qemu.",
    discussion: """
      Exit codes of a run: 0 all passed; 1 something failed; 2 the command line is wrong; 3 this machine cannot do \
      it; 130 interrupted.
      """,
    groupedSubcommands: [
      CommandGroup(
        name: "Kernels",
        subcommands: [
          ListCommand.self, FetchCommand.self, VerifyCommand.self, UpdateCommand.self, DoctorCommand.self,
          BTFArchiveCommand.self,
        ]),
      CommandGroup(
        name: "Tests",
        subcommands: [
          RunCommand.self, VerifyBTFCommand.self, ReportCommand.self, DiffCommand.self, MergeCommand.self,
          CostsCommand.self,
        ]),
    ])

  /// Does what ArgumentParser's own `main` does, but prints every error as one line `kmatrix: …` and has exit codes of
  /// its own.
  static func main() async {
    do {
      var command = try parseAsRoot()
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
      try StandardOutput.requireWritten()
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

/// Counts SIGINT, SIGTERM and SIGHUP. A run looks at the count several times a second.
///
/// The signals have a handler and are not ignored, because krun.sh would inherit ignored signals.
enum Interruption {
  static let exitCode: Int32 = 130

  private static let signals = Atomic<Int>(0)

  static func install() {
    _ = count  // creates the counter before a handler can use it
    for number in [SIGINT, SIGTERM, SIGHUP] {
      signal(number) { _ in Interruption.note() }
    }
    // If the reader of the output ends (`kmatrix run | head`), kmatrix must not end before its guests.
    signal(SIGPIPE) { _ in }
  }

  /// Runs `body`; a signal cancels it. The error that `body` then throws is replaced by the exit code of an
  /// interruption.
  static func cancelling(_ body: @escaping @Sendable () async throws -> Void) async throws {
    install()
    let work = Task { try await body() }
    let watch = Task {
      while (try? await Task.sleep(for: .milliseconds(50))) != nil {
        if count > 0 { return work.cancel() }
      }
    }
    defer { watch.cancel() }
    do {
      try await work.value
    } catch  where count > 0 && !(error is ExitCode) {
      throw ExitCode(exitCode)
    }
  }

  static var count: Int { signals.load(ordering: .relaxed) }

  private static func note() {
    signals.add(1, ordering: .relaxed)
  }
}

/// Refuses numbers that no machine can do anything with, because what follows adds, multiplies and counts up to them.
func require(_ range: ClosedRange<Int>, _ option: String, _ value: Int?) throws(ValidationError) {
  guard let value, !range.contains(value) else { return }
  throw ValidationError("\(option) \(value): not a number from \(range.lowerBound) to \(range.upperBound)")
}

/// Where the checkout is.
struct RootOption: ParsableArguments {
  @Option(help: "The checkout. Default: the nearest folder, from here upwards, that has kernel-images/kernels.toml.")
  var root: String?

  func path() throws(KernelStoreError) -> FilePath {
    if let root { return try KernelStore.findRoot(from: root) }
    return try KernelStore.findRoot()
  }

  func store() throws(KernelStoreError) -> KernelStore { try KernelStore(root: path()) }
}

/// Which of the checkout's kernels.
struct SelectionOptions: ParsableArguments {
  @Option(help: "A set of kernels.toml; \"full\" is all kernels. Default: \"default\", or all kernels with --kernels.")
  var set: String?

  @Option(help: "Only kernels whose release or series-flavour matches one of these globs, separated by commas.")
  var kernels: String?
}
