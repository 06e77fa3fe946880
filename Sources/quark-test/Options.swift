import CLinux
import CManual
import CQuark
import Quark
import QuarkLinux
import Synchronization

/// Compares byte by byte. The Unicode tables for `==` of strings have 39 KB.
func equal(_ one: String, _ other: String) -> Bool { one.utf8.elementsEqual(other.utf8) }

struct Options {
  enum Outcome {
    case run(Options)
    case exit(CInt)
  }

  var tests: [Test] = []
  var verbosity = 0
  var isForking = true
  var isTracing = false
  /// The number of tests that run side by side.
  var jobs = 16
  /// The seed for the order of the tests; 0 means the order of the plan.
  var seed = 0

  private static let timeLimit = Atomic<Int>(idleTimeLimitMS)
  /// The time limit on an idle reference machine.
  private static var idleTimeLimitMS: Int { 30_000 }
  /// The time of the loop below on that machine.
  private static var idleLoopNS: Int { 35_000_000 }

  /// Milliseconds that one test may take.
  static var timeLimitMS: Int {
    get { timeLimit.load(ordering: .relaxed) }
    set { timeLimit.store(newValue, ordering: .relaxed) }
  }

  /// How much slower this machine is than an idle emulated one, in percent, from 100 to 500. kmatrix has a better value
  /// and passes it in the variable.
  private static func slowdownPercent() -> Int {
    let start = (try? Clock.bootNS()) ?? 0
    var state: UInt64 = 1
    for _ in 0..<20_000_000 {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
    }
    // The state is used here, so that the compiler does not remove the loop.
    let elapsedNS = ((try? Clock.bootNS()) ?? 0) - start + (state == 0 ? 1 : 0)
    return min(500, max(100, Int(elapsedNS) * 100 / idleLoopNS))
  }

  /// A time that depends on the speed of the machine: it is longer if the time limit is longer.
  static func scaled(_ milliseconds: Int) -> Int {
    max(milliseconds, milliseconds &* timeLimitMS / idleTimeLimitMS)
  }

  /// The amount of work of a test, if an environment variable sets it.
  static func amount(_ variable: String) -> Int? { environment(variable).flatMap { Int($0) } }

  private static var amounts: ClosedRange<Int> { 1...10_000_000 }

  static let usage = """
    usage: quark-test [-1bhklntvV] [-j jobs] [-s seed] [-x test] [test ...]
      -1       run the tests in this process, for debuggers
      -b       the EBPF tests
      -h       the manual on a terminal, else this text
      -k       the KPROBE tests, with the kernel's own types and with the table of offsets
      -j jobs  run this many tests side by side (16); 1: each by itself
      -l       list the tests
      -n       the NOVA tests
      -s seed  an order that depends on the seed, a number above 0; also --shuffle
      -t       mix the kernel's trace_pipe into the output of tests
      -v       show the output of passing tests, too; twice: every event they see
      -V       version
      -x test  leave this test out

    """

