import Foundation

/// Boots one kernel until each planned test has a result, a culprit's name or no more chance.
struct KernelRunner: Sendable {
  var booter: Booter
  var command: GuestCommand

  /// How often a kernel is booted again because a boot ended before its tests did.
  private static let maxReboots = 5

  func run(
    _ image: KernelImage, name: String, report: @escaping @Sendable (RunEvent) async -> Void
  ) async throws(KMatrixError) -> KernelResult {
    var kernel = KernelJudge(image)
    var queue = command.chunked
    var reboots = 0
    var mayRetry = true
    while !queue.isEmpty, !Task.isCancelled {
      let next = queue.removeFirst()
      let (judge, record) = try await boot(image, next, name: name, number: kernel.boots.count + 1, kernel, report)
      if mayRetry, judge.verdict == .infra || judge.verdict == .bootFail {
        mayRetry = false
        kernel.addFlaky(judge, record: record)
        queue.insert(next, at: 0)
        continue
      }
      try rejectUnknownTests(judge, next, image)
      let before = kernel.settled
      kernel.add(judge, record: record)
      guard judge.verdict != .pass else { continue }
      // Whatever the queue held is remaining, too: the plan of the boots to come is made anew.
      queue = []
      guard !kernel.remaining.isEmpty, judge.verdict != .infra, judge.verdict != .bootFail else { break }
      guard kernel.settled > before else {
        kernel.note("not booted again: the last boot brought nothing new")
        break
      }
      guard reboots < Self.maxReboots else {
        kernel.note("not booted again after \(reboots) times; \(kernel.remaining.count) tests did not run")
        break
      }
      reboots += 1
      queue = Self.commands(for: kernel.remaining, of: kernel.planned, from: command)
    }
    return kernel.result()
  }

  private func boot(
    _ image: KernelImage, _ command: GuestCommand, name: String, number: Int, _ kernel: KernelJudge,
    _ report: @escaping @Sendable (RunEvent) async -> Void
  ) async throws(KMatrixError) -> (BootJudge, BootRecord) {
    await report(.booting(boot: number))
    let files = booter.files(named: name, boot: number)
    let settled = kernel.settled
    let artifacts = try await booter.boot(image: image.path, command: command, files: files) { transcript in
      guard let index = transcript.inFlight, let test = transcript.test(index) else { return }
      let done = settled + transcript.outcomes.count
      let total = settled + (transcript.plan?.count ?? 0)
      await report(.testing(test, done: done, total: total))
    }
    let judge = BootJudge(artifacts, release: image.release)
    let record = BootRecord(
      arguments: command.words, exit: artifacts.end.description, verdict: judge.verdict, seconds: artifacts.seconds,
      culprit: judge.culprit?.label, reasons: judge.reasons, console: "logs/\(files.console.lastPathComponent)",
      channel: "logs/\(files.channel.lastPathComponent)")
    return (judge, record)
  }

  /// A misspelt test would fail on every kernel; it is the caller's mistake and is said once.
  private func rejectUnknownTests(
    _ judge: BootJudge, _ command: GuestCommand, _ image: KernelImage
  ) throws(KMatrixError) {
    guard !command.tests.isEmpty, judge.transcript.plan?.isEmpty ?? true, judge.verdict == .fail else { return }
    let complaint = judge.console.programLines.first { line in command.tests.contains { line.contains($0) } }
    if let complaint {
      throw .usage("no such test: \(complaint.trimmingCharacters(in: .whitespaces)) (asked \(image.release))")
    }
  }

  /// The fewest boots that run `remaining` and nothing else. Operands choose by name, so a name of which one backend
  /// is settled needs boots of one backend each.
  static func commands(for remaining: [TestID], of plan: [TestID], from command: GuestCommand) -> [GuestCommand] {
    let left = Set(remaining)
    let isWhole = remaining.allSatisfy { test in plan.allSatisfy { $0.name != test.name || left.contains($0) } }
    var groups: [(backend: String?, names: [String])] = []
    for test in remaining {
      // A test without a backend runs whatever is selected, so it can share any boot.
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

extension BootEnd: CustomStringConvertible {
  var description: String {
    switch self {
    case .exited(let code): "\(code)"
    case .signaled(let signal): "signal \(signal)"
    case .notStarted: "not started"
    case .silent(let seconds): "ended after \(seconds) s of silence"
    case .overdue(let seconds): "ended after \(seconds) s"
    case .noSpace: "ended without space for its logs"
    case .interrupted: "interrupted"
    }
  }
}
