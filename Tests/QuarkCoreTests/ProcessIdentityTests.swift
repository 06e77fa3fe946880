import CQuark
import Testing

@testable import QuarkCore

/// A pid and a start time identify a process. The records that show that a pid is used again may be lost.
@Suite struct ProcessIdentityTests {
  /// A program of root with a tag, whose exit is lost.
  func victim(startNS: UInt64 = 100) -> EventPipeline {
    var pipeline = EventPipeline()
    pipeline.add(RAW_WAKE_UP_NEW_TASK, pid: 5, at: startNS)
    pipeline.add(
      RAW_EXEC, pid: 5, at: startNS + 1, exe: "/bin/victim", cwd: "/root", cgroup: "/g", arguments: "victim\0--secret\0",
      environment: "A=1\0"
    ) { $0.start_boottime = startNS }
    _ = pipeline.drain()
    unsafe pipeline.processes.lookup(pid: 5)!.pointee.poison_tag = 7
    return pipeline
  }

  func expectNothingOfTheVictim(_ process: UnsafeMutablePointer<quark_process>, startNS: UInt64) {
    #expect(unsafe process.pointee.exe == nil && process.pointee.cmdline == nil && process.pointee.env == nil)
    #expect(unsafe process.pointee.cwd == nil && process.pointee.cgroup == nil && process.pointee.poison_tag == 0)
    #expect(unsafe process.pointee.proc_time_boot == startNS)
  }

  @Test func aForkBehindALostExitIsAnotherProcess() {
    var pipeline = victim()
    let id = unsafe Self.entityID(pipeline.processes.lookup(pid: 5)!)
    pipeline.add(RAW_WAKE_UP_NEW_TASK, pid: 5, at: 3_600_000_000_000) { $0.uid = 1000 }
    #expect(pipeline.drain().count == 1)
    let process = unsafe pipeline.processes.lookup(pid: 5)!
    unsafe expectNothingOfTheVictim(process, startNS: 3_600_000_000_000)
    #expect(unsafe process.pointee.proc_uid == 1000 && Self.entityID(process) != id)
  }

  /// A fork without a start time means that the process begins now.
  @Test func aForkWithoutAStart() {
    var pipeline = victim()
    pipeline.add(RAW_WAKE_UP_NEW_TASK, pid: 5, at: 1000) { $0.start_boottime = 0 }
    #expect(pipeline.drain().count == 1)
    unsafe expectNothingOfTheVictim(pipeline.processes.lookup(pid: 5)!, startNS: 0)
  }

  @Test(arguments: [
    RAW_EXEC.rawValue, RAW_EXEC_CONNECTOR.rawValue, RAW_ID_CHANGE.rawValue, RAW_COMM.rawValue, RAW_GETPID.rawValue,
    RAW_EXIT_THREAD.rawValue,
  ])
  func anyRecordOfALaterProcessBeginsAfresh(type: UInt32) {
    var pipeline = victim()
    pipeline.add(raw_types(type), pid: 5, at: 1000) { $0.start_boottime = 900 }
    #expect(pipeline.drain().map(\.pid) == [5])
    unsafe expectNothingOfTheVictim(pipeline.processes.lookup(pid: 5)!, startNS: 900)
  }

