import Foundation

/// What each kind of kernel takes, in seconds: `{"6.1-cloud": 4.5, …}` in a file that is committed, so that machines
/// that share a matrix compute the same shards.
struct CostTable: Sendable, Equatable {
  /// By series and flavour rather than release, for releases come and go.
  private(set) var seconds: [String: Double] = [:]

  /// Of kernels nobody has timed yet.
  private static let unknown = 30.0
  /// The row whose guests go wrong on purpose, whatever its kernel.
  private static let negative = "negative"

  init() {}

  /// A file that is not there is an empty table: costs only make things faster.
  init(contentsOf path: String) throws(KMatrixError) {
    guard FileManager.default.fileExists(atPath: path) else { return }
    do {
      seconds = try JSONDecoder().decode([String: Double].self, from: Data(contentsOf: URL(filePath: path)))
    } catch {
      throw .usage("\(path): not a table of costs: \(describe(error))")
    }
  }

  /// Costs as a run measured them; an unchanged kernel keeps its entry unless it moved by more than a quarter.
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
