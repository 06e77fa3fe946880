import CQuark
import Foundation
import Testing

@testable import QuarkCore

@Suite struct ProcessCacheTests {
  /// Takes all events of the raw events inserted so far.
  func run(_ pipeline: inout EventPipeline, nowNS: UInt64 = 1 << 40, wallOffsetNS: UInt64 = 0) {
    while unsafe pipeline.next(nowNS: nowNS, wallOffsetNS: wallOffsetNS) != nil {}
  }

  @Test func aChildInheritsAndAnExecOverrides() {
    var pipeline = EventPipeline()
    pipeline.add(
      RAW_EXEC, pid: 10, at: 1, exe: "/bin/sh", cwd: "/root", cgroup: "/g", arguments: "sh\0-x\0", environment: "A=1\0",
      comm: "sh")
    run(&pipeline, wallOffsetNS: 100)
    unsafe pipeline.processes.lookup(pid: 10)!.pointee.poison_tag = 7
    pipeline.add(RAW_WAKE_UP_NEW_TASK, pid: 11, at: 2, ppid: 10, comm: "child")
    run(&pipeline, wallOffsetNS: 100)
    let child = unsafe pipeline.processes.lookup(pid: 11)!
    #expect(unsafe text(child.pointee.exe) == "/bin/sh")
    #expect(unsafe child.pointee.cmdline_len == 6)
    #expect(unsafe text(child.pointee.cmdline) == "sh")
    #expect(unsafe child.pointee.poison_tag == 7)
    #expect(unsafe child.pointee.cwd == nil && child.pointee.cgroup == nil && child.pointee.env == nil)
    #expect(unsafe child.pointee.proc_time_boot == 102)
    pipeline.add(RAW_EXEC, pid: 11, at: 3, ppid: 10, exe: "/bin/ls", arguments: "ls\0")
    run(&pipeline, wallOffsetNS: 200)
    #expect(unsafe text(child.pointee.exe) == "/bin/ls")
    #expect(unsafe text(child.pointee.cmdline) == "ls")
    #expect(unsafe child.pointee.proc_time_boot == 102, "the start time stays as first learned")
    let parent = unsafe pipeline.processes.lookup(pid: 10)!
    #expect(unsafe text(parent.pointee.exe) == "/bin/sh", "the parent's own stays")
    #expect(unsafe text(parent.pointee.env) == "A=1")
    #expect(unsafe parent.pointee.env_len == 4)
  }

  @Test func anExitTellsWhatIsLeft() {
    var pipeline = EventPipeline(flags: QQ_MIN_AGG)
    pipeline.add(RAW_WAKE_UP_NEW_TASK, pid: 5, at: 1, cwd: "/home") {
      $0.uts_inonum = 9
      $0.net_inonum = 10
    }
    pipeline.add(RAW_EXIT_THREAD, pid: 5, at: 2, exitCode: 3 << 8, cwd: "/")
    run(&pipeline, wallOffsetNS: 1000)
    let process = unsafe pipeline.processes.lookup(pid: 5)!
    #expect(unsafe process.pointee.exit_code == 3 && process.pointee.exit_signal == 0)
    #expect(unsafe process.pointee.exit_time_event == 1002)
    #expect(unsafe process.pointee.flags == UInt64(QUARK_F_PROC | QUARK_F_EXIT))
    #expect(unsafe text(process.pointee.cwd) == "/home", "a task without namespaces has left its directory, too")
    #expect(unsafe process.pointee.proc_uts_inonum == 9 && process.pointee.proc_net_inonum == 10)
  }

  @Test func aClockThatIsSetTakesAllTimesAlong() {
    var pipeline = EventPipeline(flags: QQ_MIN_AGG)
    pipeline.add(RAW_WAKE_UP_NEW_TASK, pid: 5, at: 1)
    pipeline.add(RAW_EXIT_THREAD, pid: 5, at: 2)
    pipeline.add(RAW_WAKE_UP_NEW_TASK, pid: 4_194_303, at: 3)
    run(&pipeline, wallOffsetNS: 1000)
    // Forward, and back to before it was.
    pipeline.processes.shiftTimes(byNS: 500)
    pipeline.processes.shiftTimes(byNS: 0 &- 600)
    let (first, last) = unsafe (pipeline.processes.lookup(pid: 5)!, pipeline.processes.lookup(pid: 4_194_303)!)
    #expect(unsafe first.pointee.proc_time_boot == 901 && first.pointee.exit_time_event == 902)
    #expect(unsafe last.pointee.proc_time_boot == 903)
    #expect(unsafe last.pointee.exit_time_event == 0, "it has not exited")
  }

