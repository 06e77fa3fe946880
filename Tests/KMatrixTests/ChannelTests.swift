import Testing

@testable import kmatrix

/// Protocol version 2: several tests run at a time, and each frame is checked as strictly as before.
@Suite struct ChannelTests {
  private static let hello = Frames.hello()
  private static let plan = Frames.plan("t_a@ebpf", "t_b@ebpf", "t_c@")
  private static let begun = [hello, plan, Frames.start(0, "t_a@ebpf"), Frames.start(1, "t_b@ebpf")]

  private func faults(_ frames: [String]) -> [String] {
    ChannelParser(nonce: Recorded.nonce, whole: Frames.channel(frames)).faults.map(\.reason)
  }

  @Test func testsMayRunSideBySide() {
    let frames = Self.begun + [
      Frames.heartbeat(0, 1), Frames.heartbeat(1, 0), Frames.start(2, "t_c@"), Frames.result(1), Frames.heartbeat(0, 2),
      Frames.queue("ebpf"), Frames.result(2), Frames.result(0), Frames.heartbeat(), Frames.queue("kprobe"),
      Frames.end(passed: 3),
    ]
    let channel = ChannelParser(nonce: Recorded.nonce, whole: Frames.channel(frames))
    #expect(channel.faults == [])
    #expect(channel.transcript.inFlight == [])
    #expect(channel.transcript.queues.map(\.name) == ["ebpf", "kprobe"])
    #expect(channel.transcript.end?.idleMS == 250)
  }

