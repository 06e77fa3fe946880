import CWire
import Testing

@testable import QuarkCore

@Suite struct RecordingCursorTests {
  static func read(
    _ bytes: [UInt8]
  ) throws(RecordingCursor.Refusal) -> (frames: [RecordingCursor.Frame], ending: RecordingCursor.Ending?) {
    // Safe: UInt8 has no padding, which `bytes` of a span would show.
    let span = unsafe bytes.span.bytes
    var cursor = try RecordingCursor(span)
    var frames: [RecordingCursor.Frame] = []
    while let frame = cursor.next(span) { frames.append(frame) }
    let afterwards = cursor.next(span)
    #expect(afterwards == nil, "the end stays the end")
    return (frames, cursor.ending)
  }

  static func refusal(_ change: (inout RecordingBuilder) -> Void) -> RecordingCursor.Refusal? {
    var recording = RecordingBuilder()
    change(&recording)
    do { _ = try read(recording.bytes) } catch { return error }
    return nil
  }

  static func whole() -> RecordingBuilder {
    var recording = RecordingBuilder()
    recording.mark(nowNS: 10)
    recording.record([1, 2, 3])
    recording.record([])
    recording.mark(nowNS: 20, lost: losses(total: 4, files: 1))
    recording.record(Array(repeating: 9, count: 16))
    recording.end(nowNS: 30, lost: losses(total: 5, files: 2))
    return recording
  }

  static func losses(total: UInt64, files: UInt64) -> LossCounts {
    var lost = LossCounts(total: total)
    lost[WIRE_FAMILY_FILE] = files
    return lost
  }

  @Test func lossesByFamily() throws {
    let bytes = Self.whole().bytes
    // Safe: UInt8 has no padding, which `bytes` of a span would show.
    let span = unsafe bytes.span.bytes
    var cursor = try RecordingCursor(span)
    var losses: [LossCounts] = []
    while cursor.next(span) != nil { losses.append(cursor.lost) }
    losses.append(cursor.lost)
    let (first, second) = (LossCounts(), Self.losses(total: 4, files: 1))
    #expect(losses == [first, first, first, second, second, Self.losses(total: 5, files: 2)])
  }

  @Test func wholeRecording() throws {
    let (frames, ending) = try Self.read(Self.whole().bytes)
    #expect(frames == [
      .mark(nowNS: 10, lost: 0), .record(208..<211), .record(224..<224),
      .mark(nowNS: 20, lost: 4), .record(320..<336),
    ])
    #expect(ending == .closed(nowNS: 30, lost: 5))
  }

  /// Recordings of version 1, which had one family, and of a writer that knew none.
  @Test(arguments: [(1, 160, 7), (2, 32, 0)] as [(UInt16, UInt16, UInt64)])
  func marksWithoutFamilies(version: UInt16, recordSize: UInt16, processes: UInt64) throws {
    var recording = RecordingBuilder()
    (recording.header.version, recording.header.record_size) = (version, recordSize)
    recording.markWithoutFamilies(nowNS: 10, lost: 7)
    recording.frame(RECORDING_END.rawValue, Array(repeating: 0, count: 24))
    let bytes = recording.bytes
    let (frames, ending) = try Self.read(bytes)
    #expect(frames == [.mark(nowNS: 10, lost: 7)])
    #expect(ending == .closed(nowNS: 0, lost: 0))
    // Safe: as above.
    let span = unsafe bytes.span.bytes
    var cursor = try RecordingCursor(span)
    _ = cursor.next(span)
    #expect(cursor.lost.total == 7 && cursor.lost[WIRE_FAMILY_PROCESS] == processes)
  }

  @Test func refusals() {
    #expect(Self.refusal { _ in } == nil)
    #expect(Self.refusal { $0.header.magic.0 = 0 } == .notARecording)
    #expect(Self.refusal { $0.header.byte_order = 0x0403_0201 } == .otherByteOrder)
    #expect(Self.refusal { $0.header.version = 0 } == .otherVersion)
    #expect(Self.refusal { $0.header.version = 3 } == .otherVersion)
    #expect(Self.refusal { $0.header.version = 1 } == .otherRecordLayout)
    #expect(Self.refusal { $0.header.record_size += 8 } == .otherRecordLayout)
    #expect(Self.refusal { $0.header.header_size = 104 } == .notARecording)
    #expect(Self.refusal { $0.header.header_size = 113 } == .notARecording)
    #expect(throws: RecordingCursor.Refusal.notARecording) { try Self.read([]) }
    #expect(throws: RecordingCursor.Refusal.notARecording) { try Self.read(Array(RecordingBuilder().bytes.dropLast())) }
  }

  /// A later minor change of the format may lengthen the header.
  @Test func longerHeader() throws {
    var recording = Self.whole()
    recording.header.header_size = 120
    let bytes = recording.bytes
    let (frames, ending) = try Self.read(Array(bytes[..<112]) + Array(repeating: 7, count: 8) + bytes[112...])
    #expect(frames.count == 5)
    #expect(ending == .closed(nowNS: 30, lost: 5))
    let salted = Array(bytes[..<112]) + Array(repeating: 7, count: 8) + bytes[112...]
    unsafe #expect(try RecordingCursor(salted.span.bytes).header.boot_salt == 0x0707_0707_0707_0707)
    let unsalted = Self.whole().bytes
    unsafe #expect(try RecordingCursor(unsalted.span.bytes).header.boot_salt == 0, "what follows is a frame")
    recording.header.header_size = .max - 7
    #expect(try Self.read(recording.bytes).ending == .truncated(offset: Int(UInt16.max - 7)))
  }

  /// A file that is cut anywhere gives its whole frames, and the offset of the first missing one.
  @Test func everyTruncation() throws {
    let bytes = Self.whole().bytes
    let all = try Self.read(bytes).frames
    for length in 112..<bytes.count {
      let (frames, ending) = try Self.read(Array(bytes[..<length]))
      #expect(frames == Array(all[..<frames.count]), "\(length) bytes")
      guard case .truncated(let offset) = ending else {
        Issue.record("\(length) bytes: \(String(describing: ending))")
        continue
      }
      // The padding of the last frame may be missing.
      #expect(offset <= length + 7)
      if case .record(let range) = frames.last { #expect(range.upperBound <= length) }
    }
  }

  @Test func damage() throws {
    var recording = RecordingBuilder()
    recording.record([1])
    recording.frame(99, [])
    recording.record([2])
    #expect(try Self.read(recording.bytes).ending == .damaged(offset: 128))
    #expect(try Self.read(recording.bytes).frames.count == 1)

    recording = RecordingBuilder()
    recording.frame(RECORDING_RECORD.rawValue, [], size: .max)
    #expect(try Self.read(recording.bytes).ending == .damaged(offset: 112))

    recording = RecordingBuilder()
    recording.frame(RECORDING_MARK.rawValue, Array(repeating: 0, count: 20))
    #expect(try Self.read(recording.bytes).ending == .damaged(offset: 112))

    recording = RecordingBuilder()
    recording.record([1])
    recording.end(records: 2)
    #expect(try Self.read(recording.bytes).ending == .damaged(offset: 128), "a record is missing")

    recording = RecordingBuilder()
    recording.end()
    recording.record([1])
    #expect(try Self.read(recording.bytes).ending == .damaged(offset: 112), "something follows the end")
  }
}
