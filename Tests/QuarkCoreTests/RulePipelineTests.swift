import CQuark
import CWire
import Testing

@testable import QuarkCore

/// Rules inside the pipeline, between the cache and the client.
@Suite struct RulePipelineTests {
  func ruleset(_ text: String) throws -> Ruleset { try Ruleset.parsing(Array(text.utf8).span) }

  func tag(_ pid: UInt32, in pipeline: borrowing EventPipeline) -> UInt64? {
    unsafe pipeline.processes.lookup(pid: pid)?.pointee.poison_tag
  }

  /// Evals and hits of each rule.
  func counts(_ ruleset: borrowing Ruleset) -> [[UInt64]] {
    unsafe (0..<ruleset.storage.pointee.n_rules).map { index in
      let rule = unsafe ruleset.storage.pointee.rules[index]
      return unsafe [rule.evals, rule.hits]
    }
  }

  func scrape(_ pids: ClosedRange<UInt32>, into pipeline: inout EventPipeline, exe: String = "/bin/init") {
    let (exe, none) = (Array(exe.utf8), [UInt8]())
    for pid in pids.reversed() {
      var process = unsafe quark_process()
      unsafe (process.pid, process.flags, process.proc_ppid) = (pid, UInt64(QUARK_F_PROC), pid - 1)
      unsafe pipeline.processes.insertScraped(
        process, exe: exe.span.bytes, cmdline: none.span.bytes, cwd: none.span.bytes, cgroup: none.span.bytes,
        environment: none.span.bytes)
    }
  }

  @Test func goesOnPastWhatIsDropped() throws {
    let ruleset = try ruleset("pass on process.uid 7\ndrop on any")
    var pipeline = EventPipeline()
    unsafe pipeline.ruleset = ruleset.storage
    for pid: UInt32 in 1...50 { pipeline.add(RAW_EXEC, pid: pid, at: UInt64(pid)) { $0.uid = pid % 10 } }
    #expect(pipeline.drain().map(\.pid) == [7, 17, 27, 37, 47], "nil only when nothing is left")
    #expect(counts(ruleset) == [[50, 5], [45, 45]])
    let stats = pipeline.statistics
    #expect(stats.removals == 50)
    extendLifetime(ruleset)
  }

  @Test func whatIsDroppedIsKnown() throws {
    let ruleset = try ruleset("drop on any")
    var pipeline = EventPipeline()
    unsafe pipeline.ruleset = ruleset.storage
    pipeline.add(RAW_EXEC, pid: 5, at: 1, exe: "/bin/sh")
    #expect(pipeline.nextSummary() == nil)
    #expect(unsafe text(pipeline.processes.lookup(pid: 5)!.pointee.exe) == "/bin/sh")
    unsafe pipeline.ruleset = nil
    pipeline.add(RAW_EXEC, pid: 5, at: 2)
    #expect(pipeline.nextSummary() != nil, "without rules all events are handed out")
    extendLifetime(ruleset)
  }

  /// Rules are not applied to events that are too young.
  @Test func rulesWaitForRipeness() throws {
    let ruleset = try ruleset("drop on any")
    var pipeline = EventPipeline(holdTimeMS: 100)
    unsafe pipeline.ruleset = ruleset.storage
    pipeline.add(RAW_EXEC, pid: 1, at: 1_000_000_000)
    pipeline.add(RAW_EXEC, pid: 2, at: 2_000_000_000)
    #expect(pipeline.nextSummary(nowNS: 1_500_000_000) == nil)
    #expect(counts(ruleset) == [[1, 1]])
    let length = pipeline.length
    #expect(length == 1)
    extendLifetime(ruleset)
  }

  /// Rules see the process as it is after the whole event.
  @Test func aggregatesAreJudgedByTheirEnd() throws {
    let ruleset = try ruleset("drop on process.exe /bin/sh\npoison 3 on process.exe /bin/ls\npass on any")
    var pipeline = EventPipeline()
    unsafe pipeline.ruleset = ruleset.storage
    pipeline.add(RAW_EXEC, pid: 9, at: 1, exe: "/bin/sh")
    #expect(pipeline.nextSummary() == nil)
    pipeline.add(RAW_WAKE_UP_NEW_TASK, pid: 10, at: 2, ppid: 9)
    pipeline.add(RAW_EXEC, pid: 10, at: 3, ppid: 9, exe: "/bin/ls")
    pipeline.add(RAW_EXIT_THREAD, pid: 10, at: 4, ppid: 9)
    #expect(pipeline.nextSummary()?.events == QUARK_EV_FORK | QUARK_EV_EXEC | QUARK_EV_EXIT)
    #expect(counts(ruleset) == [[2, 1], [1, 1], [1, 1]], "one event, judged once")
    #expect(tag(10, in: pipeline) == 3)
    // As a separate event, the fork is one of a shell.
    pipeline = EventPipeline(flags: QQ_MIN_AGG)
    unsafe pipeline.ruleset = ruleset.storage
    pipeline.add(RAW_EXEC, pid: 9, at: 1, exe: "/bin/sh")
    pipeline.add(RAW_WAKE_UP_NEW_TASK, pid: 10, at: 2, ppid: 9)
    pipeline.add(RAW_EXEC, pid: 10, at: 3, ppid: 9, exe: "/bin/ls")
    #expect(pipeline.drain().map(\.events) == [QUARK_EV_EXEC])
    extendLifetime(ruleset)
  }

