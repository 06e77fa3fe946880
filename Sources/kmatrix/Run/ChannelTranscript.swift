/// What the guest said on the results channel, checked for order and contradictions.
struct ChannelTranscript: Sendable {
  private(set) var hello: ResultFrame.Hello?
  private(set) var plan: [TestID]?
  private(set) var outcomes: [Int: ResultFrame.Outcome] = [:]
  private(set) var started: Set<Int> = []
  /// The tests that were started and have no result, in the order of their starts. They are suspected if the guest
  /// ends.
  private(set) var inFlight: [Int] = []
  /// The shared queues that were closed.
  private(set) var queues: [ResultFrame.Queue] = []
  private(set) var end: ResultFrame.End?
  /// The guest uses another version of the protocol, so nothing that follows is read.
  private(set) var isForeign = false

  /// Takes the next frame. Returns what is wrong with it, or nil.
  mutating func take(_ frame: ResultFrame) -> String? {
    if isForeign { return nil }
    if end != nil { return "a frame after the end frame" }
    switch frame {
    case .hello(let hello): return take(hello)
    case .foreign(let version):
      isForeign = true
      return "the hello has protocol version \(version), but kmatrix knows \(ResultFrame.version)"
    case .plan(let tests): return take(plan: tests)
    case .start(let index, let test): return takeStart(index, test)
    case .heartbeat(let running, _): return takeHeartbeat(running)
    case .result(let outcome): return take(outcome)
    case .queue(let queue): return take(queue)
    case .end(let end): return take(end)
    }
  }

  func test(_ index: Int) -> TestID? {
    guard let plan, plan.indices.contains(index) else { return nil }
    return plan[index]
  }

  private mutating func take(_ hello: ResultFrame.Hello) -> String? {
    if self.hello != nil { return "a second hello" }
    self.hello = hello
    return nil
  }

  private mutating func take(plan tests: [TestID]) -> String? {
    if plan != nil { return "a second plan" }
    if Set(tests).count != tests.count { return "the plan names a test twice" }
    plan = tests
    return hello == nil ? "a plan before hello" : nil
  }

  private mutating func takeStart(_ index: Int, _ test: TestID) -> String? {
    guard self.test(index) == test else { return "a start of \(test.label), which the plan does not have at \(index)" }
    if started.contains(index) { return "\(test.label) started twice" }
    let others = inFlight
    started.insert(index)
    inFlight.append(index)
    // A test that runs by itself would be blamed alone, so no other test may be running.
    guard hello?.jobs == 1, !others.isEmpty else { return nil }
    return "\(test.label) started before \(labels(others)) had a result, though each test runs by itself"
  }

  private func takeHeartbeat(_ running: [Int]) -> String? {
    if plan == nil { return "a heartbeat before the plan" }
    if running.count == inFlight.count, Set(running) == Set(inFlight) { return nil }
    return "a heartbeat of \(labels(running)), but \(labels(inFlight)) must be running"
  }

  private mutating func take(_ outcome: ResultFrame.Outcome) -> String? {
    guard let test = test(outcome.index) else {
      return "a result of test \(outcome.index), which the plan does not have"
    }
    if outcomes[outcome.index] != nil { return "a second result of \(test.label)" }
    outcomes[outcome.index] = outcome
    guard let place = inFlight.firstIndex(of: outcome.index) else {
      return "a result of \(test.label), which was not running"
    }
    inFlight.remove(at: place)
    return nil
  }

  private mutating func take(_ queue: ResultFrame.Queue) -> String? {
    if plan == nil { return "a queue before the plan" }
    queues.append(queue)
    return nil
  }

  private mutating func take(_ end: ResultFrame.End) -> String? {
    self.end = end
    if plan == nil { return "an end without a plan" }
    return inFlight.isEmpty ? nil : "an end while \(labels(inFlight)) had no result"
  }

  private func labels(_ indices: [Int]) -> String {
    if indices.isEmpty { return "no test" }
    return indices.map { test($0)?.label ?? "test \($0)" }.joined(separator: " ")
  }
}
