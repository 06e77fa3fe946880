import Testing

@testable import QuarkCore

@Suite struct HoldTimeTests {
  /// The numbers that clients of the reference see.
  @Test(arguments: [
    (1000, 10000, 0, 1000), (1000, 10000, 999, 1000), (1000, 10000, 1000, 901), (1000, 10000, 1009, 901),
    (1000, 10000, 1010, 900), (1000, 10000, 5000, 501), (1000, 10000, 8999, 102), (1000, 10000, 9000, 0),
    (100, 10000, 1000, 91), (10, 10000, 1000, 10), (1000, 100, 9, 1000), (1000, 100, 10, 901),
    (1000, 100, 89, 111), (1000, 100, 90, 0), (1000, 1500, 150, 851), (1000, 1999, 199, 802), (15, 22, 17, 0),
    (1000, 9, 0, 0),
  ])
  func target(holdTimeMS: Int, maxLength: Int, length: Int, targetMS: Int) {
    let target = HoldTime(maxLength: maxLength, holdTimeMS: holdTimeMS).targetNS(length: length)
    #expect(target == UInt64(targetMS) * 1_000_000)
  }
}