  @Test func anExitKnowsWhereItWorked() {
    var pipeline = EventPipeline(flags: QQ_MIN_AGG)
    pipeline.add(RAW_WAKE_UP_NEW_TASK, pid: 5, at: 1, cwd: "/home") { $0.uts_inonum = 9 }
    pipeline.add(RAW_EXIT_THREAD, pid: 5, at: 2, cwd: "/proc") { $0.uts_inonum = 9 }
    run(&pipeline)
    let process = unsafe pipeline.processes.lookup(pid: 5)!
    #expect(unsafe text(process.pointee.cwd) == "/proc", "a change of directory has no record of its own")
  }

  @Test func aSignalIsTold() {
    var pipeline = EventPipeline()
    pipeline.add(RAW_EXIT_THREAD, pid: 5, at: 2, exitCode: 0x80 | 11)
    run(&pipeline)
    let process = unsafe pipeline.processes.lookup(pid: 5)!
    #expect(unsafe process.pointee.exit_code == 0)
    #expect(unsafe process.pointee.exit_signal == 11)
  }

  @Test func anExitedProcessStaysForTheGraceTime() {
    var pipeline = EventPipeline(graceTimeMS: 100)
    pipeline.add(RAW_WAKE_UP_NEW_TASK, pid: 5, at: 1)
    pipeline.add(RAW_EXIT_THREAD, pid: 5, at: 2)
    run(&pipeline, nowNS: 5_000_000_000)
    pipeline.collect(nowNS: 5_099_000_000)
    #expect(unsafe pipeline.processes.lookup(pid: 5) != nil)
    pipeline.collect(nowNS: 5_100_000_000)
    #expect(unsafe pipeline.processes.lookup(pid: 5) == nil)
    let collected = pipeline.statistics.garbage_collections
    #expect(collected == 1)
  }

  /// 32 bits of milliseconds wrap around after 49 days; a grace time across this has the usual length.
  @Test func theGraceTimeSpansTheWrap() {
    var pipeline = EventPipeline(graceTimeMS: 100)
    let wrapNS: UInt64 = (1 << 32) * 1_000_000
    pipeline.add(RAW_EXIT_THREAD, pid: 5, at: 2)
    run(&pipeline, nowNS: wrapNS - 50_000_000)
    pipeline.collect(nowNS: wrapNS + 49_000_000)
    #expect(unsafe pipeline.processes.lookup(pid: 5) != nil)
    pipeline.collect(nowNS: wrapNS + 50_000_000)
    #expect(unsafe pipeline.processes.lookup(pid: 5) == nil)
  }

  /// A pid that is used again within the grace time belongs to another process, which does not have the old one's exit.
  @Test func aReusedPidStartsAfresh() {
    var pipeline = EventPipeline(graceTimeMS: 100)
    pipeline.add(RAW_EXEC, pid: 5, at: 1, exe: "/bin/old", environment: "A=1\0")
    pipeline.add(RAW_EXIT_THREAD, pid: 4, at: 2)
    pipeline.add(RAW_EXIT_THREAD, pid: 5, at: 2)
    pipeline.add(RAW_EXIT_THREAD, pid: 6, at: 2)
    run(&pipeline, nowNS: 2_000_000_000)
    pipeline.add(RAW_WAKE_UP_NEW_TASK, pid: 5, at: 3)
    run(&pipeline, nowNS: 2_000_000_000)
    let process = unsafe pipeline.processes.lookup(pid: 5)!
    #expect(unsafe process.pointee.exe == nil && process.pointee.env == nil)
    #expect(unsafe process.pointee.flags == UInt64(QUARK_F_PROC))
    #expect(unsafe process.pointee.proc_time_boot == 3)
    pipeline.collect(nowNS: 3_000_000_000)
    let (count, collected) = (pipeline.processes.count, pipeline.statistics.garbage_collections)
    #expect(count == 1 && collected == 2, "its neighbours in the line of the exited go, it stays")
    #expect(unsafe pipeline.processes.lookup(pid: 5) != nil)
  }

  /// A fork that comes after the exit of its process does not begin another process.
  @Test func aLateForkIsNoReuse() {
    var pipeline = EventPipeline()
    pipeline.add(RAW_EXEC, pid: 1, at: 1, exe: "/sbin/init")
    pipeline.add(RAW_EXEC, pid: 5, at: 11, exe: "/bin/true")
    pipeline.add(RAW_EXIT_THREAD, pid: 5, at: 12)
    run(&pipeline)
    pipeline.add(RAW_WAKE_UP_NEW_TASK, pid: 5, at: 10, ppid: 1)
    run(&pipeline)
    let process = unsafe pipeline.processes.lookup(pid: 5)!
    #expect(unsafe text(process.pointee.exe) == "/bin/true")
    #expect(unsafe process.pointee.flags == UInt64(QUARK_F_PROC | QUARK_F_EXIT))
    let late = pipeline.statistics.late
    #expect(late == 1)
  }

