import CQuark
import CWire
import Testing

@testable import QuarkCore

@Suite struct RecordDecoderTests {
  /// The data of a decoded raw event, as values that outlive it.
  struct Content: Equatable {
    var type: raw_types
    var pid: UInt32
    var timeNS: UInt64
    var exe: String?
    var cwd: String?
    var arguments: [UInt8]?
  }

  func decode(_ bytes: [UInt8]) -> Content? {
    var strings = StringPool()
    var queue = RawEventQueue(capacity: 1)
    let event = unsafe queue.make()!
    let outcome = unsafe RecordDecoder.decode(bytes.span.bytes, into: event, maxEnvironment: 4096, strings: &strings)
    guard outcome == .decoded else { return nil }
    return unsafe Content(
      type: raw_types(event.pointee.type), pid: event.pointee.pid, timeNS: event.pointee.time,
      exe: text(event.pointee.exe), cwd: text(event.pointee.cwd),
      arguments: event.pointee.args.map { bytes in
        unsafe (0..<Int(event.pointee.args_len)).map { unsafe UInt8(bitPattern: bytes[$0]) }
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
      type: RAW_EXEC, pid: 42, timeNS: 7, exe: "/bin/sh", cwd: "/", arguments: Array("sh\0-c\0\0".utf8))
    #expect(decode(exec().bytes) == expected)
  }

  /// The decoder copies a task as one piece.
  @Test func taskMembersAreWhereTheWireHasThem() throws {
    #expect(MemoryLayout<raw_task>.size == MemoryLayout<wire_task>.size)
    let flags = try #require(unsafe MemoryLayout<raw_event>.offset(of: \.flags))
    let lengths = try #require(unsafe MemoryLayout<raw_event>.offset(of: \.args_len))
    #expect(lengths - flags == RawEventQueue.cleared)
    #expect(MemoryLayout<raw_task>.offset(of: \.start_boottime) == MemoryLayout<wire_task>.offset(of: \.start_boot_ns))
    #expect(MemoryLayout<raw_task>.offset(of: \.cap_ambient) == MemoryLayout<wire_task>.offset(of: \.cap_ambient))
    #expect(MemoryLayout<raw_task>.offset(of: \.ppid) == MemoryLayout<wire_task>.offset(of: \.ppid))
    #expect(MemoryLayout<raw_task>.offset(of: \.suid) == MemoryLayout<wire_task>.offset(of: \.suid))
    #expect(MemoryLayout<raw_task>.offset(of: \.sid) == MemoryLayout<wire_task>.offset(of: \.sid))
    #expect(MemoryLayout<raw_task>.offset(of: \.tty_minor) == MemoryLayout<wire_task>.offset(of: \.tty_minor))
    #expect(MemoryLayout<raw_task>.offset(of: \.net_inonum) == MemoryLayout<wire_task>.offset(of: \.net_inonum))
    #expect(MemoryLayout<raw_task>.offset(of: \.exit_code) == MemoryLayout<wire_task>.offset(of: \.exit_code))
    #expect(MemoryLayout<raw_task>.offset(of: \.comm) == MemoryLayout<wire_task>.offset(of: \.comm))
    let end = unsafe MemoryLayout<raw_event>.size - MemoryLayout<raw_task>.size
    #expect(unsafe MemoryLayout<raw_event>.offset(of: \.task) == end)
    let links = unsafe MemoryLayout<raw_event_links>.stride
    #expect(unsafe MemoryLayout<raw_event>.offset(of: \.by_pid_time) == links)
  }

  @Test(arguments: [
    ("b|a|", wire_field_flag?.none, "/a/b"), ("b|a|", WIRE_FIELD_CUT, "./a/b"),
    ("memfd:x|", WIRE_FIELD_NAME, "memfd:x"), ("", .none, "/"), ("b", .none, "/b"), ("b|a", .none, "/a/b"),
    ("|||", .none, "///"),
  ])
  func path(components: String, flags: wire_field_flag?, expected: String) {
    var record = RecordBuilder(WIRE_EXEC, pid: 1)
    record.add(WIRE_FIELD_EXE, String(components.map { $0 == "|" ? "\0" : $0 }), flags: flags)
    #expect(decode(record.bytes)?.exe == expected)
  }

  /// The last argument lacks its NUL: a NUL replaces the last byte, as clients expect.
  @Test func unterminatedArguments() {
    var record = RecordBuilder(WIRE_EXEC, pid: 1)
    record.add(WIRE_FIELD_ARGV, "ls\0-l")
    #expect(decode(record.bytes)?.arguments == Array("ls\0-\0".utf8))
  }

  @Test func everyTruncationIsMalformed() {
    let bytes = exec().bytes
    for length in 0..<bytes.count - 8 { #expect(decode(Array(bytes[..<length])) == nil, "\(length) bytes") }
  }

  /// The ring lends whole records; bytes after a record are ignored.
  @Test func trailingBytesAreIgnored() {
    #expect(decode(exec().bytes + [1, 2, 3]) != nil)
  }

  @Test func nonsenseIsMalformed() {
    var record = exec()
    record.header.kind = 99
    #expect(decode(record.bytes) == nil, "unknown type")
    record = exec()
    record.header.pid = 0
    #expect(decode(record.bytes) == nil, "no pid")
    record.header.pid = 4 << 20
    #expect(decode(record.bytes) == nil, "a pid that Linux cannot have")
    record = exec()
    record.header.nfields += 1
    #expect(decode(record.bytes) == nil, "a field too many")
    record = exec()
    record.add(WIRE_FIELD_EXE, "again\0")
    #expect(decode(record.bytes) == nil, "a field twice")
    record = exec()
    record.add(wire_field_kind(77), "what\0")
    #expect(decode(record.bytes) == nil, "unknown field")
    record = RecordBuilder(WIRE_EXEC, pid: 1)
    record.add(WIRE_FIELD_CWD, String(repeating: "d\0", count: 4097))
    #expect(decode(record.bytes) == nil, "a path beyond its bound")
    record = RecordBuilder(WIRE_EXEC, pid: 1)
    record.add(WIRE_FIELD_ARGV, String(repeating: "a\0", count: 10241))
    #expect(decode(record.bytes) == nil, "arguments beyond their bound")
  }

  @Test func whatElseAnExecBrings() throws {
    var strings = StringPool()
    var queue = RawEventQueue(capacity: 1)
    let event = unsafe queue.make()!
    var record = RecordBuilder(WIRE_EXEC, pid: 1)
    record.add(WIRE_FIELD_CGROUP, "b.scope\0a.slice\0")
    record.add(WIRE_FIELD_SCRIPT, "./run.sh\0beyond")
    record.add(WIRE_FIELD_ENV, "A=1\0B=2\0", originalCount: 9000)
    record.add(WIRE_FIELD_ARGV, "x\0y\0", originalCount: 30_000)
    #expect(
      unsafe RecordDecoder.decode(record.bytes.span.bytes, into: event, maxEnvironment: 6, strings: &strings)
        == .decoded)
    #expect(unsafe text(event.pointee.cgroup) == "/a.slice/b.scope")
    #expect(unsafe text(event.pointee.script) == "./run.sh")
    #expect(unsafe event.pointee.env_len == 6 && event.pointee.env_orig_len == 9000)
    #expect(unsafe event.pointee.args_len == 4 && event.pointee.args_orig_len == 30_000)
    #expect(unsafe event.pointee.flags == UInt32(RAW_F_TASK | RAW_F_IMAGE))
    // The environment is not wanted.
    unsafe queue.free(event, strings: &strings)
    let second = unsafe queue.make()!
    #expect(
      unsafe RecordDecoder.decode(record.bytes.span.bytes, into: second, maxEnvironment: 0, strings: &strings)
        == .decoded)
    #expect(unsafe second.pointee.env == nil)
  }

