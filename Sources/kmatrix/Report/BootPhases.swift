import Foundation

/// Where the time of a boot went, in seconds. Guests measure with their own clocks, which run as fast as the host's
/// even in an emulator.
///
/// Tests run side by side, so the sum of the times that they report is more than the plan took. Therefore the time of
/// the plan, without the time in which the guest's CPUs were idle, is divided in proportion to the reported times.
struct BootPhases: Codable, Sendable, Equatable {
  /// From the start of krun.sh to the hello frame.
  var boot = 0.0
  /// Opening queues, shared ones and those of single tests.
  var open = 0.0
  /// Everything else that tests do.
  var tests = 0.0
  /// Closing queues.
  var close = 0.0
  /// How long the guest's CPUs were idle during the plan.
  var waiting = 0.0

  static let names = ["boot", "open", "tests", "close", "waiting"]
  var values: [Double] { [boot, open, tests, close, waiting] }
  var total: Double { values.reduce(0, +) }

  init() {}

  init(_ artifacts: BootArtifacts, _ transcript: ChannelTranscript) {
    guard transcript.hello != nil else {
      boot = artifacts.seconds
      return
    }
    let end = transcript.end
    boot = artifacts.helloSeconds ?? max(0, artifacts.seconds - (end?.ms.seconds ?? 0))
    // A plan that was cut short took the rest of the boot.
    let plan = end?.ms.seconds ?? max(0, artifacts.seconds - boot)
    waiting = min(plan, end?.idleMS.seconds ?? 0)
    divide(plan - waiting, transcript.queues, Array(transcript.outcomes.values))
  }

  private mutating func divide(
    _ seconds: Double, _ queues: [ResultFrame.Queue], _ outcomes: [ResultFrame.Outcome]
  ) {
    let opening = (queues.map(\.openMS) + outcomes.map(\.openMS)).sum
    let closing = (queues.map(\.closeMS) + outcomes.map(\.closeMS)).sum
    let others = outcomes.map { max(0, $0.ms.seconds - $0.openMS.seconds - $0.closeMS.seconds) }.reduce(0, +)
    let told = opening + closing + others
    open = told > 0 ? seconds * opening / told : 0
    close = told > 0 ? seconds * closing / told : 0
    tests = seconds - open - close
  }

  static func + (left: BootPhases, right: BootPhases) -> BootPhases {
    var sum = BootPhases()
    sum.boot = left.boot + right.boot
    sum.open = left.open + right.open
    sum.tests = left.tests + right.tests
    sum.close = left.close + right.close
    sum.waiting = left.waiting + right.waiting
    return sum
  }
}

extension [Milliseconds] {
  /// In seconds.
  fileprivate var sum: Double { reduce(0) { $0 + $1.seconds } }
}

/// Where the time of a run went: the phases of its boots, for each kernel and in total, and the slowest tests.
struct PhaseTable {
  struct Phase: Equatable {
    var name: String
    var seconds: Double
    /// The part of all phases together, from 0 to 1.
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
  let slowest: [(kernel: String, test: TestRecord)]

  private static let slowestCount = 5

  init(_ results: MatrixResults) {
    let timed = results.kernels.filter { $0.boots.contains { $0.phases != nil } }
    rows = timed.map { Row(title: $0.title, phases: $0.phases) }
    let sum = rows.reduce(BootPhases()) { $0 + $1.phases }
    let fetch = results.fetchSeconds ?? 0
    let total = fetch + sum.total
    phases = zip(["fetch"] + BootPhases.names, [fetch] + sum.values).map { name, seconds in
      Phase(name: name, seconds: seconds, share: total > 0 ? min(1, max(0, seconds / total)) : 0)
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