  @Test func eachTypeAppliesWhatItKnows() {
    var pipeline = EventPipeline()
    pipeline.add(RAW_EXEC_CONNECTOR, pid: 5, at: 1, cwd: "/w", arguments: "a\0b\0", comm: "conn") { $0.uid = 42 }
    run(&pipeline)
    let process = unsafe pipeline.processes.lookup(pid: 5)!
    #expect(unsafe text(process.pointee.cmdline) == "a")
    #expect(unsafe process.pointee.proc_uid == 42, "the snapshot is applied")
    #expect(unsafe text(process.pointee.cwd) == "/w")
    pipeline.add(RAW_ID_CHANGE, pid: 5, at: 2, idChange: 1) { $0.uid = 43 }
    run(&pipeline)
    #expect(unsafe process.pointee.proc_uid == 43)
    pipeline.add(RAW_GETPID, pid: 5, at: 3) { $0.uid = 44 }
    #expect(pipeline.nextSummary() == EventSummary(QUARK_EV_GETPID, pid: 5, at: 3))
    #expect(unsafe process.pointee.proc_uid == 44)
  }

  /// A COMM record has only a name: the rest of its task must be ignored.
  @Test func aNameChangesAlone() {
    var pipeline = EventPipeline()
    pipeline.add(RAW_EXEC, pid: 5, at: 1, comm: "before") { $0.uid = 42 }
    run(&pipeline)
    let event = unsafe pipeline.makeRawEvent(RAW_COMM, pid: 5, timeNS: 2)!
    unsafe event.pointee.task = raw_task()
    unsafe withUnsafeMutableBytes(of: &event.pointee.task.comm) { unsafe $0.copyBytes(from: "after-15-bytes-!".utf8) }
    unsafe pipeline.insert(event)
    #expect(pipeline.nextSummary()?.events == QUARK_EV_SETPROCTITLE)
    let process = unsafe pipeline.processes.lookup(pid: 5)!
    let comm = unsafe withUnsafeBytes(of: process.pointee.comm) { unsafe String(decoding: $0, as: UTF8.self) }
    #expect(comm == "after-15-bytes-\0")
    #expect(unsafe process.pointee.proc_uid == 42)
  }

  @Test func environmentIsCut() {
    var pipeline = EventPipeline()
    pipeline.add(RAW_EXEC, pid: 5, at: 1, environment: String(repeating: "x", count: 5000))
    run(&pipeline)
    let process = unsafe pipeline.processes.lookup(pid: 5)!
    #expect(unsafe process.pointee.env_len == 4096)
    #expect(unsafe process.pointee.env[4095] == 0)
  }

