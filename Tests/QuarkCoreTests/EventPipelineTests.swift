import CQuark
import Testing

@testable import QuarkCore

@Suite struct EventPipelineTests {
  /// A CPU's clock may be ahead: such an event has no age, and waits for as long as one that is new.
  @Test func anEventOfTheFutureIsNew() {
    var pipeline = EventPipeline(maxLength: 20, holdTimeMS: 100)
    pipeline.add(RAW_EXEC, pid: 1, at: 2_000_000_000)
    #expect(pipeline.nextSummary(nowNS: 1_000_000_000) == nil)
    for pid: UInt32 in 2...18 { pipeline.add(RAW_EXEC, pid: pid, at: 2_000_000_000) }
    #expect(pipeline.nextSummary(nowNS: 1_000_000_000)?.pid == 1, "nine tenths full: nothing is held")
    #expect(pipeline.nextSummary(nowNS: 1_000_000_000) == nil)
  }
}
