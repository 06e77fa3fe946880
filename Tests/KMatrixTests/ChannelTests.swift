import Testing

@testable import kmatrix

/// Protocol version 2: several tests in flight, each frame as strict as ever.
@Suite struct ChannelTests {
  private static let hello = Guest.hello()
  private static let plan = Guest.plan("t_a@ebpf", "t_b@ebpf", "t_c@")
  private static let begun = [hello, plan, Guest.start(0, "t_a@ebpf"), Guest.start(1, "t_b@ebpf")]

  private func faults(_ frames: [String]) -> [String] {
    ChannelParser(nonce: Recorded.nonce, whole: Guest.channel(frames)).faults.map(\.reason)
  }

  @Test func testsMayRunSideBySide() {
    let frames = Self.begun + [
      Guest.heartbeat(0, 1), Guest.heartbeat(1, 0), Guest.start(2, "t_c@"), Guest.result(1), Guest.heartbeat(0, 2),
      Guest.queue("ebpf"), Guest.result(2), Guest.result(0), Guest.heartbeat(), Guest.queue("kprobe"),
      Guest.end(passed: 3),
    ]
    let channel = ChannelParser(nonce: Recorded.nonce, whole: Guest.channel(frames))
    #expect(channel.faults == [])
    #expect(channel.transcript.inFlight == [])
    #expect(channel.transcript.queues.map(\.name) == ["ebpf", "kprobe"])
    #expect(channel.transcript.end?.idleMS == 250)
  }

  static let wrong: [(frame: String, reason: String)] = [
    (Guest.start(0, "t_a@ebpf"), "t_a@ebpf started twice"),
    (Guest.start(2, "t_d@"), "a start of t_d, which the plan does not have at 2"),
    (Guest.result(2), "a result of t_c, which was not running"),
    (Guest.result(7), "a result of test 7, which the plan does not have"),
    (Guest.heartbeat(0), "a heartbeat of t_a@ebpf, but t_a@ebpf t_b@ebpf must be running"),
    (Guest.heartbeat(0, 1, 2), "a heartbeat of t_a@ebpf t_b@ebpf t_c, but t_a@ebpf t_b@ebpf must be running"),
    (Guest.heartbeat(0, 0), "a heartbeat of t_a@ebpf t_a@ebpf, but t_a@ebpf t_b@ebpf must be running"),
    (Guest.heartbeat(0, 9), "a heartbeat of t_a@ebpf test 9, but t_a@ebpf t_b@ebpf must be running"),
    (Guest.heartbeat(), "a heartbeat of no test, but t_a@ebpf t_b@ebpf must be running"),
    (Guest.end(passed: 1), "an end while t_a@ebpf t_b@ebpf had no result"),
    (hello, "a second hello"), (plan, "a second plan"),
    (#"{"type":"heartbeat","index":0,"ms":1000}"#, "frame 4 holds no JSON object of a known kind"),
    (#"{"type":"queue","name":"ebpf","open_ms":-1,"close_ms":0}"#, "frame 4 holds no JSON object of a known kind"),
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
    #expect(faults([Self.hello, Guest.heartbeat(), Self.plan]) == ["a heartbeat before the plan"])
    #expect(faults([Self.hello, Guest.queue("ebpf"), Self.plan]) == ["a queue before the plan"])
    let ended = Self.begun + [Guest.result(0), Guest.result(1), Guest.end(passed: 2)]
    #expect(faults(ended) == [])
    for frame in [Guest.queue("ebpf"), Guest.heartbeat(), Guest.start(2, "t_c@"), Guest.end(passed: 2)] {
      #expect(faults(ended + [frame]) == ["a frame after the end frame"])
    }
  }

  @Test func aSecondResultIsAFault() {
    #expect(faults(Self.begun + [Guest.result(0), Guest.result(0)]) == ["a second result of t_a@ebpf"])
  }

  @Test func whoRunsByItselfIsAlone() {
    let frames = [Guest.hello(jobs: 1), Self.plan, Guest.start(0, "t_a@ebpf")]
    #expect(
      faults(frames + [Guest.start(1, "t_b@ebpf")]) == [
        "t_b@ebpf started before t_a@ebpf had a result, though each runs by itself"
      ])
    #expect(faults(frames + [Guest.result(0), Guest.start(1, "t_b@ebpf")]) == [])
  }

  /// One fault that says both numbers, and nothing is made of what follows.
  @Test func anotherVersionIsNotUnderstood() throws {
    let first = #"{"type":"hello","version":1,"program":"quark-test","release":"6.1","machine":"x86_64","cpus":1}"#
    let frames = [first, Self.plan, Guest.start(0, "t_a@ebpf"), #"{"type":"heartbeat","index":0,"ms":1000}"#]
    #expect(faults(Array(frames.prefix(3))) == ["hello of protocol version 1, 2 is known"])
    var recorded = try Recorded("clean-pass", exit: 0)
    recorded.artifacts.channel = Guest.channel(frames)
    #expect(recorded.judge.verdict == .fail)
    #expect(recorded.judge.reasons.prefix(1) == ["channel line 1: hello of protocol version 1, 2 is known"])
    recorded.artifacts.channel = Guest.channel([Guest.hello(version: 3)])
    #expect(recorded.judge.reasons.prefix(1) == ["channel line 1: hello of protocol version 3, 2 is known"])
  }

  @Test func phasesAreTakenFromTheFrames() throws {
    let frames = Self.begun + [
      Guest.result(0, open: 30, close: 20), Guest.queue("ebpf"), Guest.result(1), Guest.end(passed: 2),
    ]
    var recorded = try Recorded("clean-pass", exit: 0)
    recorded.artifacts.channel = Guest.channel(frames)
    recorded.artifacts.helloSeconds = 1.5
    let phases = BootPhases(recorded.artifacts, recorded.judge.transcript)
    // 650 ms of work in proportion to 180, 370 and 120.
    #expect(phases.values.map { ($0 * 1000).rounded() } == [1500, 175, 359, 116, 250])
    recorded.artifacts.channel = Guest.channel(Array(frames.dropLast()))
    let cut = BootPhases(recorded.artifacts, recorded.judge.transcript)
    #expect(cut.values.map { ($0 * 1000).rounded() } == [1500, 403, 828, 269, 0])
    recorded.artifacts.channel = []
    #expect(BootPhases(recorded.artifacts, recorded.judge.transcript).values == [3, 0, 0, 0, 0])
  }
}

/// Frames as a guest sends them.
enum Guest {
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
      let crc = CRC32.checksum("\(Recorded.nonce) \(sequence) \(json)".utf8).paddedHex
      return Array("@Q \(Recorded.nonce) \(sequence) \(crc) \(json)\n".utf8)
    }
  }

  /// `"name":…,"backend":…` of `name@backend`.
  private static func id(_ label: String) -> String {
    let parts = label.split(separator: "@", omittingEmptySubsequences: false)
    return #""name":"\#(parts[0])","backend":"\#(parts[1])""#
  }
}
