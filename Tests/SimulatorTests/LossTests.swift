import Simulator
import Testing

/// A machine that loses records of every kind, with so few pids that they are used again and again.
@Suite struct LossTests {
  @Test(arguments: 1...40 as ClosedRange<UInt64>)
  func known(seed: UInt64) {
    play(seed)
  }

  /// Other seeds in every run. The first line of the output names them.
  @Test func others() {
    let first = UInt64.random(in: 0..<1_000_000_000)
    print("simulator: losses, seeds \(first) and up")
    for seed in first..<first + 10 { play(seed) }
  }

  private func play(_ seed: UInt64) {
    do {
      let totals = try LossRound.play(seed: seed, recordCount: 2000)
      #expect(totals.records >= 2000 && totals.unknowable * 5 < totals.events)
    } catch {
      Issue.record("seed \(seed): \(error.message)")
    }
  }
}
