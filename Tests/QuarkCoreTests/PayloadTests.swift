import CQuark
import CWire
import Testing

@testable import QuarkCore

/// Events of families with a payload, from the bytes of a record to the event.
@Suite struct PayloadTests {
  static let startNS: UInt64 = 5_000_000_000

  /// Process 5, which began at `startNS`, has been told of, by an event that is over.
  static func pipeline(
    stringLimit: Int = StringPool.defaultLimit, generation: ClientGeneration = .seven
  ) -> EventPipeline {
    var pipeline = EventPipeline(stringLimit: stringLimit, generation: generation)
    var fork = RecordBuilder(WIRE_FORK, pid: 5, timeNS: startNS)
    fork.task.start_boot_ns = startNS
    unsafe pipeline.insert(record: fork.bytes.span.bytes)
    _ = pipeline.drain()
    return pipeline
  }

  static func ptrace(pid: UInt32 = 5, startNS: UInt64 = startNS) -> RecordBuilder {
    var record = RecordBuilder(WIRE_PTRACE, pid: pid, timeNS: startNS + 1000)
    record.ptrace = wire_ptrace(start_boot_ns: startNS, request: 16, addr: 2, data: .max, child_pid: 7, reserved: 0)
    return record
  }

  func text(_ event: quark_event) -> (String, Bool) {
    var buffer = ByteBuffer()
    let isComplete = unsafe EventText.append(event, to: &buffer)
    return (String(decoding: buffer.bytes, as: UTF8.self), isComplete)
  }

