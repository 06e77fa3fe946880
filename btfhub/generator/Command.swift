import Foundation
import Subprocess

/// Runs the machine's own tools.
enum Command {
  struct Failure: Error {
    var reason: String
  }

  private static let environment = Environment.inherit.updating(["LC_ALL": "C"])

  /// Returns the output of a tool.
  @discardableResult
  static func run(_ name: String, _ arguments: [String]) async throws(Failure) -> String {
    do {
      let result = try await Subprocess.run(
        .name(name), arguments: Arguments(arguments), environment: environment, output: .string(limit: 1 << 20),
        error: .string(limit: 1 << 20))
      guard result.terminationStatus.isSuccess else {
        // If there are several lines, the first has the cause: the others only say that the tool gave up.
        let line = result.standardError.split(whereSeparator: \.isNewline).first.map(String.init)
        throw Failure(reason: line ?? "\(name): \(result.terminationStatus)")
      }
      return result.standardOutput
    } catch let failure as Failure {
      throw failure
    } catch {
      throw Failure(reason: "\(name) could not be run: \(error)")
    }
  }
}