  /// What another process does is judged by what is known of that process, and nobody is marked who is not known.
  @Test(arguments: [ClientGeneration.seven, .nine]) func otherFamilies(generation: ClientGeneration) throws {
    let ruleset = try ruleset(
      """
      pass on module.name *
      drop on shm.path n*
      poison 3 on event.type SHM
      drop on ptrace.child_pid 7 process.pid 5
      """)
    var pipeline = PayloadTests.pipeline(generation: generation)
    unsafe pipeline.ruleset = ruleset.storage
    unsafe pipeline.insert(record: PayloadTests.ptrace().bytes.span.bytes)
    unsafe pipeline.insert(record: PayloadTests.ptrace(pid: 6).bytes.span.bytes)
    for (name, nanoseconds) in [("name", 2000), ("other", 3000)] as [(String, UInt64)] {
      var file = RecordBuilder(WIRE_MEMFD_CREATE, pid: 5, timeNS: PayloadTests.startNS + nanoseconds)
      file.shm.start_boot_ns = PayloadTests.startNS
      unsafe withUnsafeMutableBytes(of: &file.shm.name) { unsafe $0.copyBytes(from: Array(name.utf8)) }
      unsafe pipeline.insert(record: file.bytes.span.bytes)
    }
    let events = pipeline.drain()
    #expect(events.map(\.events) == [QUARK_EV_PTRACE, QUARK_EV_SHM])
    #expect(events.map(\.pid) == [0, 5], "the one of nobody, and the one of another name")
    #expect(counts(ruleset) == [[4, 0], [4, 1], [3, 1], [3, 1]])
    #expect(tag(5, in: pipeline) == 3)
    extendLifetime(ruleset)
  }

  // MARK: - Poison

  @Test func aForkCopiesTheMark() throws {
    let ruleset = try ruleset("poison 99 on process.ppid 1\npass on poison 99\ndrop on any")
    var pipeline = EventPipeline()
    unsafe pipeline.ruleset = ruleset.storage
    pipeline.add(RAW_WAKE_UP_NEW_TASK, pid: 10, at: 1, ppid: 1)
    pipeline.add(RAW_WAKE_UP_NEW_TASK, pid: 11, at: 2, ppid: 10)
    pipeline.add(RAW_WAKE_UP_NEW_TASK, pid: 12, at: 3, ppid: 11)
    pipeline.add(RAW_WAKE_UP_NEW_TASK, pid: 20, at: 4, ppid: 2)
    pipeline.add(RAW_WAKE_UP_NEW_TASK, pid: 21, at: 5, ppid: 20)
    pipeline.add(RAW_EXIT_THREAD, pid: 12, at: 6, ppid: 11)
    #expect(pipeline.drain().map(\.pid) == [10, 11, 12])
    #expect(tag(11, in: pipeline) == 99 && tag(12, in: pipeline) == 99)
    #expect(tag(20, in: pipeline) == 0 && tag(21, in: pipeline) == 0)
    extendLifetime(ruleset)
  }

  /// Neither an exec nor new ids remove the tag.
  @Test func theMarkStays() throws {
    let ruleset = try ruleset("poison 5 on process.exe /bin/evil")
    var pipeline = EventPipeline(flags: QQ_MIN_AGG)
    unsafe pipeline.ruleset = ruleset.storage
    pipeline.add(RAW_EXEC, pid: 10, at: 1, exe: "/bin/evil")
    pipeline.add(RAW_EXEC, pid: 10, at: 2, exe: "/bin/good")
    pipeline.add(RAW_ID_CHANGE, pid: 10, at: 3)
    pipeline.add(RAW_EXIT_THREAD, pid: 10, at: 4)
    #expect(pipeline.drain().count == 4)
    #expect(tag(10, in: pipeline) == 5)
    extendLifetime(ruleset)
  }