  @Test func ptraceIsShown() throws {
    var pipeline = Self.pipeline()
    let held = pipeline.processes.strings.held
    unsafe pipeline.insert(record: Self.ptrace().bytes.span.bytes)
    let event = unsafe try #require(pipeline.next(nowNS: 1 << 60, wallOffsetNS: 0))
    #expect(unsafe event.pointee.events == UInt64(QUARK_EV_PTRACE))
    #expect(unsafe event.pointee.process?.pointee.pid == 5)
    let call = unsafe event.pointee.ptrace
    #expect(call.child_pid == 7 && call.request == 16 && call.addr == 2 && call.data == .max)
    #expect(
      unsafe text(event.pointee).0.hasPrefix(
        "->5 (PTRACE)\n  PTRA\tpid=7 request=0x10 addr=0x2 data=0xffffffffffffffff\n"))
    // The next event has nothing of this one, and its payload is released.
    var exit = RecordBuilder(WIRE_EXIT, pid: 5, timeNS: Self.startNS + 2000)
    exit.task.start_boot_ns = Self.startNS
    unsafe pipeline.insert(record: exit.bytes.span.bytes)
    let next = unsafe try #require(pipeline.next(nowNS: 1 << 60, wallOffsetNS: 0))
    #expect(unsafe next.pointee.events == UInt64(QUARK_EV_EXIT) && next.pointee.ptrace.child_pid == 0)
    let after = pipeline.processes.strings.held
    #expect(after == held)
  }

  @Test func sharedMemoryIsShown() throws {
    var pipeline = Self.pipeline()
    let held = pipeline.processes.strings.held
    var file = RecordBuilder(WIRE_MEMFD_CREATE, pid: 5, timeNS: Self.startNS + 1)
    file.shm.flags = 3
    // A name without a NUL is cut at the end of its array.
    unsafe withUnsafeMutableBytes(of: &file.shm.name) { unsafe $0.copyBytes(from: [UInt8](repeating: 110, count: 256)) }
    unsafe pipeline.insert(record: file.bytes.span.bytes)
    var segment = RecordBuilder(WIRE_SHMGET, pid: 5, timeNS: Self.startNS + 2)
    (segment.shm.key, segment.shm.size, segment.shm.flags) = (-1, 4096, 0o1600)
    unsafe pipeline.insert(record: segment.bytes.span.bytes)
    let first = unsafe try #require(pipeline.next(nowNS: 1 << 60, wallOffsetNS: 0))
    #expect(unsafe first.pointee.events == UInt64(QUARK_EV_SHM))
    let path = String(repeating: "n", count: 256)
    let shm = unsafe try #require(first.pointee.shm)
    #expect(unsafe shm.pointee.kind == QUARK_SHM_MEMFD_CREATE && shm.pointee.memfd_create_flags == 3)
    #expect(unsafe String(cString: shm.pointee.path) == path)
    #expect(unsafe text(first.pointee).0.hasPrefix("->5 (SHM)\n  SHM\tpath=\(path)\n  SHM\tflags=0x3\n"))
    let second = unsafe try #require(pipeline.next(nowNS: 1 << 60, wallOffsetNS: 0))
    let other = unsafe try #require(second.pointee.shm)
    #expect(unsafe other.pointee.kind == QUARK_SHM_SHMGET && other.pointee.path == nil)
    #expect(unsafe text(second.pointee).0.hasPrefix("->5 (SHM)\n  SHM\tkey=-1 size=4096 shmflg=0x380\n"))
    var exit = RecordBuilder(WIRE_EXIT, pid: 5, timeNS: Self.startNS + 3)
    exit.task.start_boot_ns = Self.startNS
    unsafe pipeline.insert(record: exit.bytes.span.bytes)
    let last = unsafe try #require(pipeline.next(nowNS: 1 << 60, wallOffsetNS: 0))
    #expect(unsafe last.pointee.shm == nil)
    let after = pipeline.processes.strings.held
    #expect(after == held)
  }

  /// A name without a NUL is cut, and missing values of a module are empty.
  @Test func modulesAreShown() throws {
    var pipeline = Self.pipeline()
    let held = pipeline.processes.strings.held
    var record = RecordBuilder(WIRE_MODULE_LOAD, pid: 5, timeNS: Self.startNS + 1)
    record.module.taints = 1 << 12 | 1
    unsafe withUnsafeMutableBytes(of: &record.module.name) {
      unsafe $0.copyBytes(from: [UInt8](repeating: 110, count: 64))
    }
    unsafe withUnsafeMutableBytes(of: &record.module.src_version) { unsafe $0.copyBytes(from: Array("AB".utf8)) }
    unsafe pipeline.insert(record: record.bytes.span.bytes)
    let event = unsafe try #require(pipeline.next(nowNS: 1 << 60, wallOffsetNS: 0))
    #expect(unsafe event.pointee.events == UInt64(QUARK_EV_MODULE_LOAD))
    let module = unsafe try #require(event.pointee.module_load)
    let name = String(repeating: "n", count: 63)
    #expect(unsafe String(cString: module.pointee.name) == name && module.pointee.taints == 0x1001)
    let line = "  MODU\tname=\(name) version= srcversion=AB taints=0x1001 (PO)\n"
    #expect(unsafe text(event.pointee).0.hasPrefix("->5 (MODULE_LOAD)\n" + line))
    unsafe pipeline.insert(record: Self.ptrace().bytes.span.bytes)
    let next = unsafe try #require(pipeline.next(nowNS: 1 << 60, wallOffsetNS: 0))
    #expect(unsafe next.pointee.module_load == nil)
    let after = pipeline.processes.strings.held
    #expect(after < held + 100, "the payload of one module takes more than that")
  }

  /// A program of the other generation has the pointers where its quark.h says, and what this library makes of the
  /// event is the same.
  @Test func theOtherGeneration() throws {
    var pipeline = Self.pipeline(generation: .nine)
    var record = RecordBuilder(WIRE_MODULE_LOAD, pid: 5, timeNS: Self.startNS + 1)
    unsafe withUnsafeMutableBytes(of: &record.module.name) { unsafe $0.copyBytes(from: Array("dummy".utf8)) }
    unsafe pipeline.insert(record: record.bytes.span.bytes)
    let event = unsafe try #require(pipeline.next(nowNS: 1 << 60, wallOffsetNS: 0))
    let tail = unsafe (UnsafeRawPointer(event) + Int(CQUARK_EVENT_TAIL_9))
      .assumingMemoryBound(to: cquark_event_tail.self)
    #expect(unsafe String(cString: tail.pointee.module_load.pointee.name) == "dummy" && tail.pointee.shm == nil)
    #expect(unsafe text(event.pointee).0.contains("\n  MODU\tname=dummy "))
    unsafe pipeline.insert(record: Self.ptrace().bytes.span.bytes)
    let next = unsafe try #require(pipeline.next(nowNS: 1 << 60, wallOffsetNS: 0))
    #expect(unsafe tail.pointee.module_load == nil && next.pointee.module_load == nil)
  }

  @Test func theyAreDrawn() {
    var pipeline = Self.pipeline()
    var module = RecordBuilder(WIRE_MODULE_LOAD, pid: 5, timeNS: Self.startNS + 1)
    unsafe withUnsafeMutableBytes(of: &module.module.name) { unsafe $0.copyBytes(from: Array("dum\"my".utf8)) }
    var file = RecordBuilder(WIRE_MEMFD_CREATE, pid: 5, timeNS: Self.startNS + 2)
    unsafe withUnsafeMutableBytes(of: &file.shm.name) { unsafe $0.copyBytes(from: Array("memfd:x".utf8)) }
    let segment = RecordBuilder(WIRE_SHMGET, pid: 5, timeNS: Self.startNS + 3)
    for record in [Self.ptrace(), module, file, segment] { unsafe pipeline.insert(record: record.bytes.span.bytes) }
    var buffer = ByteBuffer()
    pipeline.appendGraph(.byTime, to: &buffer)
    let text = String(decoding: buffer.bytes, as: UTF8.self)
    for label in ["PTRACE 7", "MODULE_LOAD dum\\\"my", "SHM memfd:x", "SHM"] {
      #expect(text.contains("\\n\(label)\\npid 5\", fillcolor=black, fontcolor=white];"), "\(label)")
    }
  }

  /// What started at another time is another process, and nothing is known of it.
  @Test func ofNobodyThatIsKnown() throws {
    for record in [Self.ptrace(startNS: Self.startNS + 60_000_000_000), Self.ptrace(pid: 6)] {
      var pipeline = Self.pipeline()
      unsafe pipeline.insert(record: record.bytes.span.bytes)
      let event = unsafe try #require(pipeline.next(nowNS: 1 << 60, wallOffsetNS: 0))
      #expect(unsafe event.pointee.process == nil && event.pointee.ptrace.child_pid == 7)
      let (text, isComplete) = unsafe text(event.pointee)
      #expect(text.hasPrefix("->0 (PTRACE)\n  PTRA\tpid=7 ") && !isComplete)
    }
  }

  @Test func withoutRoomItIsRefused() {
    var pipeline = Self.pipeline(stringLimit: 0)
    let before = pipeline.processes.refusals
    #expect(unsafe !pipeline.insert(record: Self.ptrace().bytes.span.bytes))
    let after = pipeline.processes.refusals
    #expect(after == before + 1)
    #expect(pipeline.statistics.malformed == 0)
  }

  /// A record with a valid body, and a field that its kind does not have.
  @Test func malformedLeavesNothing() {
    var pipeline = Self.pipeline()
    let held = pipeline.processes.strings.held
    var record = Self.ptrace()
    record.add(WIRE_FIELD_CWD, "x\0")
    #expect(unsafe !pipeline.insert(record: record.bytes.span.bytes))
    let after = pipeline.processes.strings.held
    #expect(after == held)
    #expect(pipeline.statistics.malformed == 1)
  }
}
