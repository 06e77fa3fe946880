import Foundation
import Subprocess
import SystemPackage
import Testing

@testable import kmatrix

/// Runs the built kmatrix on fake kernels, which are scripts that Fixtures/fake-krun.sh runs.
struct KMatrixProcess {
  struct Outcome {
    var code: Int
    var output: String
    var error: String
    var lastLine: String { output.split(separator: "\n").last.map(String.init) ?? "" }
  }

  let scratch: TemporaryFolder

  init() throws {
    scratch = try TemporaryFolder()
    try scratch.write("", to: "initramfs.gz")
  }

  /// Makes a kernel each boot of which runs `script`.
  func kernel(_ release: String, _ script: String) throws {
    try scratch.write(script, to: "linux-\(release)")
  }

  static var executable: FilePath {
    FilePath(Bundle.module.bundleURL.deletingLastPathComponent().appending(path: "kmatrix").path)
  }

  func configuration(_ arguments: [String], environment: [Environment.Key: String?] = [:]) -> Configuration {
    Configuration(
      executable: .path(Self.executable), arguments: Arguments(arguments),
      environment: .inherit.updating(environment), workingDirectory: FilePath(scratch.url.path))
  }

  func callAsFunction(
    _ arguments: String..., environment: [Environment.Key: String?] = [:]
  ) async throws -> Outcome {
    try await run(arguments, environment: environment)
  }

  func run(_ arguments: [String], environment: [Environment.Key: String?] = [:]) async throws -> Outcome {
    let result = try await Subprocess.run(
      configuration(arguments, environment: environment), output: .string(limit: 1 << 20),
      error: .string(limit: 1 << 20))
    guard case .exited(let code) = result.terminationStatus else {
      Issue.record("kmatrix \(arguments) died: \(result.terminationStatus) \(result.standardError)")
      return Outcome(code: -1, output: result.standardOutput, error: result.standardError)
    }
    return Outcome(code: Int(code), output: result.standardOutput, error: result.standardError)
  }

  /// The words of `kmatrix run` for these kernels.
  func runArguments(_ releases: [String]) throws -> [String] {
    try ["run", "--krun", Fixture.url("fake-krun.sh").path] + releases.flatMap { ["--image", "linux-\($0)"] }
  }

  func results(in folder: String = "test-results") throws -> MatrixResults {
    try MatrixResults(contentsOf: scratch.file(folder))
  }
}
