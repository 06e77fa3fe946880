import CQuark
import CWire
import Testing

@testable import QuarkCore

/// Records of version 1 of the recording format.
@Suite struct RecordUpgradeTests {
  static let noTask: UInt16 = 1 << 15
  static let comm = "name"

  /// A record of version 1: header, task and one field, all of them with content.
  static func old(_ type: UInt16, idChange: UInt32 = 0) -> [UInt8] {
    var record = RecordBuilder(WIRE_EXEC, pid: 42, timeNS: 7)
    unsafe withUnsafeMutableBytes(of: &record.task.comm) { unsafe $0.copyBytes(from: comm.utf8) }
    record.task.uid = 1000
    record.header.reserved = idChange
    record.add(WIRE_FIELD_CWD, "a\0")
    // The layout is that of a record with a task, for all types.
    var bytes = record.bytes
    bytes[12...13] = [UInt8(type & 0xff), UInt8(type >> 8)]
    return bytes
  }

  static func upgraded(_ bytes: [UInt8], version: UInt16 = 1) -> [UInt8] {
    var upgrade = RecordUpgrade(version: version)
    var result: [UInt8] = []
    // Safe: UInt8 has no padding, which `bytes` of a span would show.
    unsafe upgrade.lend(bytes.span.bytes) { unsafe result = $0.withUnsafeBytes { unsafe Array($0) } }
    return result
  }

  /// The decoded members that differ; nil if the record is malformed.
  static func decoded(_ bytes: [UInt8]) -> (type: raw_types, uid: UInt32, comm: String, idChange: UInt32, cwd: String?)? {
    var strings = StringPool()
    var queue = RawEventQueue(capacity: 1)
    let event = unsafe queue.make()!
    let outcome = unsafe RecordDecoder.decode(bytes.span.bytes, into: event, maxEnvironment: 0, strings: &strings)
    guard outcome == .decoded, unsafe event.pointee.pid == 42, unsafe event.pointee.time == 7 else { return nil }
    let comm = unsafe withUnsafeBytes(of: event.pointee.task.comm) {
      unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
    }
    return unsafe (
      raw_types(event.pointee.type), event.pointee.task.uid, comm, event.pointee.id_change, text(event.pointee.cwd)
    )
  }

  @Test(arguments: [
    (1, RAW_WAKE_UP_NEW_TASK), (2, RAW_EXEC), (3, RAW_EXIT_THREAD), (4, RAW_ID_CHANGE), (5, RAW_COMM),
    (6, RAW_EXEC_CONNECTOR),
  ] as [(UInt16, raw_types)])
  func withATask(type: UInt16, expected: raw_types) throws {
    let idChange: UInt32 = type == 4 ? 5 : 0
    let event = try #require(Self.decoded(Self.upgraded(Self.old(type, idChange: idChange))))
    #expect(event.type == expected && event.uid == 1000 && event.comm == Self.comm && event.cwd == "/a")
    #expect(event.idChange == idChange)
  }

  @Test(arguments: [
    (2, RAW_EXEC, false), (5, RAW_COMM, true), (7, RAW_WAKE_UP_NEW_TASK, false), (8, RAW_EXIT_THREAD, false),
    (9, RAW_COMM, true),
  ] as [(UInt16, raw_types, Bool)])
  func withoutATask(type: UInt16, expected: raw_types, hasName: Bool) throws {
    let event = try #require(Self.decoded(Self.upgraded(Self.old(type | Self.noTask))))
    #expect(event.type == expected && event.uid == 0 && event.comm == (hasName ? Self.comm : "") && event.cwd == "/a")
  }

  /// A record that was malformed is still malformed.
  @Test(arguments: [0, 7, 8, 9, 10, 77, 1 | noTask, 3 | noTask, 4 | noTask, 6 | noTask] as [UInt16])
  func nonsense(type: UInt16) {
    #expect(Self.upgraded(Self.old(type)).isEmpty)
  }

  @Test func everyTruncationIsMalformed() {
    let whole = Self.old(2)
    for length in 0..<whole.count - 6 {
      #expect(Self.decoded(Self.upgraded(Array(whole[..<length]))) == nil, "\(length) bytes")
    }
    var small = whole
    small[8] = 100
    #expect(Self.upgraded(small).isEmpty, "a size below that of all records")
  }

  /// A record of the current version is not changed, with any content.
  @Test func ofToday() {
    let bytes = Self.old(4)
    #expect(Self.upgraded(bytes, version: 2) == bytes)
    #expect(Self.upgraded([1, 2, 3], version: 2) == [1, 2, 3])
  }

  /// A record that is larger than the first buffer.
  @Test func aLongRecord() {
    let long = Self.old(2) + Array(repeating: 1, count: 100_000)
    #expect(Self.upgraded(long) == long)
  }
}
