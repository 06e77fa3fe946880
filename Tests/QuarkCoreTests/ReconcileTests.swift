import CQuark
import Testing

@testable import QuarkCore

/// The exit of a process was lost: this must be found, and no other process may be treated as gone.
@Suite struct ReconcileTests {
  /// A pipeline with processes of these pids, each forked at as many nanoseconds as its pid.
  func pipeline(_ pids: ClosedRange<UInt32>) -> EventPipeline {
    var pipeline = EventPipeline(holdTimeMS: 10)
    for pid in pids { pipeline.add(RAW_WAKE_UP_NEW_TASK, pid: pid, at: UInt64(pid)) }
    _ = pipeline.drain(nowNS: 1_000_000_000)
    return pipeline
  }

  /// Reconciles for two seconds, and returns the number of looks.
  func reconcile(
    _ pipeline: inout EventPipeline, from startNS: UInt64 = 1_000_000_000, _ look: (UInt32) -> ProcessLook
  ) -> Int {
    var looks = 0
    for turn in 0..<1000 as Range<UInt64> {
      var inThisTurn = 0
      pipeline.reconcile(nowNS: startNS + turn * 2_000_000) { pid in
        inThisTurn += 1
        return look(pid)
      }
      #expect(inThisTurn <= 64)
      looks += inThisTurn
    }
    return looks
  }

  @Test func whoIsGoneIsForgotten() {
    var pipeline = pipeline(1...1000)
    _ = reconcile(&pipeline) { _ in .alive(startNS: 0) }
    pipeline.noteLosses(1)
    let looks = reconcile(&pipeline, from: 3_000_000_000) { pid in
      switch pid % 4 {
      case 0: .gone
      case 1: .unknown
      case 2: .alive(startNS: 0)
      // Another process has its pid.
      default: .alive(startNS: 20_000_000)
      }
    }
    #expect(looks == 1000, "each is looked at once")
    for pid: UInt32 in 1...1000 {
      let isKnown = unsafe pipeline.processes.lookup(pid: pid) != nil
      #expect(isKnown == (pid % 4 == 1 || pid % 4 == 2))
    }
    let collected = pipeline.statistics.garbage_collections
    #expect(collected == 500)
    pipeline.noteLosses(1)
    let again = reconcile(&pipeline, from: 5_000_000_000) { _ in .gone }
    #expect(again == 0, "no more was lost")
  }

  /// The exit may be on its way, and wait in the queue for long.
  @Test func anExitThatWaitsIsTold() {
    var pipeline = pipeline(5...5)
    pipeline.noteLosses(1)
    pipeline.add(RAW_EXIT_THREAD, pid: 5, at: 900_000_000) { $0.start_boottime = 5 }
    _ = reconcile(&pipeline) { _ in .gone }
    #expect(unsafe pipeline.processes.lookup(pid: 5) != nil)
    #expect(pipeline.drain(nowNS: 3_000_000_000).map(\.events) == [QUARK_EV_EXIT])
    #expect(unsafe pipeline.processes.lookup(pid: 5)!.pointee.proc_time_boot == 5)
  }

  /// A process whose fork waits in the queue when its exit is lost becomes known later, and is looked for then.
  @Test func whoseBirthWaitsIsLookedFor() {
    var pipeline = pipeline(5...5)
    _ = reconcile(&pipeline) { _ in .alive(startNS: 0) }
    pipeline.add(RAW_WAKE_UP_NEW_TASK, pid: 6, at: 2_900_000_000)
    pipeline.noteLosses(1)
    let looks = reconcile(&pipeline, from: 3_000_000_000) { $0 == 6 ? .gone : .alive(startNS: 0) }
    #expect(looks == 0, "what was known until then is not all that there was")
    #expect(pipeline.drain(nowNS: 5_000_000_000).map(\.events) == [QUARK_EV_FORK])
    _ = reconcile(&pipeline, from: 5_000_000_000) { $0 == 6 ? .gone : .alive(startNS: 0) }
    #expect(unsafe pipeline.processes.lookup(pid: 6) == nil)
    #expect(unsafe pipeline.processes.lookup(pid: 5) != nil)
  }

  /// A pid without a process got a new one: a record of the new process came after the look.
  @Test func aRecordKnowsBetterThanALook() {
    var pipeline = pipeline(5...5)
    pipeline.noteLosses(1)
    pipeline.reconcile(nowNS: 1_000_000_000) { _ in .gone }
    pipeline.add(RAW_ID_CHANGE, pid: 5, at: 1_000_000_001) { $0.start_boottime = 5 }
    _ = pipeline.drain(nowNS: 1_100_000_000)
    _ = reconcile(&pipeline, from: 1_100_000_000) { _ in .alive(startNS: 0) }
    #expect(unsafe pipeline.processes.lookup(pid: 5) != nil)
  }

  /// Losses that were not counted are found later.
  @Test func nowAndThenItLooksByItself() {
    var pipeline = pipeline(5...5)
    _ = reconcile(&pipeline) { _ in .alive(startNS: 0) }
    let early = reconcile(&pipeline, from: 200_000_000_000) { _ in .gone }
    #expect(early == 0)
    _ = reconcile(&pipeline, from: 400_000_000_000) { _ in .gone }
    #expect(unsafe pipeline.processes.lookup(pid: 5) == nil)
  }
}
