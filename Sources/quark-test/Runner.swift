import CLinux
import QuarkLinux

/// Runs tests, each in its own process, several side by side, and reports on the console and the result channel.
struct Runner: ~Copyable {
  private let options: Options
  private var channel: ResultChannel?
  private var counts = (passed: 0, failed: 0, skipped: 0)
  /// Positions in the plan of the tests that still have to run.
  private var waiting: [Int]
  private var running: [Running] = []
  private var queues: [QueueProcess] = []
  /// Tests that failed beside others. They are run again by themselves before their result is reported.
  private var unsettled: [Unsettled] = []
  /// Pids of processes that are gone and left probes for which a test was blamed already.
  private var knownOrphans: [pid_t] = []
  private let startMS = milliseconds()
  private var nextBeatMS = milliseconds() + 1000

  private struct Running {
    let index: Int
    let process: TestProcess
  }

  private struct Unsettled {
    let index: Int
    var result: TestResult
    var milliseconds: Int
  }

  init(_ options: Options, channel: consuming ResultChannel?) {
    self.options = options
    self.channel = channel
    waiting = Array(options.tests.indices)
    knownOrphans = ProbeDefinitions.orphans()
  }

  /// The number of failed tests, 99 at most.
  mutating func run() -> CInt {
    let idle = MachineTime()
    sendHello()
    if !options.isForking {
      for index in waiting { runHere(index) }
      waiting = []
    }
    while !waiting.isEmpty || !running.isEmpty || !queues.isEmpty {
      startMore()
      watch()
      closeQueues()
    }
    settle()
    printOut("\(counts.failed) failures\n")
    var end = JSONObject(type: "end")
    end.add("passed", counts.passed)
    end.add("failed", counts.failed)
    end.add("skipped", counts.skipped)
    end.add("ms", milliseconds() - startMS)
    end.add("idle_ms", idle.idleMilliseconds)
    channel?.send(end)
    return CInt(min(counts.failed, 99))
  }

  private mutating func sendHello() {
    var system = utsname()
    unsafe uname(&system)
    var hello = JSONObject(type: "hello")
    hello.add("version", 2)
    hello.add("program", "quark-test")
    hello.add("release", unsafe withUnsafeBytes(of: &system.release) { unsafe Self.text($0) })
    hello.add("machine", unsafe withUnsafeBytes(of: &system.machine) { unsafe Self.text($0) })
    hello.add("cpus", sysconf(CInt(_SC_NPROCESSORS_ONLN)))
    hello.add("jobs", options.jobs)
    hello.add("seed", options.seed)
    channel?.send(hello)
    var plan = JSONObject(type: "plan")
    plan.add("tests", options.tests.map { JSONObject.planned($0) })
    channel?.send(plan)
    if options.seed != 0 { printOut("in the order of --shuffle \(options.seed)\n") }
  }

  private static func text(_ bytes: UnsafeRawBufferPointer) -> String {
    unsafe String(cString: bytes.baseAddress!.assumingMemoryBound(to: CChar.self))
  }

  // MARK: - Side by side

  /// True if other tests run beside this one.
  private func isInCompany(_ test: Test) -> Bool {
    options.isForking && options.jobs > 1 && options.tests.count > 1 && test.alone == nil
  }

  private mutating func startMore() {
    while running.count < options.jobs, let place = waiting.indices.first(where: { mayStart(waiting[$0], place: $0) }) {
      start(waiting.remove(at: place))
    }
  }

  /// True if a waiting test may start beside those that run. The tests that keep others from opening queues are first,
  /// one at a time, and shared queues are read meanwhile.
  private func mayStart(_ index: Int, place: Int) -> Bool {
    let test = options.tests[index]
    if running.contains(where: { options.tests[$0.index].alone != nil }) { return false }
    if test.alone != nil { return place == 0 && running.isEmpty }
    guard test.queue.isOwn else { return true }
    let opening = running.filter { options.tests[$0.index].queue.isOwn }
    if test.isKeepingOthers { return opening.isEmpty }
    func isKeepingOthers(_ index: Int) -> Bool { options.tests[index].isKeepingOthers }
    return opening.count < Self.mostOpening && !opening.contains { isKeepingOthers($0.index) }
      && !waiting.contains { isKeepingOthers($0) }
  }

