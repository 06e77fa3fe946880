/// What a guest runs: `quark-test [options] [tests]`.
struct GuestCommand: Sendable, Equatable {
  var program = "quark-test"
  var options: [String] = []
  /// The seed that shuffles the tests; nil for their own order.
  var seed: Int?
  /// Each test runs by itself, one after another. Otherwise several run side by side.
  var isAlone = false
  /// The names of the tests; all tests if it is empty.
  var tests: [String] = []

  /// The kernel passes at most this many words on to init (krun.sh's contract).
  static let maxWords = 30

  var words: [String] { [program] + options + order + tests }

  /// The options that say in which order tests run, and whether side by side.
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

  /// This command, split into as many as the kernel's limit on words requires.
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

  /// This command with only these tests and, if `backend` is given, only that backend.
  func only(_ tests: [String], backend: String? = nil) -> GuestCommand {
    var command = self
    command.tests = tests
    guard let flag = backend.flatMap({ Self.flags[$0] }) else { return command }
    command.options = options.compactMap(Self.withoutBackends) + [flag]
    return command
  }

  /// Operands choose tests by name, and these options choose backends. `-k` is KPROBE with offsets from either source.
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