  static let wrong: [(frame: String, reason: String)] = [
    (Frames.start(0, "t_a@ebpf"), "t_a@ebpf started twice"),
    (Frames.start(2, "t_d@"), "a start of t_d, which the plan does not have at 2"),
    (Frames.result(2), "a result of t_c, which was not running"),
    (Frames.result(7), "a result of test 7, which the plan does not have"),
    (Frames.heartbeat(0), "a heartbeat of t_a@ebpf, but t_a@ebpf t_b@ebpf must be running"),
    (Frames.heartbeat(0, 1, 2), "a heartbeat of t_a@ebpf t_b@ebpf t_c, but t_a@ebpf t_b@ebpf must be running"),
    (Frames.heartbeat(0, 0), "a heartbeat of t_a@ebpf t_a@ebpf, but t_a@ebpf t_b@ebpf must be running"),
    (Frames.heartbeat(0, 9), "a heartbeat of t_a@ebpf test 9, but t_a@ebpf t_b@ebpf must be running"),
    (Frames.heartbeat(), "a heartbeat of no test, but t_a@ebpf t_b@ebpf must be running"),
    (Frames.end(passed: 1), "an end while t_a@ebpf t_b@ebpf had no result"),
    (hello, "a second hello"), (plan, "a second plan"),
    (#"{"type":"heartbeat","index":0,"ms":1000}"#, "frame 4 holds no JSON object of a known kind"),
    (#"{"type":"queue","name":"ebpf","open_ms":-1,"close_ms":0}"#, "frame 4 holds no JSON object of a known kind"),
    (
      #"{"type":"queue","name":"ebpf","open_ms":9223372036854775807,"close_ms":0}"#,
      "frame 4 holds no JSON object of a known kind"
    ),
    (#"{"type":"queue","name":"ebpf","open_ms":1}"#, "frame 4 holds no JSON object of a known kind"),
    (#"{"type":"end","passed":1,"failed":0,"skipped":0}"#, "frame 4 holds no JSON object of a known kind"),
    (
      #"{"type":"result","index":0,"verdict":"pass","ms":1,"reason":"","output":""}"#,
      "frame 4 holds no JSON object of a known kind"
    ),
  ]

  @Test(arguments: wrong) func aWrongFrameIsAFault(_ wrong: (frame: String, reason: String)) {
    #expect(faults(Self.begun + [wrong.frame]) == [wrong.reason])
  }

  @Test func nothingComesBeforeThePlanOrAfterTheEnd() {
    #expect(faults([Self.hello, Frames.heartbeat(), Self.plan]) == ["a heartbeat before the plan"])
    #expect(faults([Self.hello, Frames.queue("ebpf"), Self.plan]) == ["a queue before the plan"])
    let ended = Self.begun + [Frames.result(0), Frames.result(1), Frames.end(passed: 2)]
    #expect(faults(ended) == [])
    for frame in [Frames.queue("ebpf"), Frames.heartbeat(), Frames.start(2, "t_c@"), Frames.end(passed: 2)] {
      #expect(faults(ended + [frame]) == ["a frame after the end frame"])
    }
  }

  /// A guest knows its nonce, so it can send frames of any number.
  @Test(arguments: ["9223372036854775807", "18446744073709551616", "1000000000"])
  func aNumberThatNoFrameReachesIsAFault(_ number: String) {
    let crc = FrameChecksum.crc32("\(Recorded.nonce) \(number) {}".utf8).paddedHex
    let channel = ChannelParser(nonce: Recorded.nonce, whole: "@Q \(Recorded.nonce) \(number) \(crc) {}\n".utf8)
    #expect(channel.faults.map(\.reason) == ["not of the form `@Q nonce seq crc32 json`"])
  }

  /// Names are shown and become words of command lines.
  @Test(arguments: ["", "-x", "a b", "a'b", "a\\u001b[2J", "a\\nb", "a\\u0000", "\u{e4}", "a|b", "a,b"])
  func aNameThatIsNoWordIsAFault(_ name: String) {
    for (name, backend) in [(name, ""), ("t_a", name)] where name != "t_a" || backend != "" {
      let frame = #"{"type":"plan","tests":[{"name":"\#(name)","backend":"\#(backend)"}]}"#
      #expect(faults([Self.hello, frame]) == ["frame 1 holds no JSON object of a known kind"], "\(frame)")
    }
  }

  @Test func aFloodIsNotKept() {
    var parser = ChannelParser(nonce: Recorded.nonce)
    for _ in 0..<1000 { parser.feed("@Q\n".utf8) }
    #expect(parser.faults.map(\.line) == Array(1...100))
    #expect(parser.faults.last?.reason.hasSuffix("; what else is wrong is not listed") == true)
    let long = Frames.queue(String(repeating: "x", count: 1 << 20))
    let channel = ChannelParser(nonce: Recorded.nonce, whole: Frames.channel(Self.begun + [long]))
    #expect(channel.faults.count == 1)
    #expect(channel.faults.first?.reason.hasPrefix("wrong CRC ") == true)
  }

  @Test func aSecondResultIsAFault() {
    #expect(faults(Self.begun + [Frames.result(0), Frames.result(0)]) == ["a second result of t_a@ebpf"])
  }

  @Test func whoRunsByItselfIsAlone() {
    let frames = [Frames.hello(jobs: 1), Self.plan, Frames.start(0, "t_a@ebpf")]
    #expect(
      faults(frames + [Frames.start(1, "t_b@ebpf")]) == [
        "t_b@ebpf started before t_a@ebpf had a result, though each test runs by itself"
      ])
    #expect(faults(frames + [Frames.result(0), Frames.start(1, "t_b@ebpf")]) == [])
  }

  /// There is one fault, which has both numbers, and nothing that follows is read.
  @Test func anotherVersionIsNotUnderstood() throws {
    let first = #"{"type":"hello","version":1,"program":"quark-test","release":"6.1","machine":"x86_64","cpus":1}"#
    let frames = [first, Self.plan, Frames.start(0, "t_a@ebpf"), #"{"type":"heartbeat","index":0,"ms":1000}"#]
    #expect(faults(Array(frames.prefix(3))) == ["the hello has protocol version 1, but kmatrix knows 2"])
    var recorded = try Recorded("clean-pass", exit: 0)
    recorded.artifacts.channel = Frames.channel(frames)
    #expect(recorded.judge.verdict == .fail)
    #expect(recorded.judge.reasons.first == "channel line 1: the hello has protocol version 1, but kmatrix knows 2")
    recorded.artifacts.channel = Frames.channel([Frames.hello(version: 3)])
    #expect(recorded.judge.reasons.first == "channel line 1: the hello has protocol version 3, but kmatrix knows 2")
  }

  @Test func phasesAreTakenFromTheFrames() throws {
    let frames = Self.begun + [
      Frames.result(0, open: 30, close: 20), Frames.queue("ebpf"), Frames.result(1), Frames.end(passed: 2),
    ]
    var recorded = try Recorded("clean-pass", exit: 0)
    recorded.artifacts.channel = Frames.channel(frames)
    recorded.artifacts.helloSeconds = 1.5
    let phases = BootPhases(recorded.artifacts, recorded.judge.transcript)
    // 650 ms of work are divided in proportion to 180, 370 and 120.
    #expect(phases.values.map { ($0 * 1000).rounded() } == [1500, 175, 359, 116, 250])
    recorded.artifacts.channel = Frames.channel(Array(frames.dropLast()))
    let cut = BootPhases(recorded.artifacts, recorded.judge.transcript)
    #expect(cut.values.map { ($0 * 1000).rounded() } == [1500, 403, 828, 269, 0])
    recorded.artifacts.channel = []
    #expect(BootPhases(recorded.artifacts, recorded.judge.transcript).values == [3, 0, 0, 0, 0])
  }

  @Test(arguments: [("", 0), ("a", 0xe8b7_be43), ("123456789", 0xcbf4_3926)] as [(String, UInt32)])
  func theChecksumIsThatOfZlib(_ text: String, _ checksum: UInt32) {
    #expect(FrameChecksum.crc32(text.utf8) == checksum)
  }

  @Test func checksumsArePadded() {
    #expect(UInt32(0x2a).paddedHex == "0000002a")
    #expect(UInt32.max.paddedHex == "ffffffff")
  }
}

/// Frames as a guest sends them.
enum Frames {
  static func hello(version: Int = 2, jobs: Int = 8, seed: Int = 0) -> String {
    #"{"type":"hello","version":\#(version),"program":"quark-test","release":"\#(Recorded.release)","#
      + #""machine":"x86_64","cpus":1,"jobs":\#(jobs),"seed":\#(seed)}"#
  }

  static func plan(_ labels: String...) -> String {
    #"{"type":"plan","tests":[\#(labels.map { "{\(id($0))}" }.joined(separator: ","))]}"#
  }

  static func start(_ index: Int, _ label: String) -> String {
    #"{"type":"start","index":\#(index),\#(id(label))}"#
  }

  static func heartbeat(_ running: Int...) -> String {
    #"{"type":"heartbeat","running":[\#(running.map(String.init).joined(separator: ","))],"ms":1000}"#
  }

  static func result(_ index: Int, _ verdict: String = "pass", open: Int = 0, close: Int = 0) -> String {
    #"{"type":"result","index":\#(index),"verdict":"\#(verdict)","ms":210,"reason":"","output":"","#
      + #""open_ms":\#(open),"close_ms":\#(close)}"#
  }

  static func queue(_ name: String) -> String {
    #"{"type":"queue","name":"\#(name)","open_ms":150,"close_ms":100}"#
  }

  static func end(passed: Int, failed: Int = 0) -> String {
    #"{"type":"end","passed":\#(passed),"failed":\#(failed),"skipped":0,"ms":900,"idle_ms":250}"#
  }

  /// A whole channel with the nonce of the recorded boots.
  static func channel(_ frames: [String]) -> [UInt8] {
    frames.enumerated().flatMap { sequence, json in
      let crc = FrameChecksum.crc32("\(Recorded.nonce) \(sequence) \(json)".utf8).paddedHex
      return Array("@Q \(Recorded.nonce) \(sequence) \(crc) \(json)\n".utf8)
    }
  }

  /// `"name":…,"backend":…` of `name@backend`.
  private static func id(_ label: String) -> String {
    let parts = label.split(separator: "@", omittingEmptySubsequences: false)
    return #""name":"\#(parts[0])","backend":"\#(parts[1])""#
  }
}