  /// How many tests may open queues at a time: this is work for the processor, and more of them would only wait.
  private static var mostOpening: Int { 6 }

  private mutating func start(_ index: Int) {
    let test = options.tests[index]
    announce(index)
    // The test has one end of a socket pair, and the other end is sent to the queue.
    var ends: [CInt] = [-1, -1]
    let isSharing = test.queue.isShared && isInCompany(test)
    if isSharing {
      guard let queue = queue(for: test), unsafe clinux_socket_pair(&ends) == 0 else {
        return report(index, TestResult(verdict: .fail, reason: "no shared queue: \(Errno.current.description)"), 0)
      }
      // If the queue has ended, the test notices it, because its socket has no other end.
      _ = clinux_send_descriptor(queue.control, ends[1])
      close(ends[1])
    }
    let process = process(of: test, line: ends[0])
    if ends[0] >= 0 { close(ends[0]) }
    guard let process = process else { return report(index, Self.noProcess, 0) }
    running.append(Running(index: index, process: process))
  }

  /// Nil, with errno, on an error.
  private func process(of test: Test, line: CInt) -> TestProcess? {
    let verbosity = options.verbosity
    return TestProcess(isTracing: options.isTracing) {
      // A process that is left behind becomes a child of the test's process, and is found there.
      _ = clinux_become_subreaper()
      return TestProcess.perform(test, verbosity: verbosity, line: line)
    }
  }

  private static var noProcess: TestResult {
    TestResult(verdict: .fail, reason: "cannot start a process for the test: \(Errno.current.description)")
  }

  private mutating func announce(_ index: Int) {
    var start = JSONObject(type: "start")
    start.add("index", index)
    start.add("name", options.tests[index].name)
    start.add("backend", options.tests[index].backend?.name ?? "")
    channel?.send(start)
  }

  /// Waits until something happens, or for a while, and handles the processes that are done.
  private mutating func watch() {
    var watched: [pollfd] = []
    for test in running { watched += test.process.watched }
    for queue in queues { watched += queue.process.watched }
    _ = unsafe poll(&watched, nfds_t(watched.count), 100)
    for test in running {
      guard let result = end(of: test.process, limitMS: options.tests[test.index].timeLimitMS) else { continue }
      finish(test, result, milliseconds() - test.process.startMS)
    }
    running.removeAll { $0.process.isOver }
    beat()
  }

  /// Nil if the test still runs. A test that takes too long is killed. A test that leaves new probes behind does not
  /// pass.
  private mutating func end(of process: TestProcess, limitMS: Int) -> TestResult? {
    process.look()
    guard process.isOver else {
      if milliseconds() - process.startMS <= limitMS { return nil }
      process.kill()
      return TestResult(verdict: .timeout, reason: "no result in \(limitMS / 1000) s", output: process.result.output)
    }
    var result = process.result
    let orphans = ProbeDefinitions.orphans().filter { !knownOrphans.contains($0) }
    knownOrphans += orphans
    if result.verdict == .pass, let pid = orphans.first {
      result.verdict = .fail
      result.reason = "a probe of process \(pid), which is gone, is left behind"
    }
    return result
  }

  private mutating func beat() {
    let nowMS = milliseconds()
    guard nowMS >= nextBeatMS else { return }
    nextBeatMS = nowMS + 1000
    var beat = JSONObject(type: "heartbeat")
    beat.add("running", running.filter { !$0.process.isOver }.map { $0.index } + unsettled.map { $0.index })
    beat.add("ms", nowMS - startMS)
    channel?.send(beat)
  }

