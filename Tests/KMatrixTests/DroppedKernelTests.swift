import Testing

@testable import kmatrix

/// A kernel that the archive dropped with its whole series is reported and counts as skipped, not as failed.
@Suite struct DroppedKernelTests {
  var dropped: KernelResult {
    let image = KernelImage(
      release: "6.16.1-cloud-amd64", series: "6.16", flavour: "cloud", path: "", replaces: nil, expectations: [])
    return Scheduler.notRun(WorkItem(image: image, cost: 1), .skip, "the mirror no longer has it")
  }
  let tested = FakeRun.kernel("6.1.0-cloud-amd64", .pass, tests: [FakeRun.test("t_probe", .pass)])

  @Test func countsAsOneSkipped() {
    #expect(Tally([tested, dropped]).description == "1 passed, 0 failed, 1 skipped")
    #expect(Tally([tested, dropped]).isSuccess)
    #expect(!Tally([dropped]).isSuccess, "nothing was proven")
  }

  @Test func everyReportSaysSo() {
    let results = FakeRun.results([tested, dropped])
    #expect(JUnitReport(results).text.contains(#"skipped="1""#))
    #expect(KTAPReport(results).text.contains("ok 2 6.16.1-cloud-amd64 # SKIP the mirror no longer has it"))
    #expect(MarkdownReport(results).text.contains("the mirror no longer has it"))
    #expect(HTMLReport(results).text.contains("the mirror no longer has it"))
  }

  @Test func insistingOnTheLockMakesItAFailure() {
    #expect(Tally([tested, FakeRun.kernel("6.16.1-cloud-amd64", .infra)]).failed == 1)
  }
}
