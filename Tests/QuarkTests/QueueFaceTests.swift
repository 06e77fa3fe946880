import Quark
import Testing

/// The interface of a queue for Swift programs, with a recording: nothing here uses the kernel's tracing.
@Suite struct QueueFaceTests {
  /// Passes all events to `body`, to the end of the recording.
  static func drain(_ queue: inout Queue, _ body: (EventView) throws -> Void) throws {
    while true {
      try queue.forEachEvent(body)
      do throws(Errno) { try queue.block() } catch {
        #expect(error == Errno(61), "not ENODATA")
        return
      }
    }
  }

  private static func knows(_ pid: UInt32, _ processes: borrowing ProcessTable) -> Bool {
    if let process = processes[pid] { return process.pid == pid }
    return false
  }

  @Test func viewsSayWhatQuarkMonPrints() throws {
    var queue = try Queue(Recording.single)
    var text = ""
    try Self.drain(&queue) { event in text += event.text }
    #expect(try text == Recording.text())
    #expect(queue.source == .recording)
    let statistics = queue.statistics
    #expect(statistics.insertions > 0 && statistics.insertions == statistics.removals)
    #expect(queue.ruleStatistics.isEmpty)
  }

  @Test func copiesOutliveTheQueue() throws {
    var events: [Event] = []
    do {
      var queue = try Queue(Recording.single)
      try Self.drain(&queue) { event in events.append(Event(copying: event)) }
    }
    #expect(try events.map(\.text).joined() == Recording.text())
  }