  /// Children that were forked before their parent got a tag do not get it, nor does a process that gets its pid later.
  @Test func theMarkDoesNotSpreadBackwards() throws {
    let ruleset = try ruleset("poison 5 on process.exe /bin/evil")
    var pipeline = EventPipeline(flags: QQ_MIN_AGG)
    unsafe pipeline.ruleset = ruleset.storage
    pipeline.add(RAW_EXEC, pid: 10, at: 1, exe: "/bin/sh")
    pipeline.add(RAW_WAKE_UP_NEW_TASK, pid: 11, at: 2, ppid: 10)
    pipeline.add(RAW_EXEC, pid: 10, at: 3, exe: "/bin/evil")
    pipeline.add(RAW_WAKE_UP_NEW_TASK, pid: 12, at: 4, ppid: 10)
    pipeline.add(RAW_EXIT_THREAD, pid: 12, at: 5, ppid: 10)
    #expect(pipeline.drain().count == 5)
    #expect(tag(11, in: pipeline) == 0)
    #expect(tag(12, in: pipeline) == 5)
    pipeline.add(RAW_WAKE_UP_NEW_TASK, pid: 12, at: 6, ppid: 1)
    #expect(pipeline.drain().count == 1)
    #expect(tag(12, in: pipeline) == 0)
    extendLifetime(ruleset)
  }

  @Test func marksAreReplacedAndTakenAway() throws {
    let ruleset = try ruleset("poison 1 on process.pid 10\npoison -1 on process.uid 8\npoison 0 on process.uid 9")
    var pipeline = EventPipeline(flags: QQ_MIN_AGG)
    unsafe pipeline.ruleset = ruleset.storage
    pipeline.add(RAW_EXEC, pid: 10, at: 1)
    #expect(pipeline.drain().count == 1)
    #expect(tag(10, in: pipeline) == 1)
    pipeline.add(RAW_ID_CHANGE, pid: 10, at: 2) { $0.uid = 8 }
    #expect(pipeline.drain().count == 1)
    #expect(tag(10, in: pipeline) == .max)
    pipeline.add(RAW_ID_CHANGE, pid: 10, at: 3) { $0.uid = 9 }
    #expect(pipeline.drain().count == 1)
    #expect(tag(10, in: pipeline) == 0)
    // No tag is also inherited.
    pipeline.add(RAW_WAKE_UP_NEW_TASK, pid: 11, at: 4, ppid: 10)
    #expect(pipeline.drain().count == 1)
    #expect(tag(11, in: pipeline) == 0)
    extendLifetime(ruleset)
  }

  // MARK: - Priming

  @Test func primingMarksWhoIsThere() throws {
    let ruleset = try ruleset("drop on process.pid 3\npoison 7 on process.exe /bin/init\npass on process.pid 5")
    var pipeline = EventPipeline()
    unsafe pipeline.ruleset = ruleset.storage
    scrape(1...6, into: &pipeline)
    pipeline.primeRules()
    #expect((1...6).map { tag($0, in: pipeline) } == [7, 7, 0, 7, 7, 7], "what drops ends it, as for an event")
    #expect(counts(ruleset) == [[0, 0], [5, 5], [0, 0]], "only what marks keeps its counts")
    #expect(pipeline.nextSummary() == nil, "no event comes of it")
    pipeline.add(RAW_WAKE_UP_NEW_TASK, pid: 10, at: 1, ppid: 2)
    #expect(pipeline.drain().count == 1)
    #expect(tag(10, in: pipeline) == 7)
    extendLifetime(ruleset)
  }

  /// Each process is looked at once, in ascending pid, and rules see only its own tag.
  @Test func primingIsInOrder() throws {
    let ruleset = try ruleset("poison 1 on process.pid 2\npoison 2 on poison 1\npoison 3 on process.ppid 2")
    var pipeline = EventPipeline()
    unsafe pipeline.ruleset = ruleset.storage
    scrape(1...4, into: &pipeline)
    pipeline.primeRules()
    #expect((1...4).map { tag($0, in: pipeline) } == [0, 2, 3, 0])
    #expect(counts(ruleset) == [[4, 1], [4, 1], [4, 1]])
    extendLifetime(ruleset)
  }

  @Test func primingWithoutRulesIsNothing() {
    var pipeline = EventPipeline()
    scrape(1...3, into: &pipeline)
    pipeline.primeRules()
    #expect((1...3).map { tag($0, in: pipeline) } == [0, 0, 0])
  }
}
