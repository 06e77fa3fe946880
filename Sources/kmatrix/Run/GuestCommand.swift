/// What a guest runs: `quark-test [options] [tests]`.
struct GuestCommand: Sendable, Equatable {
  var program = "quark-test"
  var options: [String] = []
  /// Shuffles the tests.
  var seed: Int?
  /// One test after another, each by itself; else several run side by side.
  var isAlone = false
  /// Names of tests; none means all of them.
  var tests: [String] = []

  /// The kernel passes at most this many words on to init (krun.sh's contract).
  static let maxWords = 30

  var words: [String] { [program] + options + order + tests }

  /// The words that say in which company tests run.
  private var order: [String] { (seed.map { ["-s", "\($0)"] } ?? []) + (isAlone ? ["-j", "1"] : []) }

  /// Splits `-b -v t_probe` into options and tests, as quark-test's getopt does. A program's name may come first.
  init(arguments: [String], tests: [String]) {
    var rest = arguments[...]
    if let first = rest.first, first.hasPrefix("quark-test") {
      program = first
      rest.removeFirst()
    }
    while let word = rest.first, word.hasPrefix("-"), word.count > 1 {
      rest.removeFirst()
      if word == "--" { break }
      options.append(word)
      let wantsValue = word.hasPrefix("--") ? word == "--shuffle" : "jsx".contains { word.last == $0 }
      if wantsValue, let value = rest.popFirst() { options.append(value) }
    }
    self.tests = Array(rest) + tests
  }

  init(tests: [String]) {
    self.tests = tests
  }

  /// This command as so many that each fits the kernel's limit.
  var chunked: [GuestCommand] {
    let capacity = max(1, Self.maxWords - 1 - options.count - order.count)
    guard tests.count > capacity else { return [self] }
    return stride(from: 0, to: tests.count, by: capacity).map { start in
      only(Array(tests[start..<min(start + capacity, tests.count)]))
    }
  }

  /// This command with one test after another.
  var alone: GuestCommand {
    var command = self
    command.isAlone = true
    return command
  }

  /// This command for some tests only, and if `backend` is given for that backend only.
  func only(_ tests: [String], backend: String? = nil) -> GuestCommand {
    var command = self
    command.tests = tests
    guard let flag = backend.flatMap({ Self.flags[$0] }) else { return command }
    command.options = options.compactMap(Self.withoutBackends) + [flag]
    return command
  }

  /// Operands choose tests by name, with every backend that is selected; these letters select. One letter is for
  /// KPROBE with offsets from either source.
  private static let flags = ["ebpf": "-b", "kprobe": "-k", "kprobe-table": "-k", "nova": "-n"]

  /// Whether tests of both backends run if either is selected.
  static func selectsBoth(_ left: String?, _ right: String?) -> Bool {
    guard let left, let right, let flag = flags[left] else { return left == right }
    return left == right || flag == flags[right]
  }

  private static func withoutBackends(_ option: String) -> String? {
    let letters = option.dropFirst()
    guard option.hasPrefix("-"), letters.allSatisfy({ "1bhklntvV".contains($0) }) else { return option }
    let kept = letters.filter { !"bkn".contains($0) }
    return kept.isEmpty ? nil : "-" + kept
  }
}
