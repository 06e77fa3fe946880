import CQuark
import Testing

@testable import QuarkCore

/// What a C program inserts by itself.
@Suite struct RawEventCopyTests {
  static func insert(
    _ type: raw_types, pid: UInt32, into pipeline: inout EventPipeline, _ change: (inout raw_event) -> Void = { _ in }
  ) throws(RawEventRefusal) {
    var event = unsafe raw_event()
    unsafe event.type = type.rawValue
    unsafe event.pid = pid
    unsafe event.time = 5
    unsafe change(&event)
    try unsafe pipeline.insert(copyOf: &event)
  }

  @Test func isDelivered() throws {
    var pipeline = EventPipeline()
    try unsafe "/bin/true\0x".withCString { exe in
      try "true\0is\0this\0nop\0".withCString { arguments in
        try Self.insert(RAW_EXEC, pid: 7, into: &pipeline) { event in
          unsafe event.exe = UnsafeMutablePointer(mutating: exe)
          unsafe event.args = UnsafeMutablePointer(mutating: arguments)
          unsafe event.args_len = 17
          unsafe event.args_orig_len = 20
          unsafe event.flags = UInt32(RAW_F_TASK)
          unsafe event.task.ppid = 3
        }
      }
    }
    #expect(pipeline.length == 1)
    #expect(pipeline.statistics.insertions == 1)
    let event = try #require(unsafe pipeline.next(nowNS: 1 << 60, wallOffsetNS: 0))
    let process = try #require(unsafe event.pointee.process)
    #expect(unsafe event.pointee.events == UInt64(QUARK_EV_EXEC))
    #expect(unsafe process.pointee.pid == 7)
    #expect(unsafe process.pointee.proc_ppid == 3)
    #expect(unsafe String(cString: process.pointee.exe) == "/bin/true")
    #expect(unsafe process.pointee.cmdline_len == 17)
    #expect(unsafe process.pointee.cmdline_orig_len == 20)
    #expect(unsafe String(cString: process.pointee.cmdline + 13) == "nop")
  }

  @Test func oneStringNeedsNoLength() throws {
    var pipeline = EventPipeline()
    try unsafe "alone".withCString { arguments in
      try Self.insert(RAW_EXEC, pid: 7, into: &pipeline) { unsafe $0.args = UnsafeMutablePointer(mutating: arguments) }
    }
    let event = try #require(unsafe pipeline.next(nowNS: 1 << 60, wallOffsetNS: 0))
    #expect(unsafe event.pointee.process.pointee.cmdline_len == 6)
    #expect(unsafe String(cString: event.pointee.process.pointee.cmdline) == "alone")
  }

  @Test func isInOrder() throws {
    var pipeline = EventPipeline()
    pipeline.add(RAW_EXIT_THREAD, pid: 7, at: 9)
    try Self.insert(RAW_WAKE_UP_NEW_TASK, pid: 7, into: &pipeline) { unsafe $0.flags = UInt32(RAW_F_TASK) }
    let events = pipeline.drain()
    #expect(events.map(\.events) == [UInt64(QUARK_EV_FORK | QUARK_EV_EXIT)])
  }

  @Test func refusals() {
    var pipeline = EventPipeline(maxLength: 1)
    #expect(throws: RawEventRefusal.noSuchProcess) { try Self.insert(RAW_EXEC, pid: 0, into: &pipeline) }
    #expect(throws: RawEventRefusal.noSuchProcess) { try Self.insert(RAW_EXEC, pid: 4 << 20, into: &pipeline) }
    #expect(throws: RawEventRefusal.unsupported) { try Self.insert(RAW_FILE, pid: 7, into: &pipeline) }
    #expect(throws: RawEventRefusal.unsupported) { try Self.insert(RAW_NUM_TYPES, pid: 7, into: &pipeline) }
    #expect(throws: RawEventRefusal.unsupported) { try Self.insert(RAW_INVALID, pid: 7, into: &pipeline) }
    unsafe String(repeating: "x", count: 128 << 10).withCString { text in
      #expect(throws: RawEventRefusal.tooLarge) {
        try Self.insert(RAW_EXEC, pid: 7, into: &pipeline) { unsafe $0.env = UnsafeMutablePointer(mutating: text) }
      }
    }
    #expect(pipeline.length == 0)
    #expect(throws: Never.self) { try Self.insert(RAW_EXEC, pid: 7, into: &pipeline) }
    #expect(throws: RawEventRefusal.full) { try Self.insert(RAW_EXEC, pid: 8, into: &pipeline) }
    #expect(pipeline.length == 1)
  }
}
