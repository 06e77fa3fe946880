import CQuark
import CWire
import Testing

@testable import QuarkCore

/// Features that only records of kprobes have: two records for an exec, paths as text, and data that was read late or
/// cut.
@Suite struct KprobeRecordTests {
  private func builder(_ kind: wire_kind, pid: UInt32 = 42, timeNS: UInt64) -> RecordBuilder {
    RecordBuilder(kind, pid: pid, timeNS: timeNS)
  }

  private func fork(of parent: UInt32 = 1, pid: UInt32 = 42, timeNS: UInt64, cwd: String, flags: wire_field_flag) -> [UInt8] {
    var record = builder(WIRE_FORK, pid: pid, timeNS: timeNS)
    record.task.ppid = parent
    record.task.uid = 1000
    record.task.uts_inonum = 1
    record.add(WIRE_FIELD_CWD, cwd, flags: flags)
    return record.bytes
  }

  private func insert(_ records: [UInt8]..., into pipeline: inout EventPipeline) {
    for record in records {
      let isTaken = unsafe pipeline.insert(record: record.span.bytes)
      #expect(isTaken)
    }
  }

  @Test func anExecOfTwoRecordsIsOneEvent() throws {
    var pipeline = EventPipeline()
    var name = builder(WIRE_BARE_EXEC, timeNS: 2)
    name.add(WIRE_FIELD_EXE, "./tool\0", flags: WIRE_FIELD_PATH)
    var image = builder(WIRE_EXEC_CONNECTOR, timeNS: 3)
    image.task.uid = 7
    image.add(WIRE_FIELD_CWD, "/srv", flags: WIRE_FIELD_PATH)
    image.add(WIRE_FIELD_ARGV, "tool\0-v\0")
    let start = fork(timeNS: 1, cwd: "/", flags: WIRE_FIELD_PATH)
    insert(start, name.bytes, image.bytes, into: &pipeline)
    #expect(pipeline.drain().map(\.events) == [QUARK_EV_FORK | QUARK_EV_EXEC])
    let process = unsafe try #require(pipeline.processes.lookup(pid: 42))
    #expect(unsafe text(process.pointee.exe) == "./tool")
    #expect(unsafe text(process.pointee.cwd) == "/srv")
    #expect(unsafe text(process.pointee.cmdline) == "tool")
    #expect(unsafe process.pointee.proc_uid == 7)
  }

  /// Data that an exec does not bring is removed, but data that its first record does not know stays.
  @Test func recordsWithoutATask() throws {
    var pipeline = EventPipeline(flags: QQ_MIN_AGG)
    var exec = builder(WIRE_EXEC, timeNS: 1)
    exec.task.uid = 1000
    exec.add(WIRE_FIELD_ARGV, "sh\0script\0")
    exec.add(WIRE_FIELD_ENV, "A=1\0")
    exec.add(WIRE_FIELD_SCRIPT, "script\0")
    var comm = builder(WIRE_BARE_COMM, timeNS: 2)
    comm.name.comm.0 = CChar(UInt8(ascii: "x"))
    insert(exec.bytes, comm.bytes, into: &pipeline)
    #expect(pipeline.drain().map(\.events) == [QUARK_EV_EXEC | QUARK_EV_SETPROCTITLE])
    let process = unsafe try #require(pipeline.processes.lookup(pid: 42))
    #expect(unsafe process.pointee.proc_uid == 1000)
    #expect(unsafe process.pointee.comm.0 == CChar(UInt8(ascii: "x")))
    insert(builder(WIRE_EXEC_CONNECTOR, timeNS: 3).bytes, into: &pipeline)
    #expect(pipeline.drain().map(\.events) == [QUARK_EV_EXEC])
    #expect(unsafe process.pointee.cmdline == nil && process.pointee.env == nil && process.pointee.script == nil)
  }

