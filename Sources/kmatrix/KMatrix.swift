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
      Exit codes of a run: 0 all passed; 1 something failed; 2 the command makes no sense; 3 this machine cannot do \
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

/// Notes SIGINT, SIGTERM and SIGHUP; the run looks here several times a second.
///
/// A handler rather than an ignored signal, because an ignored one would stay ignored in krun.sh.
enum Interruption {
  static let exitCode: Int32 = 130

  private static let signals = Atomic<Int>(0)

  static func install() {
    _ = count  // makes the counter exist before a handler can touch it
    for number in [SIGINT, SIGTERM, SIGHUP] {
      signal(number) { _ in Interruption.note() }
    }
    // A reader that went away (`kmatrix run | head`) must not end kmatrix before its guests.
    signal(SIGPIPE) { _ in }
  }

  /// Runs `body`; a signal cancels it. What that makes it throw is not told, only that it was interrupted.
  static func heeded(_ body: @escaping @Sendable () async throws -> Void) async throws {
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

/// Where the checkout is.
struct RootOption: ParsableArguments {
  @Option(help: "The checkout. Default: the nearest folder above with kernel-images/kernels.toml in it.")
  var root: String?

  func path() throws(KernelStoreError) -> FilePath {
    if let root { return try KernelStore.findRoot(from: root) }
    return try KernelStore.findRoot()
  }

  func store() throws(KernelStoreError) -> KernelStore { try KernelStore(root: path()) }
}

/// Which of its kernels.
struct SelectionOptions: ParsableArguments {
  @Option(help: "A set of kernels.toml; \"full\" is all. Default: \"default\", or with --kernels all.")
  var set: String?

  @Option(help: "Kernels by release or series-flavour: globs, separated by commas.")
  var kernels: String?
}
