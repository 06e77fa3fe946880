import Foundation

/// Where the time of a run went: the phases of its boots, kernel by kernel and in all, and the slowest tests.
struct PhaseTable {
  struct Phase: Equatable {
    var name: String
    var seconds: Double
    /// Of all phases together, 0 to 1.
    var share: Double

    var percent: String { "\(Int((share * 100).rounded())) %" }
  }

  struct Row {
    var title: String
    var phases: BootPhases
  }

  /// The sums over all kernels, fetching first.
  let phases: [Phase]
  let rows: [Row]
  let slowest: [(kernel: String, test: TestResult)]

  private static let slowestCount = 5

  init(_ results: MatrixResults) {
    let timed = results.kernels.filter { $0.boots.contains { $0.phases != nil } }
    rows = timed.map { Row(title: $0.title, phases: $0.phases) }
    let sum = rows.reduce(BootPhases()) { $0 + $1.phases }
    let fetch = results.fetchSeconds ?? 0
    let total = fetch + sum.total
    phases = zip(["fetch"] + BootPhases.names, [fetch] + sum.values).map { name, seconds in
      Phase(name: name, seconds: seconds, share: total > 0 ? seconds / total : 0)
    }
    let tests = results.kernels.flatMap { kernel in kernel.tests.map { (kernel: kernel.title, test: $0) } }
    slowest = Array(tests.filter { $0.test.seconds > 0 }.sorted { $0.test.seconds > $1.test.seconds }
      .prefix(Self.slowestCount))
  }

  var lines: [String] {
    guard !rows.isEmpty else { return [] }
    let parts = phases.map { phase in
      "  \(phase.name.fitted(to: 8))\(phase.seconds.asSeconds.leftPadded(to: 9))\(phase.percent.leftPadded(to: 6))"
    }
    let tests = slowest.map { "  \($0.test.seconds.asSeconds.leftPadded(to: 7))  \($0.test.label) on \($0.kernel)" }
    return ["Where the time of all kernels together went:"] + parts + (tests.isEmpty ? [] : ["Slowest tests:"] + tests)
  }
}
