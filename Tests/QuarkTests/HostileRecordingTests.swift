import Foundation
import Quark
import Testing

/// A recording is anybody's file.
@Suite struct HostileRecordingTests {
  private static let header = 112
  private static let values = [0, 1, 1 << 63, .max] as [UInt64]

  /// The first frames of a real recording, and an end.
  private static func short(frames count: Int) throws -> (bytes: [UInt8], frames: [Range<Int>]) {
    let whole = try Array(Data(contentsOf: URL(filePath: #require(Recording.attributes.replay))))
    func word(_ offset: Int) -> Int { (0..<4).reduce(0) { $0 | Int(whole[offset + $1]) << (8 * $1) } }
    var (offset, records, frames) = (header, 0, [Range<Int>]())
    while frames.count < count {
      let end = offset + 8 + (word(offset + 4) + 7) / 8 * 8
      records += word(offset) == 2 ? 1 : 0
      frames.append(offset..<end)
      offset = end
    }
    // The time of the mark before, what was lost, and the number of records.
    let last = [UInt32(3), 24].flatMap(bytes) + whole[header + 8..<header + 24] + bytes(UInt64(records))
    frames.append(offset..<offset + last.count)
    return (Array(whole[..<offset]) + last, frames)
  }

  private static func bytes<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
    (0..<Number.bitWidth / 8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
  }

  /// Plays it to its end, which must come. Nil: it is refused.
  private static func play(_ bytes: [UInt8], at path: String) throws -> Queue.Statistics? {
    try Data(bytes).write(to: URL(filePath: path))
    var attributes = Queue.Attributes()
    attributes.replay = path
    attributes.maxLength = 100
    guard var queue = try? Queue(attributes) else { return nil }
    for _ in 0..<10_000 {
      while queue.withNextEvent({ _ in true }) != nil {}
      do throws(Errno) { try queue.block(milliseconds: .max) } catch {
        #expect(error == Errno(61) && queue.length == 0)
        return queue.statistics
      }
    }
    Issue.record("it does not end")
    return nil
  }

  private static func withFile(_ body: (String) throws -> Void) throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "hostile-\(UUID().uuidString).rec").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try body(path)
  }

  /// Everything in the header, in the frames of records and marks, and in the end, is replaced, eight bytes at a time.
  @Test func anyEightBytes() throws {
    let (good, frames) = try Self.short(frames: 6)
    var played = 0
    try Self.withFile { path in
      let untouched = try #require(try Self.play(good, at: path))
      #expect(untouched.insertions > 3 && untouched.malformed == 0 && untouched.late == 0)
      // The headers of frames and of records, and all of the marks.
      var offsets = Array(0..<Self.header)
      for frame in frames { offsets += frame.lowerBound..<min(frame.upperBound, frame.lowerBound + 8 + 160) }
      for offset in offsets where offset + 8 <= good.count {
        for value in Self.values {
          var bytes = good
          bytes.replaceSubrange(offset..<offset + 8, with: Self.bytes(value))
          guard let statistics = try Self.play(bytes, at: path) else { continue }
          played += 1
          #expect(statistics.insertions == statistics.removals, "offset \(offset), value \(value)")
        }
      }
    }
    #expect(played > 1000)
  }

  /// FOUND in a recording of 6.1.0: a record's time. The event is told, and so are all that come behind it.
  @Test(arguments: [144, 312], [1 << 63, .max] as [UInt64])
  func aTimeFarAhead(offset: Int, value: UInt64) throws {
    var bytes = try Array(Data(contentsOf: URL(filePath: #require(Recording.attributes.replay))))
    try Self.withFile { path in
      let untouched = try #require(try Self.play(bytes, at: path))
      bytes.replaceSubrange(offset..<offset + 8, with: Self.bytes(value))
      let statistics = try #require(try Self.play(bytes, at: path))
      #expect(statistics.late == untouched.late + 1 && statistics.removals == untouched.removals)
    }
  }
}