  /// Raw events of both processes wait: an event must not be of two processes.
  @Test func theyAreNotJoined() {
    var pipeline = EventPipeline()
    pipeline.add(RAW_WAKE_UP_NEW_TASK, pid: 5, at: 100)
    pipeline.add(RAW_EXEC, pid: 5, at: 1000, exe: "/bin/other") { $0.start_boottime = 900 }
    #expect(
      pipeline.drain() == [EventSummary(QUARK_EV_FORK, pid: 5, at: 100), EventSummary(QUARK_EV_EXEC, pid: 5, at: 1000)])
    #expect(unsafe text(pipeline.processes.lookup(pid: 5)!.pointee.exe) == "/bin/other")
  }

  /// Memory is used again, and its old content must not be taken as a start time.
  @Test func aRecordWithoutATaskDoesNotSayTheStartOfAnother() {
    var pipeline = EventPipeline(maxLength: 2)
    pipeline.matrix.set(RAW_EXIT_THREAD, RAW_EXEC, .multiple)
    for time in [100, 101] as [UInt64] { pipeline.add(RAW_ID_CHANGE, pid: 5, at: time) { $0.start_boottime = 90 } }
    _ = pipeline.drain()
    pipeline.add(RAW_EXIT_THREAD, pid: 5, at: 200) { $0.start_boottime = 90 }
    unsafe pipeline.insert(pipeline.makeRawEvent(RAW_EXEC, pid: 5, timeNS: 300)!)
    #expect(
      pipeline.drain() == [EventSummary(QUARK_EV_EXIT, pid: 5, at: 200), EventSummary(QUARK_EV_EXEC, pid: 5, at: 300)])
  }

  /// Kprobes send an exec as two records, the first without a task: the second one tells to which process both belong,
  /// and also names in between. FOUND by the simulator: with a name in between, the exec was applied to the victim.
  @Test(arguments: [[], [RAW_COMM.rawValue], [RAW_COMM.rawValue, RAW_COMM.rawValue]])
  func aRecordWithoutATaskIsWhoseTheNextOneIs(between: [UInt32]) {
    var pipeline = victim()
    func add(_ type: raw_types, at timeNS: UInt64, startNS: UInt64?, exe: String?) {
      let event = unsafe pipeline.makeRawEvent(type, pid: 5, timeNS: timeNS)!
      unsafe event.pointee.task = raw_task()
      if let startNS {
        unsafe event.pointee.task.start_boottime = startNS
        unsafe event.pointee.flags = UInt32(RAW_F_TASK)
      }
      if let exe { _ = unsafe pipeline.set(.exe, of: event, to: Array(exe.utf8).span.bytes) }
      unsafe pipeline.insert(event)
    }
    add(RAW_EXEC, at: 1000, startNS: nil, exe: "/bin/other")
    for type in between { add(raw_types(type), at: 1001, startNS: nil, exe: nil) }
    add(RAW_EXEC_CONNECTOR, at: 1002, startNS: 900, exe: nil)
    let named = between.isEmpty ? 0 : QUARK_EV_SETPROCTITLE
    #expect(pipeline.drain() == [EventSummary(QUARK_EV_EXEC | named, pid: 5, at: 1000)])
    let process = unsafe pipeline.processes.lookup(pid: 5)!
    #expect(unsafe text(process.pointee.exe) == "/bin/other" && process.pointee.poison_tag == 0)
    #expect(unsafe process.pointee.cmdline == nil)
  }

  /// A late record is delivered with only its own data, and does not change the newer process.
  @Test func anEarlierProcessIsToldByItself() {
    var pipeline = EventPipeline()
    pipeline.add(RAW_WAKE_UP_NEW_TASK, pid: 5, at: 1000)
    pipeline.add(RAW_EXEC, pid: 5, at: 1001, exe: "/bin/new") { $0.start_boottime = 1000 }
    _ = pipeline.drain()
    for timeNS: UInt64 in [500, 501] {
      pipeline.add(RAW_EXIT_THREAD, pid: 5, at: timeNS, exitCode: 9, cwd: "/old") {
        ($0.start_boottime, $0.uts_inonum) = (100, 1)
      }
      let event = unsafe pipeline.next(nowNS: 1 << 60, wallOffsetNS: 0)!
      let told = unsafe event.pointee.process!
      #expect(unsafe event.pointee.events == UInt64(QUARK_EV_EXIT))
      #expect(unsafe told.pointee.proc_time_boot == 100 && told.pointee.exit_signal == 9 && told.pointee.exe == nil)
      #expect(unsafe String(cString: told.pointee.cwd) == "/old")
    }
    let process = unsafe pipeline.processes.lookup(pid: 5)!
    #expect(unsafe text(process.pointee.exe) == "/bin/new" && process.pointee.flags == UInt64(QUARK_F_PROC))
    pipeline.collect(nowNS: 2 << 60)
    let (count, collected) = (pipeline.processes.count, pipeline.statistics.garbage_collections)
    #expect(count == 1 && collected == 0)
  }

  /// /proc rounds down to a clock tick.
  @Test(arguments: [(30_000_001, true), (39_999_999, true), (40_000_001, false), (19_999_999, false)] as [(UInt64, Bool)])
  func whatWasFoundInProcIsKnownAgain(startNS: UInt64, isSame: Bool) {
    var pipeline = EventPipeline()
    var snapshot = unsafe quark_process()
    unsafe (snapshot.pid, snapshot.flags, snapshot.proc_time_boot) = (5, UInt64(QUARK_F_PROC), 30_000_000)
    let (exe, none) = (Array("/bin/found".utf8), [UInt8]())
    unsafe pipeline.processes.insertScraped(
      snapshot, startNS: 30_000_000, exe: exe.span.bytes, cmdline: none.span.bytes, cwd: none.span.bytes,
      cgroup: none.span.bytes, environment: none.span.bytes)
    pipeline.add(RAW_ID_CHANGE, pid: 5, at: 50_000_000) { $0.start_boottime = startNS }
    _ = pipeline.drain()
    let isEarlier = startNS < 30_000_000
    let process = unsafe pipeline.processes.lookup(pid: 5)!
    #expect(unsafe text(process.pointee.exe) == (isSame || isEarlier ? "/bin/found" : nil))
    // Once it is exact, a tick makes a difference.
    pipeline.add(RAW_ID_CHANGE, pid: 5, at: 50_000_001) { $0.start_boottime = startNS + 1 }
    _ = pipeline.drain()
    #expect(unsafe text(pipeline.processes.lookup(pid: 5)!.pointee.exe) == (isEarlier ? "/bin/found" : nil))
  }

  @Test func aStartThatIsNotPossibleIsNotBelieved() {
    var pipeline = victim()
    for startNS in [UInt64.max, 1 << 63, 2_000_001_000] {
      pipeline.add(RAW_ID_CHANGE, pid: 5, at: 1000) { $0.start_boottime = startNS }
    }
    _ = pipeline.drain()
    #expect(unsafe text(pipeline.processes.lookup(pid: 5)!.pointee.exe) == "/bin/victim")
  }

  /// A parent that ended before the child, or began after it, is another process.
  @Test func nothingIsInheritedOfAStranger() {
    var pipeline = EventPipeline()
    pipeline.add(RAW_EXEC, pid: 7, at: 10, exe: "/bin/gone") { $0.start_boottime = 9 }
    pipeline.add(RAW_EXIT_THREAD, pid: 7, at: 11) { $0.start_boottime = 9 }
    pipeline.add(RAW_WAKE_UP_NEW_TASK, pid: 8, at: 20_000_000, ppid: 7)
    pipeline.add(RAW_WAKE_UP_NEW_TASK, pid: 9, at: 11, ppid: 7)
    _ = pipeline.drain()
    #expect(unsafe pipeline.processes.lookup(pid: 8)!.pointee.exe == nil)
    #expect(unsafe text(pipeline.processes.lookup(pid: 9)!.pointee.exe) == "/bin/gone")
    pipeline.add(RAW_EXEC, pid: 6, at: 50_000_000, exe: "/bin/young") { $0.start_boottime = 40_000_000 }
    _ = pipeline.drain()
    pipeline.add(RAW_WAKE_UP_NEW_TASK, pid: 10, at: 50_000_001, ppid: 6) { $0.start_boottime = 1 }
    _ = pipeline.drain()
    #expect(unsafe pipeline.processes.lookup(pid: 10)!.pointee.exe == nil)
  }

  @Test func thereIsABound() {
    var cache = ProcessCache(limit: 100)
    for pid: UInt32 in 1...1000 {
      var event = unsafe raw_event()
      unsafe (event.pid, event.type, event.time) = (pid, RAW_EXEC.rawValue, 1)
      let process = unsafe cache.entry(for: &event, startNS: 1)
      if pid % 10 == 0 { unsafe cache.markExited(process, nowMS: 0) }
      #expect(cache.count <= 100)
    }
    #expect(cache.evictions == 900)
    for pid: UInt32 in 991...1000 { #expect((unsafe cache.lookup(pid: pid) != nil) == (pid <= 1000)) }
  }

  private static func entityID(_ process: UnsafeMutablePointer<quark_process>) -> String {
    unsafe withUnsafeBytes(of: process.pointee.proc_entity_id) { unsafe String(decoding: $0.prefix(16), as: UTF8.self) }
  }
}
