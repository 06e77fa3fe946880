import CQuark
import Testing

@testable import QuarkCore

/// Raw events that a C program inserts.
@Suite struct RawEventCopyTests {
  /// Inserts a raw event at time 5.
  static func insert(
    _ type: raw_types, pid: UInt32, into pipeline: inout EventPipeline, exe: String? = nil, arguments: [String] = [],
    argumentsLength: UInt32? = nil, environment: String? = nil, ppid: UInt32 = 0
  ) throws(RawEventRefusal) {
    var event = unsafe raw_event()
    unsafe event.type = type.rawValue
    unsafe event.pid = pid
    unsafe event.time = 5
    unsafe event.flags = UInt32(RAW_F_TASK)
    unsafe event.task.ppid = ppid
    unsafe event.exe = exe.map { unsafe copy($0) }
    unsafe event.env = environment.map { unsafe copy($0) }
    if !arguments.isEmpty {
      let text = arguments.joined(separator: "\0")
      unsafe event.args = copy(text)
      unsafe event.args_len = argumentsLength ?? UInt32(text.utf8.count + 1)
      unsafe event.args_orig_len = 20
    }
    defer {
      unsafe event.exe?.deallocate()
      unsafe event.env?.deallocate()
      unsafe event.args?.deallocate()
    }
    try unsafe pipeline.insert(copyOf: &event)
  }

  /// A copy followed by a NUL.
  static func copy(_ text: String) -> UnsafeMutablePointer<CChar> {
    let bytes = Array(text.utf8) + [0]
    let copy = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
    for (index, byte) in bytes.enumerated() { unsafe (copy + index).initialize(to: CChar(bitPattern: byte)) }
    return unsafe copy
  }

  struct Known: Equatable {
    var events: CInt
    var pid: UInt32
    var ppid: UInt32
    var exe: String
    var arguments: [UInt8]
    var originalLength: Int
  }

  static func next(_ pipeline: inout EventPipeline) -> Known? {
    guard let event = unsafe pipeline.next(nowNS: 1 << 60, wallOffsetNS: 0),
      let process = unsafe event.pointee.process
    else { return nil }
    return unsafe Known(
      events: CInt(event.pointee.events), pid: process.pointee.pid, ppid: process.pointee.proc_ppid,
      exe: process.pointee.exe.map { unsafe String(cString: $0) } ?? "",
      arguments: [UInt8](UnsafeRawBufferPointer(start: process.pointee.cmdline, count: process.pointee.cmdline_len)),
      originalLength: process.pointee.cmdline_orig_len)
  }

  @Test func isDelivered() throws {
    var pipeline = EventPipeline()
    try Self.insert(RAW_EXEC, pid: 7, into: &pipeline, exe: "/bin/true", arguments: ["true", "is", "this"], ppid: 3)
    #expect(pipeline.length == 1)
    #expect(pipeline.statistics.insertions == 1)
    let known = Self.next(&pipeline)
    #expect(
      known
        == Known(
          events: QUARK_EV_EXEC, pid: 7, ppid: 3, exe: "/bin/true", arguments: Array("true\0is\0this\0".utf8),
          originalLength: 20))
  }

  @Test func oneStringNeedsNoLength() throws {
    var pipeline = EventPipeline()
    try Self.insert(RAW_EXEC, pid: 7, into: &pipeline, arguments: ["alone"], argumentsLength: 0)
    let known = Self.next(&pipeline)
    #expect(known?.arguments == Array("alone\0".utf8))
  }

  @Test func isInOrder() throws {
    var pipeline = EventPipeline()
    pipeline.add(RAW_EXIT_THREAD, pid: 7, at: 9)
    try Self.insert(RAW_WAKE_UP_NEW_TASK, pid: 7, into: &pipeline)
    let known = Self.next(&pipeline)
    #expect(known?.events == QUARK_EV_FORK | QUARK_EV_EXIT)
  }

  /// Why the raw event was refused; nil if it was inserted.
  static func refusal(_ type: raw_types, pid: UInt32, _ pipeline: inout EventPipeline, environment: String? = nil)
    -> RawEventRefusal?
  {
    do throws(RawEventRefusal) {
      try insert(type, pid: pid, into: &pipeline, environment: environment)
      return nil
    } catch {
      return error
    }
  }

  @Test func refusals() {
    var pipeline = EventPipeline(maxLength: 1)
    let large = String(repeating: "x", count: 128 << 10)
    let before = [
      Self.refusal(RAW_EXEC, pid: 0, &pipeline), Self.refusal(RAW_EXEC, pid: 4 << 20, &pipeline),
      Self.refusal(RAW_FILE, pid: 7, &pipeline), Self.refusal(RAW_NUM_TYPES, pid: 7, &pipeline),
      Self.refusal(RAW_INVALID, pid: 7, &pipeline), Self.refusal(RAW_EXEC, pid: 7, &pipeline, environment: large),
    ]
    #expect(before == [.noSuchProcess, .noSuchProcess, .unsupported, .unsupported, .unsupported, .tooLarge])
    #expect(pipeline.length == 0)
    let full = [Self.refusal(RAW_EXEC, pid: 7, &pipeline), Self.refusal(RAW_EXEC, pid: 8, &pipeline)]
    #expect(full == [nil, .full])
    #expect(pipeline.length == 1)
  }
}
