/// Where the time of a boot went, in seconds. What guests tell is of their own clocks, which emulators keep at the
/// machine's pace.
struct BootPhases: Codable, Sendable, Equatable {
  /// From the start of krun.sh to the hello frame.
  var boot = 0.0
  /// Opening queues, shared ones and those of single tests. What overlaps counts each time.
  var open = 0.0
  /// The rest of the plan.
  var tests = 0.0
  var close = 0.0
  /// What the guest's CPUs were idle for during the plan.
  var waiting = 0.0

  static let names = ["boot", "open", "tests", "close", "waiting"]
  var values: [Double] { [boot, open, tests, close, waiting] }
  var total: Double { values.reduce(0, +) }

  init() {}

  init(_ artifacts: BootArtifacts, _ transcript: ChannelTranscript) {
    let end = transcript.end
    guard transcript.hello != nil else {
      boot = artifacts.seconds
      return
    }
    boot = artifacts.helloSeconds ?? max(0, artifacts.seconds - (end?.ms.seconds ?? 0))
    open = transcript.queues.reduce(0) { $0 + $1.openMS.seconds }
      + transcript.outcomes.values.reduce(0) { $0 + $1.openMS.seconds }
    close = transcript.queues.reduce(0) { $0 + $1.closeMS.seconds }
      + transcript.outcomes.values.reduce(0) { $0 + $1.closeMS.seconds }
    waiting = end?.idleMS.seconds ?? 0
    // A plan that was cut short took what was left of the boot.
    let plan = end?.ms.seconds ?? max(0, artifacts.seconds - boot)
    tests = max(0, plan - open - close - waiting)
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
