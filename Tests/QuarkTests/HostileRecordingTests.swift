import Foundation
import Quark
import Testing

/// A recording may come from an attacker. This test replaces some of its bytes, others in each run; `make hostile`
/// replaces all of them.
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
    // The time of the last mark, the number of lost records, and the number of records.
    let last = [UInt32(3), 24].flatMap(bytes) + whole[header + 8..<header + 24] + bytes(UInt64(records))
    frames.append(offset..<offset + last.count)
    return (Array(whole[..<offset]) + last, frames)
  }

  private static func bytes<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
    (0..<Number.bitWidth / 8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
  }

  /// Plays it to its end, which must come. Nil if it is refused.
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

  /// Eight bytes at a time are replaced by one of the values, everywhere in the header, in the frames of records and
  /// marks, and in the end.
  @Test func anyEightBytes() throws {
    let (good, frames) = try Self.short(frames: 6)
    var played = 0
    try Self.withFile { path in
      let untouched = try #require(try Self.play(good, at: path))
      #expect(untouched.insertions > 3 && untouched.malformed == 0 && untouched.late == 0)
      // The headers of frames and of records, and whole marks.
      var offsets = Array(0..<Self.header)
      for frame in frames { offsets += frame.lowerBound..<min(frame.upperBound, frame.lowerBound + 8 + 160) }
      for offset in offsets where offset + 8 <= good.count {
        var bytes = good
        if try Self.play(&bytes, with: Self.values.randomElement()!, at: offset, path) { played += 1 }
      }
    }
    #expect(played > 800)
  }

  @Test(arguments: ["5.10.0", "6.1.0", "7.1.13", "7.3.4"])
  func anyEightBytesOfAll(release: String) throws {
    var bytes = try Array(Data(contentsOf: Recording.file(release)))
    try Self.withFile { path in
      let untouched = try #require(try Self.play(bytes, at: path))
      #expect(untouched.insertions > 30 && untouched.malformed == 0)
      for _ in 0..<200 {
        let offset = Int.random(in: 0...bytes.count - 8)
        let old = Array(bytes[offset..<offset + 8])
        _ = try Self.play(&bytes, with: Self.values.randomElement()!, at: offset, path)
        bytes.replaceSubrange(offset..<offset + 8, with: old)
      }
    }
  }

  /// True if it is played and not refused.
  private static func play(
    _ bytes: inout [UInt8], with value: UInt64, at offset: Int, _ path: String
  ) throws -> Bool {
    bytes.replaceSubrange(offset..<offset + 8, with: Self.bytes(value))
    // Printed first, so that the output shows it if the test traps.
    print("hostile: \(value) at \(offset)")
    guard let statistics = try play(bytes, at: path) else { return false }
    #expect(statistics.insertions == statistics.removals, "offset \(offset), value \(value)")
    return true
  }

  /// FOUND in a recording of 6.1.0: the time of a record. The event is delivered, and also all later ones.
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
