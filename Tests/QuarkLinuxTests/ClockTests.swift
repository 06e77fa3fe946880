import Testing

@testable import QuarkLinux

@Suite struct ClockTests {
  /// The reader is interrupted for 18 ms between two clocks without a difference: the known offset stays.
  @Test func interruptedReadingAdmitsWhatIsKnown() {
    let early = Clock.Reading(1_000_000, after: 1_000_000, before: 19_000_000)
    #expect(early.admits(0))
    let late = Clock.Reading(19_000_000, after: 1_000_000, before: 19_000_000)
    #expect(late.admits(0))
    #expect(!late.admits(18_000_001))
    #expect(!early.admits(1))
  }

  @Test func closeReadingShowsASuspend() {
    let reading = Clock.Reading(5_000_000_100, after: 1_000_000_000, before: 1_000_000_200)
    #expect(!reading.admits(0))
    #expect(reading.offset == 4_000_000_000)
    #expect(reading.admits(4_000_000_000))
  }

  @Test func suspendedTimeIsTheKernels() throws {
    let first = try Clock.suspendedNS(last: 0)
    #expect(try Clock.suspendedNS(last: first) == first)
    // An offset that cannot be right is replaced.
    #expect(try Clock.suspendedNS(last: first &+ 60_000_000_000) &- first &+ 1_000_000 < 2_000_000)
  }
}
