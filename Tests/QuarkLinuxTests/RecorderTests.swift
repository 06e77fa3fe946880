import CLinux
import CWire
import Foundation
import QuarkCore
import QuarkLinux
import Testing

@Suite struct RecorderTests {
  /// The path of a file, which is removed at the end of this value.
  final class TemporaryFile {
    let path = FileManager.default.temporaryDirectory.appending(path: "recording.\(UUID().uuidString)").path
    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ bytes: Data) throws { try bytes.write(to: URL(filePath: path)) }
    func read() throws -> Data { try Data(contentsOf: URL(filePath: path)) }
  }

  /// Some bytes that begin with a time stamp, like a record.
  static func record(_ timeNS: UInt64, length: Int = 24) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: timeNS >> (8 * UInt64($0))) }
      + (8..<length).map { UInt8(truncatingIfNeeded: $0) }
  }

  static func append(_ records: [[UInt8]], to recorder: inout Recorder) {
    // Safe: UInt8 has no padding, which `bytes` of a span would show.
    for record in records { unsafe recorder.append(record.span.bytes) }
  }

  /// Two batches with the time stamps 1, 2, 3, then 9, 4.
  static func write(_ file: TemporaryFile, closing: Bool = true) throws {
    var recorder = try Recorder(path: file.path)
    var losses = LossCounts(total: 1)
    losses.add(2, of: WIRE_FAMILY_TTY)
    recorder.beginBatch(nowNS: 10, lost: LossCounts(total: 1))
    append([record(1), record(2), record(3, length: 25)], to: &recorder)
    recorder.beginBatch(nowNS: 15, lost: LossCounts(total: 2))
    recorder.beginBatch(nowNS: 20, lost: losses)
    append([record(9), record(4)], to: &recorder)
    recorder.beginBatch(nowNS: 30, lost: LossCounts(total: 4))
    #expect(recorder.records == 5)
    if closing { try recorder.close() }
  }

  static func bytes(_ record: RawSpan) -> [UInt8] { unsafe record.withUnsafeBytes { unsafe Array($0) } }

  static func isReadable(_ descriptor: CInt) -> Bool {
    var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return unsafe poll(&request, 1, 0) == 1
  }

  @Test func playedWithTheRecordedClock() throws {
    let file = TemporaryFile()
    let (before, offset) = (try Clock.bootNS(), try Clock.wallOffsetNS())
    try Self.write(file)
    var replay = try ReplayBackend(path: file.path)
    let after = try Clock.bootNS()
    #expect(replay.nowNS() >= before && replay.nowNS() <= after)
    #expect(replay.wallOffsetNS().distance(to: offset).magnitude < 1_000_000_000)
    #expect(replay.lost() == LossCounts())
    #expect(replay.ending == nil)
    #expect(Self.isReadable(replay.readable))
    var records: [[UInt8]] = []
    #expect(replay.headTimeNS == 1)
    #expect(replay.consume(limit: 2) { records.append(Self.bytes($0)) } == 2)
    #expect(replay.headTimeNS == 3)
    #expect(replay.nowNS() == 10 && replay.lost() == LossCounts(total: 1))
    #expect(replay.consume(limit: 0) { _ in } == 0)
    #expect(replay.consume(limit: 9) { records.append(Self.bytes($0)) } == 1, "up to the batch's end")
    #expect(replay.nowNS() == 10)
    #expect(replay.consume(limit: 1) { records.append(Self.bytes($0)) } == 1)
    #expect(replay.nowNS() == 20 && replay.lost().total == 3 && replay.lost()[WIRE_FAMILY_TTY] == 2)
    #expect(Self.isReadable(replay.readable))
    #expect(replay.consume(limit: 9) { records.append(Self.bytes($0)) } == 1)
    #expect(records == [Self.record(1), Self.record(2), Self.record(3, length: 25), Self.record(9), Self.record(4)])
    #expect(replay.headTimeNS == nil)
    #expect(replay.ending == .closed(nowNS: 30, lost: 4))
    #expect(replay.nowNS() == 30 && replay.lost() == LossCounts(total: 4))
    #expect(replay.consume(limit: 9) { _ in } == 0)
    #expect(!Self.isReadable(replay.readable))
  }

  @Test func playedWithAnotherClock() throws {
    let file = TemporaryFile()
    try Self.write(file)
    var replay = try ReplayBackend(path: file.path)
    var counts: [Int] = []
    for now in [0, 1, 3, 8, 9] as [UInt64] { counts.append(replay.consume(limit: 9, untilNS: now) { _ in }) }
    // 4 came after 9, and has to wait for it.
    #expect(counts == [0, 1, 2, 0, 2])
    #expect(replay.ending == .closed(nowNS: 30, lost: 4))
  }

  /// Without `close` all records are there, and the reader reports that the end is missing.
  @Test func notClosed() throws {
    let file = TemporaryFile()
    try Self.write(file, closing: false)
    var replay = try ReplayBackend(path: file.path)
    #expect(replay.consume(limit: 9, untilNS: .max) { _ in } == 5)
    let size = try file.read().count
    #expect(replay.ending == .truncated(offset: size))
    #expect(replay.nowNS() == 20)
  }

  /// A reader finds, while the file is written, everything that is older than a second.
  @Test func heldBackForASecond() throws {
    let file = TemporaryFile()
    var recorder = try Recorder(path: file.path)
    let startNS = try Clock.bootNS()
    Self.append([Self.record(1)], to: &recorder)
    recorder.beginBatch(nowNS: startNS + 900_000_000, lost: LossCounts())
    #expect(try file.read().count == MemoryLayout<recording_header>.size)
    recorder.beginBatch(nowNS: startNS + 1_100_000_000, lost: LossCounts())
    #expect(try file.read().count == MemoryLayout<recording_header>.size + 8 + MemoryLayout<recording_mark>.size + 32)
    try recorder.close()
  }

  /// More data than the buffer, in records that do not fill it evenly, and one record that is larger.
  @Test func longRecording() throws {
    let file = TemporaryFile()
    var recorder = try Recorder(path: file.path)
    let records = (0..<2000).map { Self.record(UInt64($0), length: 8 + $0 % 1000) } + [Self.record(1, length: 200_000)]
    Self.append(records, to: &recorder)
    try recorder.close()
    var replay = try ReplayBackend(path: file.path)
    var index = 0
    _ = replay.consume(limit: .max) {
      #expect(Self.bytes($0) == records[index])
      index += 1
    }
    #expect(index == records.count)
    guard case .closed = replay.ending else {
      Issue.record("\(String(describing: replay.ending))")
      return
    }
  }

  @Test func empty() throws {
    let file = TemporaryFile()
    try Recorder(path: file.path).close()
    var replay = try ReplayBackend(path: file.path)
    #expect(replay.headTimeNS == nil)
    #expect(replay.consume(limit: 1) { _ in } == 0)
    #expect(!Self.isReadable(replay.readable))
    guard case .closed = replay.ending else {
      Issue.record("\(String(describing: replay.ending))")
      return
    }
  }

  @Test func itIsForItsOwnerAlone() throws {
    let file = TemporaryFile()
    try Recorder(path: file.path).close()
    let attributes = try FileManager.default.attributesOfItem(atPath: file.path)
    #expect((attributes[.posixPermissions] as? Int).map { $0 & 0o077 } == 0)
  }

  @Test func nowhereToWrite() throws {
    #expect(throws: QuarkError.self) { try Recorder(path: "/no/such/directory/recording").close() }
    #expect(throws: QuarkError.self) { try Recorder(path: "/dev/full").close() }
  }

  /// The first error is kept while further records come, and reported at the end.
  @Test func aRecordTooLarge() throws {
    let file = TemporaryFile()
    var recorder = try Recorder(path: file.path)
    Self.append([Self.record(1), Self.record(2, length: Int(RECORDING_RECORD_MAX.rawValue) + 1)], to: &recorder)
    #expect(recorder.failure == Errno(EMSGSIZE))
    Self.append([Self.record(3)], to: &recorder)
    var thrown: Errno?
    do { try recorder.close() } catch { thrown = error.errno }
    #expect(thrown == Errno(EMSGSIZE))
  }

  @Test(arguments: ["/no/such/recording", "/", "/dev/zero"])
  func nothingToRead(path: String) {
    #expect(throws: QuarkError.self) { _ = try ReplayBackend(path: path).nowNS() }
  }

  @Test func noRecording() throws {
    let file = TemporaryFile()
    for content in ["", "QUARKREC", String(repeating: "x", count: 1000)] {
      try file.write(Data(content.utf8))
      var detail = ""
      do { _ = try ReplayBackend(path: file.path).nowNS() } catch { detail = error.detail }
      #expect(detail == "this file is no recording")
    }
  }

  /// A file that shrinks while it is played does not matter.
  @Test func theFileMayGo() throws {
    let file = TemporaryFile()
    try Self.write(file)
    var replay = try ReplayBackend(path: file.path)
    try file.write(Data())
    #expect(replay.consume(limit: 9, untilNS: .max) { _ in } == 5)
  }

  /// Recordings of real kernels, with both clocks.
  @Test(arguments: ["5.10.0", "6.1.0", "7.1.13", "7.3.4"])
  func realRecordings(release: String) throws {
    let path = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Fixtures/recordings/\(release).rec").path
    var replay = try ReplayBackend(path: path)
    var stamps: [UInt64] = []
    while let head = replay.headTimeNS {
      let before = replay.nowNS()
      #expect(replay.consume(limit: 1) { _ in } == 1)
      #expect(replay.nowNS() >= before, "the recorded clock goes forwards")
      #expect(replay.nowNS() >= head, "what is read has happened")
      stamps.append(head)
    }
    #expect(stamps.count > 80)
    #expect(replay.lost() == LossCounts())

    replay = try ReplayBackend(path: path)
    var played = 0
    for stamp in stamps {
      played += replay.consume(limit: .max, untilNS: stamp) { _ in }
      #expect(replay.headTimeNS.map { $0 > stamp } ?? true)
    }
    #expect(played == stamps.count)
    guard case .closed = replay.ending else {
      Issue.record("\(String(describing: replay.ending))")
      return
    }
  }
}
