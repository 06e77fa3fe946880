import CQuark
import CWire
import Testing

@testable import QuarkCore

/// A time stamp that is later than now is wrong.
@Suite struct FutureStampTests {
  @Test(arguments: [1 << 63, .max, 100_000_000_000] as [UInt64])
  func itHoldsNothingUp(timeNS: UInt64) {
    var pipeline = EventPipeline(holdTimeMS: 1000)
    pipeline.setClock(nowNS: 1_000_000_000)
    var hostile = RecordBuilder(WIRE_COMM, pid: 5, timeNS: timeNS)
    hostile.task.start_boot_ns = 1
    var later = RecordBuilder(WIRE_EXIT, pid: 5, timeNS: 1_000_000_000)
    later.task.start_boot_ns = 1
    for bytes in [hostile.bytes, later.bytes] { _ = unsafe pipeline.insert(record: bytes.span.bytes) }
    #expect(pipeline.drain(nowNS: 2_100_000_000).map(\.events) == [QUARK_EV_EXIT])
    #expect(pipeline.drain(nowNS: 12_100_000_000).map(\.events) == [QUARK_EV_SETPROCTITLE])
    let late = pipeline.statistics.late
    #expect(late == 1)
  }

  /// If the clock was read some time ago, it is read again.
  @Test func aRecordNewerThanTheClockIsBelieved() {
    var pipeline = EventPipeline()
    pipeline.setClock(nowNS: 1)
    pipeline.readClock = { 100_000_000_000 }
    pipeline.add(RAW_COMM, pid: 5, at: 100_000_000_000)
    let (late, next) = (pipeline.statistics.late, pipeline.nextRipeNS)
    #expect(late == 0 && next == 101_000_000_000)
    pipeline.add(RAW_COMM, pid: 6, at: 200_000_000_000)
    let after = pipeline.statistics.late
    #expect(after == 1)
  }

  @Test func withoutAClockNothingOverflows() {
    var pipeline = EventPipeline()
    pipeline.add(RAW_COMM, pid: 5, at: .max)
    let next = pipeline.nextRipeNS
    #expect(next == .max)
    #expect(pipeline.drain(nowNS: .max).isEmpty)
    pipeline.isOver = true
    #expect(pipeline.drain(nowNS: .max).count == 1)
    pipeline.setClock(nowNS: .max)
    pipeline.collect(nowNS: .max)
  }
}
