import ArgumentParser
import Foundation

struct CostsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "costs", abstract: "Update the table of what kernels cost, which orders and shards the matrix.",
    discussion: "Commit the table: machines that share a matrix must agree on it.")

  @Argument(help: "results.json to learn from, or its folder.")
  var input = "test-results"

  @Option(help: "The table.")
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