  private mutating func finish(_ test: Running, _ result: TestResult, _ milliseconds: Int) {
    if result.verdict == .pass || result.verdict == .skip || !isInCompany(options.tests[test.index]) {
      report(test.index, result, milliseconds)
    } else {
      unsettled.append(Unsettled(index: test.index, result: result, milliseconds: milliseconds))
    }
  }

  // MARK: - Shared queues

  /// The process of the queue that a test shares; it is started if there is none.
  private mutating func queue(for test: Test) -> QueueProcess? {
    let name = QueueProcess.name(of: test)
    if let queue = queues.first(where: { equal($0.name, name) && !$0.process.isOver && $0.control >= 0 }) { return queue }
    guard let queue = QueueProcess(test) else { return nil }
    queues.append(queue)
    return queue
  }

  /// Ends queues that no test needs any more, and handles those that have ended.
  private mutating func closeQueues() {
    for queue in queues {
      let isNeeded = (waiting + running.map { $0.index }).contains { index in
        let test = options.tests[index]
        return test.queue.isShared && isInCompany(test) && equal(QueueProcess.name(of: test), queue.name)
      }
      if !isNeeded { queue.close() }
      queue.process.look()
      if queue.process.isOver { takeLeave(of: queue) }
    }
    queues.removeAll { $0.process.isOver }
  }

  private mutating func takeLeave(of queue: QueueProcess) {
    let result = queue.process.result
    var frame = JSONObject(type: "queue")
    frame.add("name", queue.name)
    frame.add("open_ms", result.openMS)
    frame.add("close_ms", result.closeMS)
    channel?.send(frame)
    if result.verdict == .pass { return }
    printOut("shared queue \(queue.name): \(result.outputText)")
    // Its readers cannot have another result.
    for index in unsettled.indices where Self.isOrphan(unsettled[index].result) {
      unsettled[index].result.reason += ": \(queue.name): \(result.reason)"
    }
  }

  private static func isOrphan(_ result: TestResult) -> Bool {
    place(of: Array(TestQueue.isGone.utf8), in: Array(result.reason.utf8)[...]) != nil
  }

  // MARK: - By themselves

  /// Runs tests that failed beside others by themselves, and reports the result. A failure stays a failure, but its
  /// kind is then known. Only a test that lost its queue is not blamed if it passes by itself.
  private mutating func settle() {
    let limitMS = milliseconds() + 2 * Options.timeLimitMS
    var again: [TestResult?] = []
    for test in unsettled { again.append(milliseconds() < limitMS ? runAgain(test.index) : nil) }
    let isSomebodyGuilty = unsettled.indices.contains {
      Self.isOrphan(unsettled[$0].result) && again[$0].map { $0.verdict != .pass } ?? false
    }
    for (place, test) in unsettled.enumerated() {
      guard let second = again[place] else {
        var result = test.result
        result.reason += "; there was no time to run it by itself"
        report(test.index, result, test.milliseconds)
        continue
      }
      if Self.isOrphan(test.result), isSomebodyGuilty {
        report(test.index, second, test.milliseconds)
        continue
      }
      var result = test.result
      result.reason += second.verdict == .pass ? "; by itself it passes" : "; by itself it fails, too: \(second.reason)"
      report(test.index, result, test.milliseconds)
    }
    unsettled = []
  }

  private mutating func runAgain(_ index: Int) -> TestResult {
    let test = options.tests[index]
    guard let process = process(of: test, line: -1) else { return Self.noProcess }
    while true {
      var watched = process.watched
      _ = unsafe poll(&watched, nfds_t(watched.count), 100)
      if let result = end(of: process, limitMS: test.timeLimitMS) { return result }
      beat()
    }
  }

  private mutating func runHere(_ index: Int) {
    announce(index)
    let start = milliseconds()
    let ending = TestProcess.perform(options.tests[index], verbosity: options.verbosity)
    report(index, TestResult(exitStatus: ending.status, reason: ending.reason, output: []), milliseconds() - start)
  }

  // MARK: -

