import ArgumentParser
import Foundation

struct CostsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "costs", abstract: "Update the table of costs, by which the matrix is ordered and sharded.",
    discussion: "Commit the table: machines that share a matrix must agree on it.")

  @Argument(help: "results.json to learn from, or its folder.")
  var input = "test-results"

  @Option(help: "The table of costs.")
  var costs = RunCommand.defaultCosts

  func run() throws {
    let results = try MatrixResults(contentsOf: input)
    var table = try CostTable(contentsOf: costs)
    table.learn(from: results)
    do {
      try table.encoded().write(to: URL(filePath: costs), options: .atomic)
    } catch {
      throw KMatrixError.infrastructure("\(costs): cannot be written: \(describe(error))")
    }
  }
}

/// How long each kind of kernel takes, in seconds: `{"6.1-cloud": 4.5, …}`. The file is committed, so that machines
/// that share a matrix compute the same shards.
struct CostTable: Sendable, Equatable {
  /// The keys are series and flavour, not releases, because releases come and go.
  private(set) var seconds: [String: Double] = [:]

  /// The cost of a kernel that was never timed.
  private static let unknown = 30.0
  /// The key of the row whose tests go wrong on purpose, whichever kernel it uses.
  private static let negative = "negative"

  init() {}

  /// A file that does not exist is an empty table: costs only make a run faster.
  init(contentsOf path: String) throws(KMatrixError) {
    guard FileManager.default.fileExists(atPath: path) else { return }
    do {
      seconds = try JSONDecoder().decode([String: Double].self, from: Data(contentsOf: URL(filePath: path)))
    } catch {
      throw .usage("\(path): not a table of costs: \(describe(error))")
    }
  }

  /// Takes the costs that a run measured. An entry changes only if the new cost differs by more than a quarter.
  mutating func learn(from results: MatrixResults) {
    for kernel in results.kernels where kernel.verdict == .pass && (kernel.negative || kernel.boots.count == 1) {
      let key = kernel.negative ? Self.negative : Self.key(kernel.series, kernel.flavour)
      let idle = kernel.boots.reduce(0) { $0 + $1.seconds / ($1.slowdown ?? results.host.slowdown) }
      let measured = (idle * 10).rounded() / 10
      if let old = seconds[key], abs(measured - old) <= old / 4 { continue }
      seconds[key] = measured
    }
  }

  func cost(series: String, flavour: String) -> Double {
    seconds[Self.key(series, flavour)] ?? Self.unknown
  }

  func negativeCost(of kernel: KernelImage) -> Double {
    seconds[Self.negative] ?? 2 * cost(series: kernel.series, flavour: kernel.flavour)
  }

  func encoded() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    return try encoder.encode(seconds) + Data("\n".utf8)
  }

  private static func key(_ series: String, _ flavour: String) -> String { "\(series)-\(flavour)" }
}