  @Test func whatWasReadLateSaysSo() throws {
    var pipeline = EventPipeline(flags: QQ_MIN_AGG)
    var image = builder(WIRE_EXEC_CONNECTOR, timeNS: 1)
    image.add(WIRE_FIELD_CWD, "/a/b", flags: wire_field_flag(WIRE_FIELD_PATH.rawValue | WIRE_FIELD_LATE.rawValue))
    image.add(WIRE_FIELD_ARGV, "a\0", flags: WIRE_FIELD_LATE, originalCount: 9)
    insert(image.bytes, into: &pipeline)
    _ = pipeline.drain()
    let process = unsafe try #require(pipeline.processes.lookup(pid: 42))
    let late = UInt64(QUARK_F_LATE_CWD | QUARK_F_LATE_CMDLINE)
    #expect(unsafe process.pointee.flags & late == late)
    #expect(unsafe process.pointee.cmdline_orig_len == 9)
    var next = builder(WIRE_EXEC_CONNECTOR, timeNS: 2)
    next.add(WIRE_FIELD_CWD, "/c", flags: WIRE_FIELD_PATH)
    next.add(WIRE_FIELD_ARGV, "b\0")
    insert(next.bytes, into: &pipeline)
    _ = pipeline.drain()
    #expect(unsafe process.pointee.flags & late == 0)
  }

  /// An action of a thread is an event of its own, and does not change its process.
  @Test func threadsAreTheirProcesses() throws {
    var pipeline = EventPipeline(flags: QQ_THREAD_EVENTS)
    var name = builder(WIRE_THREAD_COMM, timeNS: 3)
    name.name.comm.0 = 0x74
    var exit = builder(WIRE_EXIT, timeNS: 5)
    exit.task.exit_code = 7 << 8
    insert(
      fork(timeNS: 1, cwd: "/a", flags: WIRE_FIELD_PATH), builder(WIRE_THREAD_FORK, timeNS: 2).bytes,
      name.bytes, builder(WIRE_THREAD_EXIT, timeNS: 4).bytes, into: &pipeline)
    let kinds = [QUARK_EV_FORK, QUARK_EV_FORK, QUARK_EV_SETPROCTITLE, QUARK_EV_EXIT]
    #expect(pipeline.drain() == kinds.enumerated().map { EventSummary($1, pid: 42, at: UInt64($0 + 1)) })
    let process = unsafe try #require(pipeline.processes.lookup(pid: 42))
    #expect(unsafe process.pointee.flags & UInt64(QUARK_F_EXIT) == 0 && process.pointee.comm.0 == 0)
    insert(exit.bytes, into: &pipeline)
    #expect(pipeline.drain() == [EventSummary(QUARK_EV_EXIT, pid: 42, at: 5)])
    #expect(unsafe process.pointee.flags & UInt64(QUARK_F_EXIT) != 0 && process.pointee.exit_code == 7)
  }

  private let cut = wire_field_flag(WIRE_FIELD_PATH.rawValue | WIRE_FIELD_CUT.rawValue)

  /// The missing head of a path is known from before if the rest is the same.
  @Test(arguments: [
    ("./b/c", "/a/b/c", true), ("./x/c", "./x/c", false), ("./", "./", false), ("./c/a/b/c", "./c/a/b/c", false),
  ])
  func aCutPath(cwd: String, expected: String, isLate: Bool) throws {
    var pipeline = EventPipeline(flags: QQ_MIN_AGG)
    var exit = builder(WIRE_EXIT, timeNS: 2)
    exit.task.uts_inonum = 1
    exit.add(WIRE_FIELD_CWD, cwd, flags: cut)
    insert(fork(timeNS: 1, cwd: "/a/b/c", flags: WIRE_FIELD_PATH), exit.bytes, into: &pipeline)
    _ = pipeline.drain()
    let process = unsafe try #require(pipeline.processes.lookup(pid: 42))
    #expect(unsafe text(process.pointee.cwd) == expected)
    #expect(unsafe (process.pointee.flags & UInt64(QUARK_F_LATE_CWD) != 0) == isLate)
  }

  @Test func aCutPathOfAChildIsItsParents() throws {
    var pipeline = EventPipeline(flags: QQ_MIN_AGG)
    insert(
      fork(timeNS: 1, cwd: "/a/b/c", flags: WIRE_FIELD_PATH), fork(of: 42, pid: 43, timeNS: 2, cwd: "./c", flags: cut),
      fork(of: 42, pid: 44, timeNS: 3, cwd: "./d", flags: cut), into: &pipeline)
    _ = pipeline.drain()
    let (child, other) = unsafe (pipeline.processes.lookup(pid: 43)!, pipeline.processes.lookup(pid: 44)!)
    #expect(unsafe text(child.pointee.cwd) == "/a/b/c" && text(other.pointee.cwd) == "./d")
    #expect(unsafe child.pointee.flags & UInt64(QUARK_F_LATE_CWD) != 0)
  }
}