  private mutating func report(_ index: Int, _ result: TestResult, _ milliseconds: Int) {
    switch result.verdict {
    case .pass: counts.passed += 1
    case .skip: counts.skipped += 1
    case .fail, .crash, .timeout: counts.failed += 1
    }
    let label = options.tests[index].label
    let dots = String(repeating: ".", count: max(1, 31 - label.utf8.count))
    printOut("\(label)\(dots)\(Style.colored(result.words, result.verdict))\n")
    if options.verbosity > 0 || result.verdict != .pass { printOut(result.outputText) }
    var frame = JSONObject(type: "result")
    frame.add("index", index)
    frame.add("verdict", result.verdict.name)
    frame.add("ms", milliseconds)
    frame.add("reason", result.reason)
    frame.add("output", result.outputText)
    frame.add("open_ms", result.openMS)
    frame.add("close_ms", result.closeMS)
    channel?.send(frame)
  }
}

/// The process of a shared queue, from the view of its users.
private final class QueueProcess {
  let name: String
  let process: TestProcess
  /// The socket to which one end of each reader's socket pair is sent; -1 once it was told to end.
  private(set) var control: CInt

  /// The name, such as `ebpf-joined`.
  static func name(of test: Test) -> String { (test.backend?.name ?? "") + (test.queue.isSeparate ? "-separate" : "-joined") }

  /// Nil, with errno, on an error.
  init?(_ test: Test) {
    var ends: [CInt] = [-1, -1]
    guard unsafe clinux_socket_pair(&ends) == 0 else { return nil }
    let backend = test.backend ?? .ebpf
    let isSeparate = test.queue.isSeparate
    let process = TestProcess {
      CLinux.close(ends[0])
      do throws(TestEnd) {
        if backend == .kprobeTable { try TestProcess.hideTypes() }
      } catch {
        return TestProcess.Ending(status: 1, reason: "the kernel's types cannot be hidden")
      }
      return SharedQueue.serve(
        TestContext.sharedAttributes(backend, isSeparate: isSeparate), control: FileDescriptor(owning: ends[1]),
        isSeparate: isSeparate)
    }
    CLinux.close(ends[1])
    guard let process = process else {
      CLinux.close(ends[0])
      return nil
    }
    name = Self.name(of: test)
    self.process = process
    control = ends[0]
  }

  /// The process ends when it has no readers left.
  func close() {
    guard control >= 0 else { return }
    // It is not enough to close it, because children that were forked meanwhile have it, too.
    _ = shutdown(control, CInt(SHUT_RDWR))
    CLinux.close(control)
    control = -1
  }
}

/// How long the machine's processors were idle: proc_stat(5).
private struct MachineTime {
  private let idleTicks = Self.readIdleTicks()

  private static func readIdleTicks() -> Int {
    guard let text = value(of: "cpu ", in: "/proc/stat") else { return 0 }
    let numbers = text.utf8.split(separator: UInt8(ascii: " ")).map { Int(String(decoding: $0, as: UTF8.self)) ?? 0 }
    // user, nice, system, idle, iowait
    return numbers.count > 4 ? numbers[3] + numbers[4] : 0
  }

  /// Idle milliseconds since the start, per processor.
  var idleMilliseconds: Int {
    // The iowait time may decrease: proc_stat(5).
    let ticks = max(0, Self.readIdleTicks() - idleTicks)
    return ticks * 1000 / max(1, sysconf(CInt(_SC_CLK_TCK))) / max(1, sysconf(CInt(_SC_NPROCESSORS_ONLN)))
  }
}

/// Colours, if the terminal has them.
enum Style {
  static func colored(_ words: String, _ verdict: TestResult.Verdict) -> String {
    guard isFancy, verdict != .skip else { return words }
    return "\u{1b}[\(verdict == .pass ? 32 : 31)m\(words)\u{1b}[0m"
  }

  private static var isFancy: Bool {
    guard let terminal = environment("TERM"), !equal(terminal, "dumb") else { return false }
    return isatty(STDOUT_FILENO) == 1
  }
}
