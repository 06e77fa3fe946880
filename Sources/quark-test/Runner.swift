import CLinux
import QuarkLinux

/// Runs tests one after the other, each in a process of its own, and reports on the console and the result channel.
struct Runner: ~Copyable {
  private let options: Options
  private var channel: ResultChannel?
  private var counts = (passed: 0, failed: 0, skipped: 0)

  init(_ options: Options, channel: consuming ResultChannel?) {
    self.options = options
    self.channel = channel
  }

  /// The number of failed tests, 99 at most.
  mutating func run() -> CInt {
    sendHello()
    for (index, test) in options.tests.enumerated() {
      var start = JSONObject(type: "start")
      start.add("index", index)
      start.add("name", test.name)
      start.add("backend", test.backend?.name ?? "")
      channel?.send(start)
      let startMS = milliseconds()
      let result = options.isForking ? runForked(test, index: index) : runHere(test)
      report(test, index: index, result, milliseconds: milliseconds() - startMS)
    }
    printOut("\(counts.failed) failures\n")
    var end = JSONObject(type: "end")
    end.add("passed", counts.passed)
    end.add("failed", counts.failed)
    end.add("skipped", counts.skipped)
    channel?.send(end)
    return CInt(min(counts.failed, 99))
  }

  private mutating func sendHello() {
    var system = utsname()
    unsafe uname(&system)
    var hello = JSONObject(type: "hello")
    hello.add("version", 1)
    hello.add("program", "quark-test")
    hello.add("release", unsafe withUnsafeBytes(of: &system.release) { unsafe Self.text($0) })
    hello.add("machine", unsafe withUnsafeBytes(of: &system.machine) { unsafe Self.text($0) })
    hello.add("cpus", sysconf(CInt(_SC_NPROCESSORS_ONLN)))
    channel?.send(hello)
    var plan = JSONObject(type: "plan")
    plan.add("tests", options.tests.map { JSONObject.planned($0) })
    channel?.send(plan)
  }

  private static func text(_ bytes: UnsafeRawBufferPointer) -> String {
    unsafe String(cString: bytes.baseAddress!.assumingMemoryBound(to: CChar.self))
  }

  private mutating func report(_ test: Test, index: Int, _ result: TestResult, milliseconds: Int) {
    switch result.verdict {
    case .pass: counts.passed += 1
    case .skip: counts.skipped += 1
    case .fail, .crash, .timeout: counts.failed += 1
    }
    let label = test.label
    let dots = String(repeating: ".", count: max(1, 31 - label.utf8.count))
    printOut("\(label)\(dots)\(Style.colored(result.words, result.verdict))\n")
    if options.verbosity > 0 || result.verdict != .pass { printOut(result.outputText) }
    var frame = JSONObject(type: "result")
    frame.add("index", index)
    frame.add("verdict", result.verdict.name)
    frame.add("ms", milliseconds)
    frame.add("reason", result.reason)
    frame.add("output", result.outputText)
    channel?.send(frame)
  }

  private func runHere(_ test: Test) -> TestResult {
    let (status, reason) = TestProcess.perform(test, verbosity: options.verbosity)
    return TestResult(exitStatus: status, reason: reason, output: [])
  }

  private mutating func runForked(_ test: Test, index: Int) -> TestResult {
    guard var process = TestProcess(test, options) else {
      return TestResult(verdict: .fail, reason: "cannot start a process for the test: \(Errno.current.description)")
    }
    let startMS = milliseconds()
    var nextBeatMS = startMS + 1000
    while !process.isOver {
      process.poll(milliseconds: 100)
      let nowMS = milliseconds()
      if nowMS - startMS > options.timeLimitMS {
        process.kill()
        return TestResult(
          verdict: .timeout, reason: "no result in \(options.timeLimitMS / 1000) s", output: process.output)
      }
      if nowMS >= nextBeatMS {
        var beat = JSONObject(type: "heartbeat")
        beat.add("index", index)
        beat.add("ms", nowMS - startMS)
        channel?.send(beat)
        nextBeatMS += 1000
      }
    }
    return process.result
  }

  private func milliseconds() -> Int { Int(((try? Clock.bootNS()) ?? 0) / 1_000_000) }
}

/// Colours, on a terminal that has them.
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
