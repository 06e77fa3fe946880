import QuarkLinux
import Testing

@testable import Quark

@Suite struct PaceTests {
  @Test func nothingHeldIsNothingToWaitFor() {
    #expect(Pace(holdTimeMS: 1000).waitMS(untilNS: nil) == .max)
  }

  /// Several events become old enough in a tenth of the hold time: one wake-up is enough for them.
  @Test func atLeastATenthOfTheHoldTime() throws {
    let nowNS = try Clock.bootNS()
    #expect(Pace(holdTimeMS: 1000).waitMS(untilNS: nowNS) == 100)
    #expect(Pace(holdTimeMS: 100).waitMS(untilNS: 0) == 10)
    #expect(Pace(holdTimeMS: 10).waitMS(untilNS: 0) == 1)
    #expect(Pace(holdTimeMS: 100_000).waitMS(untilNS: 0) == 100)
  }

  @Test func untilTheOldestIsRipe() throws {
    let waitMS = Pace(holdTimeMS: 1000).waitMS(untilNS: try Clock.bootNS() + 700_000_000)
    #expect((600...700).contains(waitMS))
  }
}
