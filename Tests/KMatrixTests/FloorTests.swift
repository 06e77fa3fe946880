import Testing

@testable import kmatrix

@Suite struct FloorTests {
  @Test(arguments: ["", "12", "12/", "/9", "9/12", "0/0", "12/9/3", "a/b", "-1/-1"]) func badFloors(_ text: String) {
    #expect(Floor(text) == nil)
  }

  private func complaints(_ text: String, _ kernels: KernelResult...) throws -> [String] {
    try #require(Floor(text)).complaints(kernels)
  }

  private let old = Sample.kernel("5.10.1", .pass)
  private let new = Sample.kernel("6.1.1", .pass)

  @Test func kernelsAndSeriesAreCounted() throws {
    #expect(try complaints("2/2", old, new) == [])
    #expect(try complaints("2/2", old, Sample.kernel("5.10.2", .pass)).count == 1)
    #expect(
      try complaints("2/2", old, Sample.kernel("6.1.1", .hang, reasons: ["it hangs"])) == [
        "Below the floor of 2 kernels of 2 series: 1 of 1 passed", "  6.1.1: HANG: it hangs",
      ])
  }

  @Test func theNegativeRowDoesNotCount() throws {
    var negative = Sample.kernel("7.3.1", .pass)
    negative.negative = true
    #expect(try complaints("3/3", old, new, negative) == ["Below the floor of 3 kernels of 3 series: 2 of 2 passed"])
  }

  /// However many passed: what the archive has lost must be replaced in the matrix.
  @Test func aLostKernelIsBelowAnyFloor() throws {
    let lost = DroppedKernelTests().dropped
    #expect(
      try complaints("1/1", old, new, lost) == [
        "Below the floor of 1 kernels of 1 series: 2 of 2 passed",
        "  6.16.1-cloud-amd64: SKIP: the mirror no longer has it",
      ])
    #expect(try complaints("2/2", old, new, Sample.kernel("6.2.1", .skip)) == [], "it was there, and foreseen")
    var results = Sample.results([old, new, lost])
    results.kernels[0].tests = [Sample.test("t_a", .pass)]
    #expect(results.isSuccess)
    results.floor = Floor("1/1")
    #expect(!results.isSuccess)
    #expect(HTMLReport(results).text.contains("Below the floor"))
    #expect(MarkdownReport(results).text.contains("Below the floor"))
  }
}
