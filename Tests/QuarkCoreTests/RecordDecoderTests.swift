import CWire
import Testing

@testable import QuarkCore

@Suite struct RecordDecoderTests {
  /// What a decoded event says, in values that outlive it.
  struct Content: Equatable {
    var kind: RawEvent.Kind
    var pid: UInt32
    var timeNS: UInt64
    var exe: String?
    var cwd: String?
    var arguments: [UInt8]?
  }

  func decode(_ bytes: [UInt8]) -> Content? {
    guard let event = unsafe RecordDecoder.decode(bytes.span.bytes) else { return nil }
    defer { unsafe event.deallocate() }
    return unsafe Content(
      kind: event.kind, pid: event.pid, timeNS: event.timeNS,
      exe: event.exe.map { unsafe String(cString: $0.start) }, cwd: event.cwd.map { unsafe String(cString: $0.start) },
      arguments: event.arguments.map { bytes in
        unsafe (0...bytes.count).map { unsafe UInt8(bitPattern: bytes.start[$0]) }
      })
  }

  func exec() -> RecordBuilder {
    var record = RecordBuilder(WIRE_EXEC, pid: 42, timeNS: 7)
    record.add(WIRE_FIELD_EXE, "sh\0bin\0")
    record.add(WIRE_FIELD_CWD, "")
    record.add(WIRE_FIELD_ARGV, "sh\0-c\0\0")
    return record
  }

  @Test func execRecord() {
    let expected = Content(
      kind: .exec, pid: 42, timeNS: 7, exe: "/bin/sh", cwd: "/", arguments: Array("sh\0-c\0\0".utf8))
    #expect(decode(exec().bytes) == expected)
  }

  @Test(arguments: [
    ("b|a|", wire_field_flag?.none, "/a/b"), ("b|a|", WIRE_FIELD_CUT, "./a/b"),
    ("memfd:x|", WIRE_FIELD_NAME, "memfd:x"), ("", .none, "/"), ("b", .none, "/b"), ("b|a", .none, "/a/b"),
  ])
  func path(components: String, flags: wire_field_flag?, expected: String) {
    var record = RecordBuilder(WIRE_EXEC, pid: 1)
    record.add(WIRE_FIELD_EXE, String(components.map { $0 == "|" ? "\0" : $0 }), flags: flags)
    #expect(decode(record.bytes)?.exe == expected)
  }

  /// The last argument lacks its NUL: the last byte gives way to one, as clients expect.
  @Test func unterminatedArguments() {
    var record = RecordBuilder(WIRE_EXEC, pid: 1)
    record.add(WIRE_FIELD_ARGV, "ls\0-l")
    #expect(decode(record.bytes)?.arguments == Array("ls\0-\0".utf8))
  }

  @Test func everyTruncationIsMalformed() {
    let bytes = exec().bytes
    for length in 0..<bytes.count - 8 { #expect(decode(Array(bytes[..<length])) == nil, "\(length) bytes") }
  }

  /// The ring hands out whole records; what stands behind one is not its business.
  @Test func trailingBytesAreIgnored() {
    #expect(decode(exec().bytes + [1, 2, 3]) != nil)
  }

  @Test func nonsenseIsMalformed() {
    var record = exec()
    record.header.type = 99
    #expect(decode(record.bytes) == nil, "unknown type")
    record = exec()
    record.header.pid = 0
    #expect(decode(record.bytes) == nil, "no pid")
    record = exec()
    record.header.nfields += 1
    #expect(decode(record.bytes) == nil, "a field too many")
    record = exec()
    record.add(WIRE_FIELD_EXE, "again\0")
    #expect(decode(record.bytes) == nil, "a field twice")
    record = exec()
    record.add(wire_field_kind(77), "what\0")
    #expect(decode(record.bytes) == nil, "unknown field")
  }

  /// Whatever a byte is changed to, nothing traps.
  @Test func flippedBytes() {
    let bytes = exec().bytes
    for index in bytes.indices {
      for value: UInt8 in [0, 1, 0x7f, 0x80, 0xff] {
        var damaged = bytes
        damaged[index] = value
        _ = decode(damaged)
      }
    }
  }
}
