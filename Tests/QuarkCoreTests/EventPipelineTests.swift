import CQuark
import CWire
import Testing

@testable import QuarkCore

@Suite struct EventPipelineTests {
  @Test func agesByTheHoldTime() {
    var pipeline = EventPipeline(holdTimeMS: 10)
    pipeline.add(RAW_EXEC, pid: 9, at: 5_000_000_000)
    #expect(pipeline.nextSummary(nowNS: 4_000_000_000) == nil, "a stamp from the future has no age")
    #expect(pipeline.nextSummary(nowNS: 5_009_999_999) == nil)
    #expect(pipeline.nextSummary(nowNS: 5_010_000_000) != nil)
  }

  @Test func aFullQueueDoesNotWait() {
    var pipeline = EventPipeline(maxLength: 9)
    pipeline.add(RAW_EXEC, pid: 9, at: 100)
    #expect(pipeline.nextSummary(nowNS: 100) != nil, "max_length below 10 holds nothing")
    pipeline = EventPipeline(maxLength: 100)
    for time: UInt64 in 1...89 { pipeline.add(RAW_EXEC, pid: UInt32(time), at: time) }
    #expect(pipeline.nextSummary(nowNS: 100_000_000) == nil)
    pipeline.add(RAW_EXEC, pid: 90, at: 90)
    #expect(pipeline.nextSummary(nowNS: 100)?.timeNS == 1)
  }