  @Test func manyAreFoundInTheOrderOfTheirPids() {
    var cache = ProcessCache()
    let pids = (1...3000).map { UInt32($0 * 1399 % 4_194_304) }
    for pid in pids { _ = unsafe cache.table.add(pid: pid) }
    for pid in pids where pid % 2 == 0 { unsafe cache.markExited(cache.lookup(pid: pid)!, nowMS: 0) }
    let even = pids.filter { $0 % 2 == 0 }.count
    #expect(cache.collect(nowNS: 0, graceTimeMS: 0) == even)
    for pid in pids { #expect((unsafe cache.lookup(pid: pid) != nil) == (pid % 2 == 1)) }
    var found: [UInt32] = []
    var next = unsafe cache.first(notBelow: 0)
    while let process = unsafe next {
      unsafe found.append(process.pointee.pid)
      unsafe next = cache.first(notBelow: process.pointee.pid + 1)
    }
    #expect(found == pids.filter { $0 % 2 == 1 }.sorted())
    #expect(unsafe cache.lookup(pid: .max) == nil && cache.first(notBelow: .max) == nil)
  }

  @Test func scraped() {
    var cache = ProcessCache(maxEnvironment: 3)
    var snapshot = unsafe quark_process()
    unsafe snapshot.pid = 9
    unsafe snapshot.flags = UInt64(QUARK_F_PROC | QUARK_F_EXIT)
    unsafe snapshot.proc_time_boot = 77
    let (cmdline, cwd, cgroup, environment) = (Array("a\0b".utf8), Array("/".utf8), [UInt8](), Array("A=12345\0".utf8))
    func insert(exe: String) {
      let exe = Array(exe.utf8)
      unsafe cache.insertScraped(
        snapshot, exe: exe.span.bytes, cmdline: cmdline.span.bytes, cwd: cwd.span.bytes, cgroup: cgroup.span.bytes,
        environment: environment.span.bytes)
    }
    insert(exe: "/bin/a")
    insert(exe: "/bin/b")
    let process = unsafe cache.lookup(pid: 9)!
    #expect(unsafe text(process.pointee.exe) == "/bin/a", "what is there already stays")
    #expect(unsafe process.pointee.cmdline_len == 3 && process.pointee.cmdline[2] == 0)
    #expect(unsafe process.pointee.cgroup == nil)
    #expect(unsafe process.pointee.env_len == 3 && process.pointee.env[2] == 0)
    #expect(unsafe process.pointee.flags == UInt64(QUARK_F_PROC))
    #expect(unsafe process.pointee.proc_entity_id.0 == 0, "it is the caller's to say")
    unsafe snapshot.pid = 1 << 30
    insert(exe: "/bin/c")
    #expect(cache.count == 1, "a pid that Linux cannot have")
  }

  @Test(arguments: [
    (1, 0, "AQAAAAAAAAAAAAAA"), (1, 1, "AQAAAAEAAAAAAAAA"), (1234, 1_700_000_000_000_000_000, "0gQAAAAAKjb+nJcX"),
    (4_194_303, 1_735_689_600_123_456_789, "//8/ABXNssd+aBYY"),
  ] as [(UInt32, UInt64, String)])
  func entityID(pid: UInt32, startTimeNS: UInt64, expected: String) {
    var id = [CChar](repeating: 1, count: 17)
    unsafe id.withUnsafeMutableBufferPointer {
      unsafe EntityID.write(pid: pid, startTimeNS: startTimeNS, to: $0.baseAddress!)
    }
    #expect(id.map { UInt8(bitPattern: $0) } == Array(expected.utf8) + [0])
  }

  /// The base64 of other tools for the same bytes.
  @Test func entityIDsAreBase64() {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<2000 {
      let (pid, timeNS) = (generator.next() as UInt32, generator.next() as UInt64)
      var bytes = Data()
      unsafe withUnsafeBytes(of: pid.littleEndian) { unsafe bytes.append(contentsOf: $0) }
      unsafe withUnsafeBytes(of: timeNS.littleEndian) { unsafe bytes.append(contentsOf: $0) }
      var id = [CChar](repeating: 1, count: 17)
      unsafe id.withUnsafeMutableBufferPointer {
        unsafe EntityID.write(pid: pid, startTimeNS: timeNS, to: $0.baseAddress!)
      }
      #expect(id.map { UInt8(bitPattern: $0) } == Array(bytes.base64EncodedString().utf8) + [0])
    }
  }

  /// A process has one id, from a record and from /proc, with any wall clock, in each generation; another boot has
  /// another id.
  @Test func oneIDForOneProcess() {
    func id(salt: UInt64, wallOffsetNS: UInt64, startNS: UInt64, generation: ClientGeneration = .seven) -> String {
      var pipeline = EventPipeline(generation: generation)
      pipeline.processes.entitySalt = salt
      pipeline.add(RAW_WAKE_UP_NEW_TASK, pid: 7, at: startNS) { $0.start_boottime = startNS }
      run(&pipeline, nowNS: 1 << 50, wallOffsetNS: wallOffsetNS)
      let process = unsafe pipeline.processes.lookup(pid: 7)!
      return unsafe withUnsafeBytes(of: process.pointee.proc_entity_id) {
        unsafe String(decoding: $0.prefix(16), as: UTF8.self)
      }
    }
    let one = id(salt: 99, wallOffsetNS: 1 << 60, startNS: 5_123_456_789)
    #expect(one == id(salt: 99, wallOffsetNS: 1 << 59, startNS: 5_123_456_789), "the clock was set")
    #expect(one == id(salt: 99, wallOffsetNS: 1 << 60, startNS: 5_120_000_000), "as /proc has it, to the tick")
    #expect(one != id(salt: 99, wallOffsetNS: 1 << 60, startNS: 5_130_000_000))
    #expect(one != id(salt: 98, wallOffsetNS: 1 << 60, startNS: 5_123_456_789), "another boot")
    let nine = ClientGeneration(api: 9)!
    #expect(one == id(salt: 99, wallOffsetNS: 0, startNS: 5_123_456_789, generation: nine))
    // The id for pid 7 and 5,120,000,000 ns.
    #expect(id(salt: 0, wallOffsetNS: 0, startNS: 5_123_456_789, generation: nine) == "BwAAAAAALTEBAAAA")
    #expect(ClientGeneration(api: 8) == nil)
  }
}
