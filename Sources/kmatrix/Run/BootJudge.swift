/// Judges one boot. How krun.sh ended, the results channel and the console must all agree, and each disagreement is a
/// reason of its own. A silent boot never passes.
struct BootJudge: Sendable {
  private(set) var verdict = Verdict.pass
  /// Why the boot did not pass, in the order in which it was found out.
  private(set) var reasons: [String] = []
  /// The tests that were running when the boot ended too soon, in the order in which they started. One of them, or
  /// several together, ended it.
  private(set) var suspects: [TestID] = []
  let transcript: ChannelTranscript
  let console: ConsoleJudge

  private let artifacts: BootArtifacts
  private let channel: ChannelParser

  private let command: GuestCommand

  init(_ artifacts: BootArtifacts, release: String, command: GuestCommand) {
    self.artifacts = artifacts
    self.command = command
    channel = ChannelParser(nonce: artifacts.nonce, whole: artifacts.channel)
    transcript = channel.transcript
    console = ConsoleJudge(artifacts.console)
    judgeEnd()
    judgeConsole()
    if transcript.end == nil { suspects = transcript.inFlight.compactMap { transcript.test($0) } }
    guard verdict != .infra, verdict != .bootFail, verdict != .notRun else { return }
    judgeRelease(release)
    judgeChannel()
  }

  /// The boot says nothing about the kernel and its tests: these never began, or the emulator broke the kernel.
  var isWorthAnotherTry: Bool { verdict == .infra || verdict == .bootFail || console.emulatorFault != nil }

  /// The test that ended the boot, if it was the only one that was running.
  var culprit: TestID? { suspects.count == 1 ? suspects[0] : nil }

  /// The maximum number of reasons that are listed. A console can have a million complaints.
  private static let reasonLimit = 300

  /// The guest's words are in many of the reasons, which go to terminals and into reports.
  private mutating func object(_ reason: String, as worse: Verdict = .fail) {
    if reasons.count < Self.reasonLimit {
      reasons.append(TerminalText.line(reason))
    } else if reasons.count == Self.reasonLimit {
      reasons.append("and more, which is not listed")
    }
    if worse.severity > verdict.severity { verdict = worse }
  }

  /// The number of failed tests with which the guest's program exited; nil if it did not end by itself.
  private var exitCode: Int? {
    if case .exited(let code) = artifacts.end, (0...99).contains(code) { code } else { nil }
  }

  private mutating func judgeEnd() {
    switch artifacts.end {
    case .exited(let code): judge(exitCode: code)
    case .signaled(let signal): object("krun.sh was killed by signal \(signal)", as: .infra)
    case .notStarted(let why): object(why, as: .infra)
    case .silent(let seconds):
      object("the results channel was silent for \(seconds) s: the guest hangs", as: .hang)
    case .overdue(let seconds): object("krun.sh did not end within its limit, \(seconds) s", as: .infra)
    case .noSpace(let why): object(why, as: .infra)
    case .interrupted: object("interrupted", as: .notRun)
    }
  }

  private mutating func judge(exitCode code: Int) {
    switch code {
    case 0...99:
      if console.bannerRelease == nil, transcript.hello == nil {
        let said = lastMessage.map { ": \($0)" } ?? ""
        object("exit code \(code), but init's banner was never seen\(said)", as: .bootFail)
      }
    case 124: object("the time limit ran out in the guest", as: .hang)
    case 125: object(lastMessage ?? "krun.sh could not run the guest and did not say why", as: .infra)
    case 126:
      // On a busy machine an emulated kernel may miss its own timer, and panic before it starts init.
      let isReached = console.initStarted || console.bannerRelease != nil || transcript.hello != nil
      object(
        console.panic ?? "the guest reset itself without a panic on the console", as: isReached ? .panic : .bootFail)
    case 127: object(console.panic ?? lastMessage ?? "init was never reached", as: .bootFail)
    default:
      object(
        "krun.sh ended with \(code), which is not one of its exit codes: \(lastMessage ?? "no message")", as: .infra)
    }
  }

  private var lastMessage: String? {
    artifacts.messages.split(separator: "\n").last.map { TerminalText.plain(String($0)) }
  }

  private mutating func judgeConsole() {
    if verdict == .infra || verdict == .bootFail { return }
    if let panic = console.panic, verdict != .panic {
      object("the console shows a panic, but krun.sh's exit code does not: \(panic)", as: .panic)
    }
    // The kernel's line about a crash is explained if a result is a crash.
    let crashTold = transcript.outcomes.values.contains { $0.verdict == .crash }
    for finding in console.findings where finding.kind != .panic {
      if finding.kind == .programCrash, crashTold { continue }
      object(finding.description, as: .crash)
    }
    guard let code = exitCode else { return }
    switch console.programExit {
    case .code(code): break
    case .code(let said): object("init says the program exited with \(said), krun.sh exited with \(code)")
    case .signal(let name): object("the test program was killed by signal \(name)", as: .crash)
    case nil: object("init did not say how the program exited")
    }
    if let said = console.krunExitLine, said != code {
      object("krun.sh says `exited with \(said)`, but it exited with \(code)")
    }
  }

  private mutating func judgeRelease(_ release: String) {
    for (said, source) in [(console.bannerRelease, "init's banner"), (transcript.hello?.release, "the hello frame")] {
      if let said, said != release { object("\(source) says the kernel is \(said), not \(release)") }
    }
  }

  private mutating func judgeChannel() {
    for fault in channel.faults { object(fault.description) }
    guard transcript.hello != nil else { return object("no hello on the results channel: a silent boot does not pass") }
    guard let plan = transcript.plan else { return object("no plan on the results channel") }
    if plan.isEmpty { object("the plan is empty: nothing was tested") }
    judgeObedience()
    guard let code = exitCode else { return }
    let missing = plan.indices.filter { transcript.outcomes[$0] == nil }.map { plan[$0].label }
    if !missing.isEmpty { object("no result of \(missing.joined(separator: " "))") }
    judgeTotals(exitCode: code)
  }

  /// A guest that does not run its tests as it was told proves something other than what was asked.
  private mutating func judgeObedience() {
    guard let hello = transcript.hello else { return }
    if command.isAlone, hello.jobs != 1 {
      object("each test was to run by itself, but the guest ran \(hello.jobs) side by side")
    }
    if let seed = command.seed, hello.seed != seed {
      object("the tests were to be shuffled with seed \(seed), but the guest used \(hello.seed)")
    }
  }

  private mutating func judgeTotals(exitCode code: Int) {
    let verdicts = transcript.outcomes.values.map(\.verdict)
    let passed = verdicts.count { $0 == .pass }
    let skipped = verdicts.count { $0 == .skip }
    let failed = verdicts.count - passed - skipped
    if let end = transcript.end {
      if (end.passed, end.failed, end.skipped) != (passed, failed, skipped) {
        object(
          "the end frame counts \(end.passed) passed, \(end.failed) failed, \(end.skipped) skipped; "
            + "the results \(passed), \(failed), \(skipped)")
      }
    } else {
      object("no end frame: the test program did not finish")
    }
    if code != min(failed, 99) {
      object("the exit code is \(code), the results have \(failed) failed")
    }
    if let said = console.failuresLine, said != failed {
      object("the console says \(said) failures, the results have \(failed)")
    }
  }
}
