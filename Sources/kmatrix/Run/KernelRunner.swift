import Foundation

/// Boots one kernel until each planned test has a result, is blamed, or cannot be tried any more.
struct KernelRunner: Sendable {
  var booter: Booter
  var command: GuestCommand

  func run(
    _ image: KernelImage, name: String, report: @escaping @Sendable (RunEvent) async -> Void
  ) async throws(KMatrixError) -> KernelResult {
    var kernel = KernelJudge(image)
    var pending = PendingBoots(first: command.chunked)
    var mayRetry = true
    while !Task.isCancelled, let next = pending.next() {
      let (judge, record) = try await boot(image, next, name: name, number: kernel.boots.count + 1, kernel, report)
      if mayRetry, judge.isWorthAnotherTry {
        mayRetry = false
        kernel.addFlaky(judge, record: record)
        pending.putBack(next)
        continue
      }
      try rejectUnknownTests(judge, next, image)
      let before = kernel.settled
      kernel.add(judge, record: record)
      if judge.verdict == .infra || judge.verdict == .bootFail { break }
      if judge.verdict == .pass, !pending.again.isEmpty { continue }
      pending.again = commandsAgain(kernel)
      // Suspects that ran side by side will now run by themselves. Any other boot must have settled a test.
      let isNew = kernel.settled > before || !next.isAlone && !kernel.suspects.isEmpty
      if !pending.again.isEmpty, !isNew {
        kernel.note("not booted again, because the last boot settled no test")
        kernel.giveUp()
        pending.again = []
      }
    }
    if !Task.isCancelled, !pending.again.isEmpty {
      let left = kernel.remaining.count
      kernel.note("booted again \(pending.reboots) times, which is the limit; \(left) tests did not run")
    }
    kernel.giveUp()
    return kernel.result()
  }

  /// The commands for planned tests without a result: first suspects by themselves, then all others side by side.
  private func commandsAgain(_ kernel: KernelJudge) -> [GuestCommand] {
    let suspects = kernel.suspects
    return suspects.isEmpty
      ? Self.commands(for: kernel.remaining, of: kernel.planned, without: kernel.culprits, from: command)
      : Self.commands(for: suspects, of: kernel.planned, without: kernel.culprits, from: command.alone)
  }

  private func boot(
    _ image: KernelImage, _ command: GuestCommand, name: String, number: Int, _ kernel: KernelJudge,
    _ report: @escaping @Sendable (RunEvent) async -> Void
  ) async throws(KMatrixError) -> (BootJudge, BootRecord) {
    await report(.booting(boot: number))
    let files = booter.files(named: name, boot: number)
    let settled = kernel.settled
    let artifacts = try await booter.boot(image: image, command: command, files: files) { transcript in
      let running = transcript.inFlight.compactMap { transcript.test($0) }
      let done = settled + transcript.outcomes.count
      let total = settled + (transcript.plan?.count ?? 0)
      if !running.isEmpty { await report(.testing(running, done: done, total: total)) }
    }
    let judge = BootJudge(artifacts, release: image.release, command: command)
    let record = BootRecord(
      arguments: command.words, exit: artifacts.end.description, verdict: judge.verdict, seconds: artifacts.seconds,
      culprit: judge.culprit?.label, suspects: judge.suspects.count > 1 ? judge.suspects.map(\.label) : nil,
      phases: BootPhases(artifacts, judge.transcript), slowdown: artifacts.slowdown, reasons: judge.reasons,
      console: "logs/\(files.console.lastPathComponent)",
      channel: "logs/\(files.channel.lastPathComponent)")
    return (judge, record)
  }

  /// A misspelt test would fail on every kernel. It is the user's mistake, and is reported once.
  private func rejectUnknownTests(
    _ judge: BootJudge, _ command: GuestCommand, _ image: KernelImage
  ) throws(KMatrixError) {
    guard !command.tests.isEmpty, judge.transcript.plan?.isEmpty ?? true, judge.verdict == .fail else { return }
    let complaint = judge.console.programLines.first { line in command.tests.contains { line.contains($0) } }
    if let complaint {
      throw .usage("no such test: \(complaint.trimmingCharacters(in: .whitespaces)) (from \(image.release))")
    }
  }

  /// A boot takes about as long as this many tests.
  private static let testsPerBoot = 4

  /// The fewest commands that run `remaining`, none of `culprits`, and few other tests. Operands choose tests by name.
  /// So if a test is settled with one backend only, each backend needs its own boot, unless it is cheaper to run the
  /// settled ones again.
  static func commands(
    for remaining: [TestID], of plan: [TestID], without culprits: Set<TestID>, from command: GuestCommand
  ) -> [GuestCommand] {
    let left = Set(remaining)
    let names = Set(remaining.map(\.name))
    let others = plan.filter { names.contains($0.name) && !left.contains($0) }
    let isWhole = others.count <= testsPerBoot && culprits.isDisjoint(with: others)
    var groups: [(backend: String?, names: [String])] = []
    for test in remaining {
      // A test without a backend runs whichever backend is selected, so it can share any boot.
      let backend: String? = isWhole || test.backend.isEmpty ? nil : test.backend
      if let index = groups.firstIndex(where: {
        test.backend.isEmpty || GuestCommand.selectsBoth($0.backend, backend)
      }) {
        if !groups[index].names.contains(test.name) { groups[index].names.append(test.name) }
      } else {
        groups.append((backend, [test.name]))
      }
    }
    return groups.flatMap { command.only($0.names, backend: $0.backend).chunked }
  }
}

/// The boots of a kernel that are still to be done.
struct PendingBoots {
  /// How often a kernel is booted again because a boot ended before its tests did. Each test that ends a boot takes two
  /// more: one to find it among those that ran beside it, and one to run the rest.
  static let maxReboots = 12

  /// Commands that were not booted yet.
  private var first: [GuestCommand]
  /// Commands for tests that were planned and have no result.
  var again: [GuestCommand] = []
  private(set) var reboots = 0

  init(first: [GuestCommand]) {
    self.first = first
  }

  /// The next command; nil if none is left, or if the kernel was booted again too often.
  mutating func next() -> GuestCommand? {
    if again.isEmpty { return first.isEmpty ? nil : first.removeFirst() }
    guard reboots < Self.maxReboots else { return nil }
    reboots += 1
    return again.removeFirst()
  }

  /// Takes back the command of a boot that failed before its tests began.
  mutating func putBack(_ command: GuestCommand) {
    first.insert(command, at: 0)
  }
}
