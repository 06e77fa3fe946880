import Simulator
import Testing

@Suite struct RoundTests {
  @Test(arguments: 1...60 as ClosedRange<UInt64>)
  func known(seed: UInt64) {
    play(Parameters(seed: seed, recordCount: 500))
  }

  /// Other seeds in every run. The first line of the output names them.
  @Test func others() {
    let first = UInt64.random(in: 0..<1_000_000_000)
    print("simulator: seeds \(first) and up")
    for seed in first..<first + 40 { play(Parameters(seed: seed, recordCount: 500)) }
  }

  @Test func theSameSeedIsTheSameMachine() {
    let parameters = Parameters(seed: 7, recordCount: 1000)
    #expect("\(Machine.run(parameters))" == "\(Machine.run(parameters))")
    var fewer = parameters
    fewer.recordCount = 300
    #expect("\(Machine.run(fewer))" == "\(Machine.run(parameters).prefix(300).map(\.self))")
  }

  private func play(_ parameters: Parameters) {
    do {
      let totals = try Round.play(parameters)
      #expect(totals.records == parameters.recordCount)
    } catch {
      Issue.record("\(Failure(parameters, error).shrunk().report)")
    }
  }
}
