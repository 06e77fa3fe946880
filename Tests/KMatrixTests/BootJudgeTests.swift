import Testing

@testable import kmatrix

@Suite struct BootJudgeTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var exit: Int
    var verdict: Verdict
    /// A part of one of the reasons; empty if there must be no reason at all.
    var reason: String
    var culprit: String?
    var testDescription: String { "\(name), exit \(exit)" }

    init(_ name: String, _ exit: Int, _ verdict: Verdict, _ reason: String, culprit: String? = nil) {
      (self.name, self.exit, self.verdict, self.reason, self.culprit) = (name, exit, verdict, reason, culprit)
    }
  }

  static let cases = [
    Case("clean-pass", 0, .pass, ""),
    Case("noise-between", 0, .pass, ""),
    Case("300-failures", 99, .pass, ""),
    Case("one-failure", 1, .pass, ""),
    Case("child-crash", 1, .pass, ""),
    Case("skip", 0, .pass, ""),
    Case("panic", 126, .panic, "Kernel panic - not syncing: sysrq triggered crash", culprit: "t_fork_exec_exit@ebpf"),
    Case("panic", 0, .panic, "krun.sh's exit code does not", culprit: "t_fork_exec_exit@ebpf"),
    Case("silent-panic", 126, .panic, "without a panic on the console", culprit: "t_fork_exec_exit@ebpf"),
    Case("oops", 0, .crash, "BUG: kernel NULL pointer dereference"),
    Case("warning", 0, .crash, "WARNING: CPU: 0 PID: 1 at kernel/trace/trace_kprobe.c:42"),
    Case("truncated-frame", 0, .fail, "channel line 12: the last frame is cut off"),
    Case("wrong-crc", 0, .fail, "channel line 9: wrong CRC"),
    Case("wrong-nonce", 0, .fail, "wrong nonce deadbeefdeadbeef"),
    Case("signal-11", 1, .crash, "killed by signal 11 (SIGSEGV)", culprit: "t_fork_exec_exit@ebpf"),
    Case("silence", 0, .fail, "no hello on the results channel"),
    Case("nothing-at-all", 0, .bootFail, "init's banner was never seen"),
    Case("hang", 124, .hang, "time limit", culprit: "t_fork_exec_exit@ebpf"),
    Case("boot-failure", 126, .bootFail, "Unable to mount root fs"),
    Case("boot-failure", 127, .bootFail, "Unable to mount root fs"),
    Case("missing-end", 0, .fail, "no end frame"),
    Case("exit-disagrees", 0, .fail, "the exit code is 0, the results have 1 failed"),
    Case("one-failure", 3, .fail, "init says the program exited with 1, krun.sh exited with 3"),
    Case("300-failures", 44, .fail, "the exit code is 44, the results have 300 failed"),
    Case("no-results", 0, .fail, "no result of t_probe@ebpf t_fork_exec_exit@ebpf t_exit_tgid@ebpf t_cgroup_parse"),
    Case("empty-plan", 0, .fail, "the plan is empty"),
    Case("duplicated", 0, .fail, "channel line 10: frame 8 came again or out of order; 9 is next"),
    Case("second-result", 0, .fail, "a second result of t_exit_tgid@ebpf"),
    Case("reordered", 0, .fail, "frame 8 is missing, 9 came instead"),
    Case("lost-frame", 0, .fail, "frame 8 is missing, 9 came instead"),
    Case("after-end", 0, .fail, "a frame after the end frame"),
    Case("bad-json", 0, .fail, "frame 8 holds no JSON object of a known kind"),
    Case("wrong-totals", 0, .fail, "the end frame counts 5 passed"),
    Case("wrong-release", 0, .fail, "init's banner says the kernel is 6.1.0-50-cloud-amd64"),
    Case("clean-pass", 125, .infra, "could not run the guest"),
    Case("clean-pass", 100, .infra, "which is not one of its exit codes"),
    Case("clean-pass", 124, .hang, "time limit"),
  ]

  @Test(arguments: cases) func recordedBoot(_ recorded: Case) throws {
    let judge = try Recorded(recorded.name, exit: recorded.exit).judge
    #expect(judge.verdict == recorded.verdict)
    #expect(judge.culprit?.label == recorded.culprit)
    if recorded.reason.isEmpty {
      #expect(judge.reasons == [])
    } else {
      #expect(judge.reasons.contains { $0.contains(recorded.reason) }, "\(judge.reasons)")
    }
  }

  @Test func aDamagedFrameIsNotMissingToo() throws {
    let channel = ChannelParser(nonce: Recorded.nonce, whole: try Fixture.bytes("Boots/wrong-crc.channel.txt"))
    #expect(channel.faults.map(\.line) == [9, 12])
    #expect(channel.faults[1].reason == "an end while t_exit_tgid@ebpf had no result")
  }

  @Test func noiseIsCountedAndNoFault() throws {
    let channel = ChannelParser(nonce: Recorded.nonce, whole: try Fixture.bytes("Boots/noise-between.channel.txt"))
    #expect(channel.faults == [])
    #expect(channel.garbageLines == 6)
    #expect(channel.frameCount == 12)
  }

  @Test(arguments: [1, 2, 7, 64]) func piecesMakeNoDifference(_ size: Int) throws {
    let bytes = try Fixture.bytes("Boots/noise-between.channel.txt")
    var parser = ChannelParser(nonce: Recorded.nonce)
    for start in stride(from: 0, to: bytes.count, by: size) {
      parser.feed(bytes[start..<min(start + size, bytes.count)])
    }
    parser.finish()
    #expect(parser.faults == [])
    #expect(parser.transcript.outcomes.count == 4)
    #expect(parser.transcript.end == ResultFrame.End(passed: 4, failed: 0, skipped: 0, ms: 1200, idleMS: 300))
  }

  /// If any single bit of a channel is flipped, the boot fails.
  @Test func everyFlippedBitIsNoticed() throws {
    let clean = try Recorded("clean-pass", exit: 0)
    for index in clean.artifacts.channel.indices {
      var artifacts = clean.artifacts
      artifacts.channel[index] ^= 1
      #expect(Recorded.judge(artifacts).verdict == .fail, "byte \(index)")
    }
  }

  /// If a channel is cut off anywhere, the boot fails.
  @Test func everyTruncationIsNoticed() throws {
    let clean = try Recorded("clean-pass", exit: 0)
    for length in clean.artifacts.channel.indices {
      var artifacts = clean.artifacts
      artifacts.channel.removeSubrange(length...)
      #expect(Recorded.judge(artifacts).verdict == .fail, "\(length) bytes")
    }
  }

  /// What a guest says goes to terminals and into reports.
  @Test func reasonsAreALineOfPlainText() throws {
    var recorded = try Recorded("clean-pass", exit: 0)
    let hello = Frames.hello().replacing(Recorded.release, with: #"6.1\u001b[2J\n::error::x"#)
    recorded.artifacts.channel = Frames.channel([hello])
    let reasons = recorded.judge.reasons
    let reason = "the hello frame says the kernel is 6.1 ::error::x, not \(Recorded.release)"
    #expect(reasons.contains(reason), "\(reasons)")
  }

  @Test func aFloodOfComplaintsIsCut() throws {
    var recorded = try Recorded("clean-pass", exit: 0)
    let complaint = "[    1.000000] BUG: \(String(repeating: "x", count: 1000))\n"
    recorded.artifacts.console += Array(String(repeating: complaint, count: 1000).utf8)
    let judge = recorded.judge
    #expect(judge.verdict == .crash)
    #expect(judge.reasons.count == 301)
    #expect(judge.reasons.last == "and more, which is not listed")
    #expect(judge.reasons.allSatisfy { $0.count < 450 })
  }

  @Test func endsThatAreNotExitCodes() throws {
    func verdict(_ end: BootEnd) throws -> Verdict { try Recorded("hang", end: end).judge.verdict }
    #expect(try verdict(.silent(seconds: 45)) == .hang)
    #expect(try verdict(.signaled(9)) == .infra)
    #expect(try verdict(.overdue(seconds: 99)) == .infra)
    #expect(try verdict(.noSpace("full")) == .infra)
    #expect(try verdict(.notStarted("no krun.sh")) == .infra)
    #expect(try verdict(.interrupted) == .notRun)
  }

  @Test func infrastructureQuotesKrun() throws {
    let judge = try Recorded("nothing-at-all", exit: 125, messages: "krun.sh: no qemu-system-x86_64 in PATH\n").judge
    #expect(judge.verdict == .infra)
    #expect(judge.reasons == ["krun.sh: no qemu-system-x86_64 in PATH"])
  }
}