  static func parse(_ argc: CInt, _ argv: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Outcome {
    if unsafe cmanual_is_asked_for(argc, argv) != 0 { return help() }
    clinux_opterr_off()
    var options = Options()
    var backends: [Backend] = []
    var excluded: [String] = []
    var isListing = false
    while true {
      let longer = unsafe [
        option(name: ("shuffle" as StaticString).cString, has_arg: required_argument, flag: nil, val: CInt(UInt8(ascii: "s"))),
        option(),
      ]
      let option = unsafe clinux_getopt_long(argc, argv, ":1bhj:klns:tvVx:", longer)
      if option == -1 { break }
      switch UInt8(truncatingIfNeeded: option) {
      case UInt8(ascii: "1"): options.isForking = false
      case UInt8(ascii: "b"): backends.append(.ebpf)
      case UInt8(ascii: "k"): backends += [.kprobe, .kprobeTable]
      case UInt8(ascii: "n"): backends.append(.nova)
      case UInt8(ascii: "j"), UInt8(ascii: "s"):
        let text = unsafe String(cString: clinux_optarg())
        let isJobs = UInt8(truncatingIfNeeded: option) == UInt8(ascii: "j")
        guard let number = Int(text), number > 0, number <= (isJobs ? 64 : Int(Int32.max)) else {
          return reject("-\(isJobs ? "j" : "s"): not a number from 1 to \(isJobs ? 64 : Int(Int32.max)): \(text)")
        }
        if isJobs { options.jobs = number } else { options.seed = number }
      case UInt8(ascii: "l"): isListing = true
      case UInt8(ascii: "t"): options.isTracing = true
      case UInt8(ascii: "v"): options.verbosity += 1
      case UInt8(ascii: "x"): excluded.append(unsafe String(cString: clinux_optarg()))
      case UInt8(ascii: "h"): return help()
      case UInt8(ascii: "V"):
        printOut("quark-test-\(QUARK_VERSION)\n")
        return .exit(0)
      default: return reject(unsafe UsageError.option(option, argv).message)
      }
    }
    if options.isTracing, !options.isForking { return reject("-1 and -t exclude each other") }
    // The kernel's trace does not contain names of tests.
    if options.isTracing { options.jobs = 1 }
    if let text = environment("QUARK_TEST_TIMEOUT") {
      guard let seconds = Int(text), (1...86_400).contains(seconds) else {
        return reject("QUARK_TEST_TIMEOUT: not a number of seconds: \(text)")
      }
      timeLimitMS = seconds * 1000
    } else {
      timeLimitMS = idleTimeLimitMS * slowdownPercent() / 100
    }
    for variable in ["QUARK_TEST_LOAD", "QUARK_TEST_ROUNDS"] {
      guard let text = environment(variable), !amounts.contains(amount(variable) ?? 0) else { continue }
      return reject("\(variable): not a number from 1 to \(amounts.upperBound): \(text)")
    }
    var operands: [String] = []
    for index in Int(clinux_optind())..<Int(argc) {
      if let operand = unsafe argv[index] { operands.append(unsafe String(cString: operand)) }
    }
    if backends.isEmpty { backends = [.ebpf, .kprobe, .kprobeTable] }
    return options.select(operands, excluding: excluded, backends: backends, isListing: isListing)
  }

  /// Operands have priority over -x; without operands all tests run except the self-tests of the harness.
  private mutating func select(
    _ operands: [String], excluding excluded: [String], backends: [Backend], isListing: Bool
  ) -> Outcome {
    for name in operands + excluded where !Test.all.contains(where: { equal($0.name, name) }) {
      FileDescriptor.complain("quark-test: no test named \(name)\n")
      return .exit(1)
    }
    let selected = Test.all.filter { test in
      if let backend = test.backend, !backends.contains(backend) { return false }
      if !operands.isEmpty { return operands.contains { equal($0, test.name) } }
      return !test.isSelfTest && test.heavyMinutes == nil && !excluded.contains { equal($0, test.name) }
    }
    tests = operands.isEmpty ? selected : Self.order(selected, by: operands)
    if isListing {
      for name in Self.names(of: tests) { printOut("\(name)\n") }
      return .exit(0)
    }
    if let selfTest = tests.first(where: { $0.isSelfTest }), !Test.isInGuest {
      return Self.reject("\(selfTest.name) breaks the machine it runs on: only in a guest, under quark-init")
    }
    guard !tests.isEmpty else { return Self.reject("nothing to run") }
    if seed != 0 { shuffle() }
    return .run(self)
  }

  /// Runs tests in the order in which they are named, so that a person, or kmatrix with its deliberate panic, can
  /// choose the order.
  private static func order(_ tests: [Test], by operands: [String]) -> [Test] {
    var names: [String] = []
    for name in operands where !names.contains(where: { equal($0, name) }) { names.append(name) }
    return names.flatMap { name in tests.filter { equal($0.name, name) } }
  }

  /// The same seed makes the same order, on all machines. Tests that must run alone still come last.
  private mutating func shuffle() {
    var state = UInt64(seed)
    for end in stride(from: tests.count - 1, to: 0, by: -1) {
      // splitmix64
      state &+= 0x9e37_79b9_7f4a_7c15
      var bits = state
      bits = (bits ^ bits >> 30) &* 0xbf58_476d_1ce4_e5b9
      bits = (bits ^ bits >> 27) &* 0x94d0_49bb_1331_11eb
      bits ^= bits >> 31
      tests.swapAt(end, Int(bits % UInt64(end + 1)))
    }
    tests = tests.filter { $0.alone == nil } + tests.filter { $0.alone != nil }
  }

  /// Each name once, even if several backends have the test.
  private static func names(of tests: [Test]) -> [String] {
    var names: [String] = []
    for test in tests where !names.contains(where: { equal($0, test.name) }) { names.append(test.name) }
    return names
  }

  private static func help() -> Outcome {
    let status = cmanual_show_quark_test()
    if status < 0 { printOut(usage) }
    return .exit(max(0, status))
  }

  private static func reject(_ reason: String) -> Outcome {
    FileDescriptor.complain("quark-test: \(reason)\n")
    return .exit(1)
  }
}
