/// Where the time of a boot went, in seconds. What guests tell is of their own clocks, which emulators keep at the
/// machine's pace.
///
/// Tests run side by side, so the times they tell are more together than the plan took. What the plan took, without the
/// time in which the guest's CPUs had nothing to do, is divided in their proportion.
struct BootPhases: Codable, Sendable, Equatable {
  /// From the start of krun.sh to the hello frame.
  var boot = 0.0
  /// Opening queues, shared ones and those of single tests.
  var open = 0.0
  /// All else that tests do.
  var tests = 0.0
  /// Closing queues.
  var close = 0.0
  /// What the guest's CPUs were idle for during the plan.
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
    // A plan that was cut short took what was left of the boot.
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
