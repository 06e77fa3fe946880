import ArgumentParser
import Foundation

struct DiffCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff", abstract: "Say what changed from one run to another.",
    discussion: "Exits with 1 if something got worse: a kernel or test fails now, or is not run any more.")

  @Argument(help: "results.json of the earlier run, or its folder.")
  var old: String

  @Argument(help: "results.json of the later run, or its folder.")
  var new: String

  func run() throws {
    let diff = MatrixDiff(from: try MatrixResults(contentsOf: old), to: try MatrixResults(contentsOf: new))
    for line in diff.lines { StandardOutput.line(line) }
    if diff.isWorse { throw ExitCode(1) }
  }
}

/// What changed from one run to another.
struct MatrixDiff: Equatable {
  private(set) var newlyFailing: [String] = []
  private(set) var newlyPassing: [String] = []
  private(set) var gone: [String] = []
  private(set) var new: [String] = []
  private(set) var slower: [String] = []
  private(set) var faster: [String] = []

  /// A change of a time is reported only if it is larger than both of these.
  private static let notableRatio = 0.2
  private static let notableSeconds = 0.5

  /// A kernel or test that is gone counts as worse, too, because what is not run cannot fail.
  var isWorse: Bool { !newlyFailing.isEmpty || !gone.isEmpty }

  init(from old: MatrixResults, to new: MatrixResults) {
    var unmatched = old.kernels
    for kernel in new.kernels {
      let index = unmatched.firstIndex { $0.title == kernel.title }
        ?? unmatched.firstIndex { $0.release == kernel.replaces && $0.negative == kernel.negative }
      if let index {
        compare(unmatched.remove(at: index), kernel)
      } else {
        add(kernel)
      }
    }
    gone += unmatched.map(\.title)
  }

  var lines: [String] {
    let sections = [
      ("Newly failing", newlyFailing), ("Gone", gone), ("Newly passing", newlyPassing), ("New", new),
      ("Slower", slower), ("Faster", faster),
    ]
    let lines = sections.flatMap { title, entries in
      entries.isEmpty ? [] : ["\(title):"] + entries.map { "  \($0)" }
    }
    return lines.isEmpty ? ["No change."] : lines
  }

  private mutating func add(_ kernel: KernelResult) {
    new.append(kernel.title)
    if kernel.verdict.countedAs == .failed {
      newlyFailing.append("\(kernel.title): new, \(kernel.verdict.rawValue)\(Self.because(kernel.reasons.first))")
    }
  }

  private mutating func compare(_ old: KernelResult, _ new: KernelResult) {
    compare(new.title, old.verdict, new.verdict, because: new.reasons.first)
    compareTime(new.title, old.seconds, new.seconds)
    var unmatched = old.tests
    for test in new.tests {
      let name = "\(new.title) \(test.label)"
      guard let index = unmatched.firstIndex(where: { $0.id == test.id }) else {
        self.new.append(name)
        if test.verdict.countedAs == .failed { newlyFailing.append("\(name): new, \(test.verdict.rawValue)") }
        continue
      }
      let before = unmatched.remove(at: index)
      compare(name, before.verdict, test.verdict, because: test.reason)
      compareTime(name, before.seconds, test.seconds)
    }
    gone += unmatched.map { "\(new.title) \($0.label)" }
  }

  private mutating func compare(_ name: String, _ old: Verdict, _ new: Verdict, because reason: String?) {
    let change = "\(name): \(old.rawValue) → \(new.rawValue)"
    switch (old.countedAs, new.countedAs) {
    case (.failed, .failed), (.passed, .passed), (.skipped, .skipped): break
    case (_, .failed): newlyFailing.append(change + Self.because(reason))
    case (.passed, .skipped): gone.append(change + Self.because(reason))
    case (_, .passed), (.failed, .skipped): newlyPassing.append(change)
    }
  }

  private mutating func compareTime(_ name: String, _ old: Double, _ new: Double) {
    guard abs(new - old) > Self.notableSeconds, old > 0, new > 0, abs(new / old - 1) > Self.notableRatio else { return }
    let change = "\(name): \(old.asSeconds) → \(new.asSeconds)"
    if new > old { slower.append(change) } else { faster.append(change) }
  }

  private static func because(_ reason: String?) -> String {
    guard let reason, !reason.isEmpty else { return "" }
    return " (\(reason))"
  }
}