  @Test func theWireHasTheHeadersNumbers() {
    #expect(Int(WIRE_SETSID.rawValue) == Int(QUARK_ID_CHANGE_SETSID))
    #expect(Int(WIRE_SETUID.rawValue) == Int(QUARK_ID_CHANGE_SETUID))
    #expect(Int(WIRE_SETGID.rawValue) == Int(QUARK_ID_CHANGE_SETGID))
    #expect(WIRE_FAMILY_PROCESS.rawValue == QUARK_FAMILY_PROCESS.rawValue)
    #expect(WIRE_FAMILY_SOCKET.rawValue == QUARK_FAMILY_SOCKET.rawValue)
    #expect(WIRE_FAMILY_PACKET.rawValue == QUARK_FAMILY_PACKET.rawValue)
    #expect(WIRE_FAMILY_FILE.rawValue == QUARK_FAMILY_FILE.rawValue)
    #expect(WIRE_FAMILY_PTRACE.rawValue == QUARK_FAMILY_PTRACE.rawValue)
    #expect(WIRE_FAMILY_MODULE.rawValue == QUARK_FAMILY_MODULE.rawValue)
    #expect(WIRE_FAMILY_SHM.rawValue == QUARK_FAMILY_SHM.rawValue)
    #expect(WIRE_FAMILY_TTY.rawValue == QUARK_FAMILY_TTY.rawValue)
    #expect(WIRE_FAMILY_COUNT.rawValue == QUARK_FAMILY_COUNT.rawValue)
  }

  @Test func idsAndNames() {
    var record = RecordBuilder(WIRE_ID_CHANGE, pid: 9)
    record.idBits = WIRE_SETUID.rawValue | WIRE_SETSID.rawValue
    #expect(decode(record.bytes)?.type == RAW_ID_CHANGE)
    #expect(decode(RecordBuilder(WIRE_COMM, pid: 9).bytes)?.type == RAW_COMM)
  }

  /// With any change of a byte nothing traps.
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
