import CLinux
import CManual
import CQuark
import Quark
import QuarkLinux
import Synchronization

/// Byte by byte. What `==` of strings needs to know of Unicode is 39 KB.
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
  /// Tests that run side by side.
  var jobs = 12
  /// Of the order of the tests; 0: that of the plan.
  var seed = 0

  private static let timeLimit = Atomic<Int>(idleTimeLimitMS)
  /// Of a machine that is as fast as it should be.
  private static var idleTimeLimitMS: Int { 30_000 }
  /// What the loop below takes there.
  private static var idleLoopNS: Int { 35_000_000 }

  /// Milliseconds one test may take.
  static var timeLimitMS: Int {
    get { timeLimit.load(ordering: .relaxed) }
    set { timeLimit.store(newValue, ordering: .relaxed) }
  }

  /// How much slower this machine is than an idle one that is emulated, from 100 to 500: kmatrix, which knows better,
  /// says it by the variable.
  private static func slowdownPercent() -> Int {
    let start = (try? Clock.bootNS()) ?? 0
    var state: UInt64 = 1
    for _ in 0..<20_000_000 {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
    }
    // Never 0: or else nobody would need the loop.
    let elapsedNS = ((try? Clock.bootNS()) ?? 0) - start + (state == 0 ? 1 : 0)
    return min(500, max(100, Int(elapsedNS) * 100 / idleLoopNS))
  }

  /// A time that depends on how fast the machine is: longer as the time limit is.
  static func scaled(_ milliseconds: Int) -> Int {
    max(milliseconds, milliseconds &* timeLimitMS / idleTimeLimitMS)
  }

  /// How much a test does, if a variable of the environment says so.
  static func amount(_ variable: String) -> Int? { environment(variable).flatMap { Int($0) } }

  private static var amounts: ClosedRange<Int> { 1...10_000_000 }

  static let usage = """
    usage: quark-test [-1bhklntvV] [-j jobs] [-s seed] [-x test] [test ...]
      -1       run the tests in this process, for debuggers
      -b       the EBPF tests
      -h       the manual on a terminal, else this text
      -k       the KPROBE tests, with the kernel's own types and with the table of offsets
      -j jobs  so many tests side by side (12); 1: each by itself
      -l       list the tests
      -n       the NOVA tests
      -s seed  in an order that the seed, a number above 0, makes; also --shuffle
      -t       interleave the kernel's trace_pipe with what failing tests say
      -v       show what passing tests say too; twice: every event they see
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
    // What the kernel traces has no name of a test in it.
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

  /// Operands win over -x; without operands all tests but the harness's own run.
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

  /// In the order they are named, so that a person, or kmatrix with its panic on purpose, can say what follows what.
  private static func order(_ tests: [Test], by operands: [String]) -> [Test] {
    var names: [String] = []
    for name in operands where !names.contains(where: { equal($0, name) }) { names.append(name) }
    return names.flatMap { name in tests.filter { equal($0.name, name) } }
  }

  /// The same seed makes the same order, on all machines. Tests that want to be alone stay behind the others.
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

  /// Each once, though several backends have it.
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
