/// What the guest said on the results channel, in order and without contradictions.
struct ChannelTranscript: Sendable {
  private(set) var hello: ResultFrame.Hello?
  private(set) var plan: [TestID]?
  private(set) var outcomes: [Int: ResultFrame.Outcome] = [:]
  private(set) var started: Set<Int> = []
  /// The test with a start and no result: the one to blame if the guest says no more.
  private(set) var inFlight: Int?
  private(set) var end: ResultFrame.End?

  /// Takes the next frame. Returns what is wrong with it, if anything; a wrong frame changes nothing.
  mutating func take(_ frame: ResultFrame) -> String? {
    if end != nil { return "a frame after the end frame" }
    switch frame {
    case .hello(let hello): return take(hello)
    case .plan(let tests): return take(plan: tests)
    case .start(let index, let test): return takeStart(index, test)
    case .heartbeat(let index, _):
      return index == inFlight ? nil : "a heartbeat of test \(index), which is not running"
    case .result(let outcome): return take(outcome)
    case .end(let end): return take(end)
    }
  }

  func test(_ index: Int) -> TestID? {
    guard let plan, plan.indices.contains(index) else { return nil }
    return plan[index]
  }

  private mutating func take(_ hello: ResultFrame.Hello) -> String? {
    if self.hello != nil { return "a second hello" }
    if hello.version != 1 { return "hello of protocol version \(hello.version), 1 is known" }
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
    let interrupted = inFlight.flatMap { self.test($0) }
    started.insert(index)
    inFlight = index
    return interrupted.map { "\(test.label) started before \($0.label) had a result" }
  }

  private mutating func take(_ outcome: ResultFrame.Outcome) -> String? {
    guard let test = test(outcome.index) else {
      return "a result of test \(outcome.index), which the plan does not have"
    }
    if outcomes[outcome.index] != nil { return "a second result of \(test.label)" }
    outcomes[outcome.index] = outcome
    defer { if inFlight == outcome.index { inFlight = nil } }
    return inFlight == outcome.index ? nil : "a result of \(test.label), which was not running"
  }

  private mutating func take(_ end: ResultFrame.End) -> String? {
    self.end = end
    return plan == nil ? "an end without a plan" : nil
  }
}
