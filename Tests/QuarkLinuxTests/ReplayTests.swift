import CQuark
import Foundation
import QuarkCore
import QuarkLinux
import Testing

/// The queue with records of real kernels: recordings of Tests/Fixtures, played with their own clock.
@Suite struct ReplayTests {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Fixtures/recordings")

  /// An event, as values that outlive it.
  struct Event {
    var bits: UInt64
    var timeNS: UInt64
    var pid: UInt32
    var exe: String
    var cwd: String
    var arguments: String
    var exitCode: Int32
    var exitSignal: Int32

    init(_ event: quark_event) {
      let process = unsafe event.process!.pointee
      bits = unsafe event.events
      timeNS = unsafe event.time
      pid = unsafe process.pid
      exe = unsafe process.exe.map { unsafe String(cString: $0) } ?? ""
      cwd = unsafe process.cwd.map { unsafe String(cString: $0) } ?? ""
      arguments = unsafe process.cmdline.map { line in
        let bytes = unsafe UnsafeBufferPointer(start: line, count: process.cmdline_len)
        let shown = unsafe bytes.dropLast().map { $0 == 0 ? UInt8(ascii: "|") : UInt8(bitPattern: $0) }
        return String(decoding: shown, as: UTF8.self)
      } ?? ""
      exitCode = unsafe process.exit_code
      exitSignal = unsafe process.exit_signal
    }
  }

  static let all = UInt64(QUARK_EV_FORK | QUARK_EV_EXEC | QUARK_EV_EXIT)

  /// All events of a recording, and the counters at the end.
  static func play(_ release: String, flags: CInt = 0) throws -> (events: [Event], statistics: quark_queue_stats) {
    var replay = try ReplayBackend(path: folder.appending(path: "\(release).rec").path)
    var pipeline = unsafe EventPipeline(
      quark_queue_attr(
        flags: flags, max_length: 10000, cache_grace_time: 4000, hold_time: 1000, max_env: 4096, kubefd: -1,
        ruleset: nil, ring_size: 0, replay: nil))
    var events: [Event] = []
    let wallOffsetNS = replay.wallOffsetNS()
    while replay.ending == nil {
      _ = replay.consume(limit: pipeline.room) { record in pipeline.insert(record: record) }
      while let event = unsafe pipeline.next(nowNS: replay.nowNS(), wallOffsetNS: wallOffsetNS) {
        unsafe events.append(Event(event.pointee))
      }
    }
    let end = replay.nowNS() + 2_000_000_000
    while let event = unsafe pipeline.next(nowNS: end, wallOffsetNS: wallOffsetNS) {
      unsafe events.append(Event(event.pointee))
    }
    return (events, pipeline.statistics)
  }

  static let releases = ["5.10.0", "6.1.0", "7.1.13", "7.3.4"]

  @Test(arguments: releases)
  func aShortLifeIsOneEvent(release: String) throws {
    let (events, _) = try Self.play(release)
    let event = try #require(events.first { $0.arguments == "/bin/true|plain" })
    #expect(event.bits == Self.all)
    #expect(event.exe == "/bin/true")
    #expect(event.cwd == "/tmp/load")
    #expect(event.exitCode == 0 && event.exitSignal == 0)
    #expect(events.count { $0.pid == event.pid } == 1)
    let failed = try #require(events.first { $0.arguments == "sh|-c|exit 3" })
    #expect(failed.exitCode == 3)
    #expect(events.contains { $0.exitSignal == 9 }, "killed")
  }

  @Test(arguments: releases)
  func nothingIsMissing(release: String) throws {
    let (events, statistics) = try Self.play(release)
    #expect(statistics.insertions > 80)
    #expect(statistics.removals == statistics.insertions)
    #expect(statistics.malformed == 0 && statistics.refused == 0 && statistics.late == 0)
    #expect(UInt64(events.count) == statistics.aggregations + statistics.non_aggregations)
    #expect(zip(events, events.dropFirst()).allSatisfy { $0.timeNS <= $1.timeNS })
  }

  /// With all ways of joining records, the final data of each process is the same.
  @Test(arguments: releases)
  func joiningChangesNothing(release: String) throws {
    let (joined, _) = try Self.play(release)
    let (single, statistics) = try Self.play(release, flags: QQ_MIN_AGG)
    #expect(UInt64(single.count) == statistics.insertions, "nothing is joined")
    let pids = Set(joined.map(\.pid))
    #expect(pids == Set(single.map(\.pid)))
    for pid in pids {
      let (one, other) = (joined.last { $0.pid == pid }!, single.last { $0.pid == pid }!)
      #expect(one.arguments == other.arguments && one.exe == other.exe && one.cwd == other.cwd, "\(pid)")
      #expect(one.exitCode == other.exitCode && one.exitSignal == other.exitSignal, "\(pid)")
      let bits = joined.filter { $0.pid == pid }.reduce(0) { $0 | $1.bits }
      #expect(bits == single.filter { $0.pid == pid }.reduce(0) { $0 | $1.bits }, "\(pid)")
    }
  }
}