  /// Views and copies of what other families tell, the latter looked at when the queue is gone.
  @Test func otherFamilies() throws {
    var (text, events) = ("", [Event]())
    do {
      var queue = try Queue(Recording.families)
      try Self.drain(&queue) { event in
        text += event.text
        events.append(Event(copying: event))
      }
    }
    let expected = try Recording.familiesText()
    #expect(text == expected)
    #expect(events.map(\.text).joined() == expected)
    #expect(events.compactMap(\.ptrace).map(\.request) == [0, 16, 0x4206])
    #expect(events.compactMap(\.moduleLoad).map(\.name) == ["dummy", "dummy"])
    let shared = events.compactMap(\.sharedMemory)
    #expect(shared.prefix(2) == [
      .segment(key: 0, size: 4096, flags: 0o600), .segment(key: 0x1234, size: 8192, flags: 0o1640),
    ])
    let longest = "memfd:" + String(repeating: "n", count: 249)
    #expect(shared.dropFirst(2).prefix(3) == [
      .memoryFile(path: "memfd:short", flags: 1), .memoryFile(path: "memfd:", flags: 0),
      .memoryFile(path: longest, flags: 2),
    ])
    let older = try #require(events.last { $0.kinds == .sharedMemory })
    #expect(older.process == nil && older.sharedMemory == .memoryFile(path: "memfd:of somebody older", flags: 0))
    #expect(events.count { $0.kinds == .getpid } > 2)
  }

  /// Rules that ask of such an event, and of a process that is not known.
  @Test func rulesOfOtherFamilies() throws {
    func kinds(_ rules: String) throws -> [EventKinds] {
      var queue = try Queue(Recording.families, rules: try Recording.parsed(rules))
      var kinds: [EventKinds] = []
      try Self.drain(&queue) { event in kinds.append(event.kinds) }
      return kinds
    }
    #expect(try kinds("pass on ptrace.request 16\npass on module.name dumm*\ndrop on any\n") == [
      .ptrace, .moduleLoad, .moduleLoad,
    ])
    #expect(try kinds("drop on process.pid 104\npass on shm.path memfd:*\ndrop on any\n") == [.sharedMemory])
    #expect(try kinds("drop on process.uid 0\n") == [.sharedMemory], "the one of nobody")
  }

  @Test func membersOfAProcess() throws {
    var queue = try Queue(Recording.attributes)
    var seen = 0
    try Self.drain(&queue) { event in
      guard let process = event.process else { return }
      let copy = ProcessEntry(copying: process)
      let known = [0, .max, process.pid].filter { Self.knows($0, event.processes) }
      #expect(known == [process.pid])
      if event.kinds.isSuperset(of: [.fork, .exec, .exit]) {
        seen += 1
        #expect(event.timeNS > 1_600_000_000_000_000_000)
        let (executable, start) = (try #require(copy.executable), try #require(copy.startTimeNS))
        #expect(executable.hasPrefix("/"))
        #expect(copy.arguments.count >= 1 && !copy.command.isEmpty)
        #expect(start <= event.timeNS)
        #expect(try #require(copy.exit).timeNS >= start)
        #expect(try #require(copy.parentPID) > 0)
        #expect(try #require(copy.credentials).user == 0)
        #expect(try #require(copy.entityID).count == 16)
        #expect(try #require(copy.capabilities).permitted != 0)
        #expect(copy.entryLeader == nil, "nobody has asked for it")
        #expect(process.executable == executable && process.arguments == copy.arguments)
        let bytes = copy.withBytes(of: .executable) { bytes in bytes.indices.map { bytes[$0] } }
        #expect(bytes == Array(executable.utf8))
        let count = copy.withBytes(of: .arguments) { $0.count }
        #expect(count == copy.arguments.reduce(0) { $0 + $1.utf8.count + 1 })
      }
    }
    #expect(seen > 10)
    let copies = queue.processes.copies()
    #expect(!copies.isEmpty && copies.map(\.pid) == copies.map(\.pid).sorted())
  }

  @Test func rulesDropAndCount() throws {
    var plain = try Queue(Recording.attributes)
    var all = 0
    try Self.drain(&plain) { _ in all += 1 }
    var queue = try Queue(Recording.attributes, rules: try Recording.parsed("drop on process.exe /*\n"))
    var left = 0
    try Self.drain(&queue) { event in
      left += 1
      #expect(event.process?.executable?.hasPrefix("/") != true)
    }
    let statistics = queue.ruleStatistics
    #expect(statistics.count == 1 && statistics[0].evaluations == UInt64(all))
    #expect(statistics[0].hits == UInt64(all - left) && left < all)
  }

  @Test func rulesAreReplaced() throws {
    var queue = try Queue(Recording.attributes, rules: try Recording.parsed("drop on any\n"))
    #expect(queue.withNextEvent { $0.kinds } == nil)
    queue.setRules(nil)
    #expect(queue.ruleStatistics.isEmpty)
    var count = 0
    try Self.drain(&queue) { _ in count += 1 }
    queue.setRules(try Recording.parsed("pass on any\n"))
    #expect(queue.ruleStatistics.count == 1)
  }

  @Test func whatABodyThrowsIsThrown() throws {
    struct Enough: Error {}
    var queue = try Queue(Recording.attributes)
    try queue.block()
    #expect(throws: Enough.self) {
      try Self.drain(&queue) { _ in throw Enough() }
    }
  }

  @Test func attributesOutOfRangeAreNamed() {
    for (change, name) in [
      ({ $0.maxLength = 0 }, "max_length"), ({ $0.maxLength = 1 << 40 }, "maxLength 1099511627776"),
      ({ $0.cacheGraceTimeMS = -1 }, "cacheGraceTimeMS -1"), ({ $0.holdTimeMS = 9 }, "hold_time"),
      ({ $0.maxEnvironment = -1 }, "maxEnvironment -1"), ({ $0.ringSize = 4095 }, "ring_size"),
      ({ $0.backends = [] }, "no backend"), ({ $0.replay = "/nonexistent" }, "/nonexistent"),
    ] as [((inout Queue.Attributes) -> Void, String)] {
      var attributes = Queue.Attributes()
      change(&attributes)
      do {
        _ = try Queue(attributes)
        Issue.record("opened without \(name)")
      } catch {
        #expect(error.message.contains(name))
        #expect("\(error)" == error.message)
      }
    }
  }
}