  @Test func theLengthIsAHardBound() {
    var pipeline = EventPipeline(maxLength: 20)
    for time: UInt64 in 1...20 { #expect(pipeline.add(RAW_EXEC, pid: 9, at: time) == true) }
    let room = pipeline.room
    #expect(room == 0)
    #expect(pipeline.add(RAW_EXEC, pid: 9, at: 21) == false)
    let record = RecordBuilder(WIRE_EXEC, pid: 9).bytes
    let isTaken = unsafe pipeline.insert(record: record.span.bytes)
    #expect(!isTaken)
    let stats = pipeline.statistics
    #expect(stats.refused == 2 && stats.insertions == 20)
    #expect(pipeline.drain().count == 20)
  }

  @Test func recordsAreDecodedOrCounted() {
    var pipeline = EventPipeline()
    var record = RecordBuilder(WIRE_EXEC, pid: 9, timeNS: 3)
    record.add(WIRE_FIELD_EXE, "sh\0bin\0")
    let bytes = record.bytes
    let isTaken = unsafe pipeline.insert(record: bytes.span.bytes)
    #expect(isTaken)
    let broken = Array(bytes.dropLast(16))
    let isBrokenTaken = unsafe pipeline.insert(record: broken.span.bytes)
    #expect(!isBrokenTaken)
    #expect(pipeline.drain() == [EventSummary(QUARK_EV_EXEC, pid: 9, at: 3)])
    #expect(unsafe text(pipeline.processes.lookup(pid: 9)!.pointee.exe) == "/bin/sh")
    let stats = pipeline.statistics
    #expect(stats.malformed == 1 && stats.refused == 0)
    for pid: UInt32 in [0, 4 << 20, .max] { #expect(pipeline.add(RAW_EXEC, pid: pid, at: 1) == false) }
    #expect(pipeline.add(RAW_INVALID, pid: 1, at: 1) == false)
    #expect(pipeline.add(RAW_NUM_TYPES, pid: 1, at: 1) == false)
    let malformed = pipeline.statistics.malformed
    #expect(malformed == 6)
  }

  @Test func latecomersAreCounted() {
    var pipeline = EventPipeline(flags: QQ_MIN_AGG)
    pipeline.add(RAW_EXEC, pid: 9, at: 100)
    #expect(pipeline.drain().count == 1)
    pipeline.add(RAW_EXEC, pid: 9, at: 100)
    let none = pipeline.statistics.late
    #expect(none == 0, "not older than what left")
    pipeline.add(RAW_EXEC, pid: 9, at: 99)
    pipeline.add(RAW_EXEC, pid: 9, at: 50)
    let late = pipeline.statistics.late
    #expect(late == 2)
    #expect(pipeline.drain().map(\.timeNS) == [50, 99, 100])
    pipeline.add(RAW_EXEC, pid: 9, at: 99)
    let later = pipeline.statistics.late
    #expect(later == 3, "older than the newest that left, not than the last")
  }

  /// What the last event points to is valid until the next call, and is released at its beginning: an exited process is
  /// forgotten before the next event looks at it.
  @Test func collectsBeforeItDelivers() {
    var pipeline = EventPipeline(graceTimeMS: 0)
    pipeline.add(RAW_EXEC, pid: 9, at: 1, exe: "/bin/true")
    #expect(pipeline.drain().count == 1)
    pipeline.add(RAW_EXIT_THREAD, pid: 9, at: 2)
    pipeline.add(RAW_COMM, pid: 9, at: 3)
    let exit = unsafe pipeline.next(nowNS: 1 << 40, wallOffsetNS: 0)!
    let isKept = unsafe pipeline.processes.lookup(pid: 9).map { unsafe UnsafePointer($0) } == exit.pointee.process
    #expect(isKept, "still there, although the grace time is over")
    #expect(unsafe text(exit.pointee.process.pointee.exe) == "/bin/true")
    let comm = unsafe pipeline.next(nowNS: 1 << 40, wallOffsetNS: 0)!
    #expect(unsafe comm.pointee.process.pointee.exe == nil, "forgotten before this event was put together")
    #expect(unsafe comm.pointee.process.pointee.flags & UInt64(QUARK_F_EXIT) == 0)
    let collected = pipeline.statistics.garbage_collections
    #expect(collected == 1)
  }

  @Test func goesOnPastWhatIsNotAdmitted() {
    var pipeline = EventPipeline()
    for time: UInt64 in 1...50 { pipeline.add(RAW_EXEC, pid: UInt32(time), at: time) }
    let event = unsafe pipeline.next(nowNS: 1 << 40, wallOffsetNS: 0) { unsafe $0.pointee.process.pointee.pid == 40 }
    #expect(unsafe event?.pointee.time == 40)
    let none = unsafe pipeline.next(nowNS: 1 << 40, wallOffsetNS: 0) { _ in false }
    #expect(unsafe none == nil)
    let stats = pipeline.statistics
    #expect(stats.removals == 50)
  }

  /// A look-up makes no entry; only events of the process family do.
  @Test func otherFamiliesMakeNoProcesses() {
    var pipeline = EventPipeline()
    pipeline.add(RAW_FILE, pid: 9, at: 1)
    #expect(pipeline.drain() == [EventSummary(QUARK_EV_FILE, pid: 0, at: 1)])
    pipeline.add(RAW_COMM, pid: 9, at: 2)
    pipeline.add(RAW_PACKET, pid: 9, at: 3)
    #expect(pipeline.drain().map(\.pid) == [9, 9])
    let count = pipeline.processes.count
    #expect(count == 1)
  }

  // MARK: - Memory

  /// A string without room is left out and counted, but its record is delivered, because a lost exit would keep a
  /// process alive for ever. The process must not keep the executable from before.
  @Test func aFullPoolLosesStringsAndNoRecord() throws {
    var pipeline = EventPipeline(maxLength: 10000, stringLimit: 1 << 20)
    pipeline.add(RAW_EXEC, pid: 5000, at: 1, exe: "/bin/before", arguments: "before\0")
    #expect(pipeline.drain().count == 1)
    let arguments = String(repeating: "a", count: 1000)
    var inserted: UInt64 = 0
    while pipeline.processes.refusals == 0 {
      inserted += 1
      pipeline.add(RAW_EXEC, pid: UInt32(inserted), at: inserted + 1, arguments: arguments)
    }
    #expect(inserted > 900 && inserted < 1100)
    var record = RecordBuilder(WIRE_EXEC, pid: 5000, timeNS: 5000)
    record.add(WIRE_FIELD_EXE, String(repeating: "x", count: 1000) + "\0")
    record.add(WIRE_FIELD_ARGV, arguments)
    var exit = RecordBuilder(WIRE_EXIT, pid: 5000, timeNS: 5001)
    exit.add(WIRE_FIELD_CWD, String(repeating: "w", count: 1000) + "\0")
    for bytes in [record.bytes, exit.bytes] {
      let isTaken = unsafe pipeline.insert(record: bytes.span.bytes)
      #expect(isTaken)
    }
    let (stats, refusals) = (pipeline.statistics, pipeline.processes.refusals)
    #expect(stats.refused == 0 && stats.insertions == inserted + 3 && refusals == 4)
    for _ in 0..<inserted { #expect(pipeline.nextSummary()?.events == QUARK_EV_EXEC) }
    #expect(pipeline.nextSummary() == EventSummary(QUARK_EV_EXEC | QUARK_EV_EXIT, pid: 5000, at: 5000))
    let found = unsafe pipeline.processes.lookup(pid: 5000)
    let process = unsafe try #require(found)
    #expect(unsafe process.pointee.exe == nil && process.pointee.cmdline == nil && process.pointee.cwd == nil)
    #expect(unsafe process.pointee.cmdline_len == 0 && process.pointee.flags & UInt64(QUARK_F_EXIT) != 0)
  }

  /// A cache whose memory for strings is nearly full forgets exited processes before their grace time is over.
  @Test func aTightCacheForgetsEarly() {
    var pipeline = EventPipeline(graceTimeMS: 1_000_000, stringLimit: 2 << 20)
    for pid: UInt32 in 1...10000 {
      let arguments = String(repeating: "a", count: 1000)
      pipeline.add(RAW_EXEC, pid: pid, at: UInt64(pid) * 2, arguments: arguments)
      pipeline.add(RAW_EXIT_THREAD, pid: pid, at: UInt64(pid) * 2 + 1)
      _ = pipeline.drain(nowNS: 1 << 40)
    }
    let (count, refusals) = (pipeline.processes.count, pipeline.processes.refusals)
    #expect(count < 2000 && refusals == 0)
  }

  /// The maximum number of raw events, with one KiB of strings each, needs less than 24 MiB.
  @Test func tenThousandLongRawEvents() {
    var pipeline = EventPipeline(maxLength: 10000)
    let arguments = String(repeating: "a", count: 1024)
    for index: UInt32 in 1...10000 {
      #expect(pipeline.add(RAW_EXEC, pid: index, at: UInt64(index), arguments: arguments) == true)
    }
    let reserved = pipeline.processes.strings.reserved
    let nodes = unsafe MemoryLayout<raw_event>.stride * 10001
    let hints = 16384 * MemoryLayout<Int>.stride
    #expect(reserved + nodes + hints < 24 << 20)
  }

  /// Strings above the bound wait in the ring: `room` is 0 before anything is refused.
  @Test func roomEndsWithTheStrings() {
    var pipeline = EventPipeline(maxLength: 1000)
    let arguments = String(repeating: "a", count: 20_000)
    var inserted: UInt32 = 0
    while pipeline.room > 0 {
      inserted += 1
      #expect(pipeline.add(RAW_EXEC, pid: inserted, at: UInt64(inserted), arguments: arguments) == true)
    }
    #expect(inserted > 200 && inserted < 300, "5 MiB of them")
    #expect(pipeline.nextSummary(nowNS: 1000) != nil, "a queue without room does not wait")
    let room = pipeline.room
    #expect(room > 0)
  }

  /// The clock of a CPU may be ahead: such an event has age 0, and waits as long as a new one.
  @Test func anEventOfTheFutureIsNew() {
    var pipeline = EventPipeline(maxLength: 20, holdTimeMS: 100)
    pipeline.add(RAW_EXEC, pid: 1, at: 2_000_000_000)
    #expect(pipeline.nextSummary(nowNS: 1_000_000_000) == nil)
    for pid: UInt32 in 2...18 { pipeline.add(RAW_EXEC, pid: pid, at: 2_000_000_000) }
    #expect(pipeline.nextSummary(nowNS: 1_000_000_000)?.pid == 1, "nine tenths full: nothing is held")
    #expect(pipeline.nextSummary(nowNS: 1_000_000_000) == nil)
  }
}
