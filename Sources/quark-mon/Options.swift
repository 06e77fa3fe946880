import CLinux
import CManual
import CQuark
import Quark
import QuarkCore
import QuarkLinux

struct Options {
  enum Outcome {
    case run(Options)
    case exit(CInt)
  }

  /// The self-test is on, because a monitor that shows nothing is worse than one that does not start.
  var attributes = {
    var attributes = Queue.defaultAttributes
    attributes.flags = attributes.flags & ~QQ_ALL_BACKENDS | QQ_EBPF | QQ_SELF_TEST
    return attributes
  }()
  var verbosity = 0
  var hasSnapshot = true
  /// Print no events, only their number.
  var isBenchmark = false
  /// Become nobody in an empty root once the queue is open.
  var dropsPrivileges = false
  /// Draw the tree of processes at the end.
  var hasTree = false
  /// Leave out events of processes with another parent.
  var parent: UInt32?
  /// Wait for this many raw events, write their graphs, and end.
  var debugLength: Int?
  /// The file for the graph of the processes, or nil.
  var processGraph: String?
  /// The file with the rules, `-` for standard input, or nil.
  var rules: String?
  /// The file for the events; nil for standard output.
  var output: String?
  /// The file for the records, or nil.
  var recording: String?
  /// Say what is told, and end.
  var showsCapabilities = false
  var isJSON = false
  /// A recording is played in place of a backend.
  var isReplay: Bool { unsafe attributes.replay != nil }
  /// Plays a terminal from the recording; nil: events are printed.
  var terminalReplay: TerminalReplay?

  static let usage = """
    usage: quark-mon [-bDeGgHhkLMsTtuvV] [-C file] [-l max_length] [-m number] [-o file] [-P ppid]
                     [-r file] [--capabilities [--json]] [--fallback] [--no-self-test] [--record file]
                     [--replay file] [--strict] [--tree] [--tty]
           quark-mon --tty-replay file [--tty-of which] [--tty-speed factor] [-o file]
      -b             the EBPF backend: the default
      -C file        at the end, write the known processes to file, as a graph for dot(1)
      -D             once ready, become the user nobody, in an empty root directory
      -e             print how each process came onto the machine (entry leader)
      -G             calls of getpid(2)
      -g             aggregate as little as possible
      -H             shared memory
      -h             the manual on a terminal, else this text
      -k             the KPROBE backend in place of EBPF
      -L             kernel modules that are loaded
      -l max_length  raw events held at most, 1 or more (default 10000)
      -M             no events, but the statistics about every second
      -m number      hold this many raw events, then write quark_by_time.dot and quark_by_pidtime.dot, and end
      -o file        events go to file
      -P ppid        only events of this process's children
      -r file        rules that say which events to show; - is standard input
      -s             no list of the processes that exist at the start
      -T             calls of ptrace(2)
      -t             KPROBE: events of threads too
      -u             changes of memory's protection (there is no support so far)
      --capabilities say what would be told, by which means, and what not and why, and end
      --fallback     the KPROBE backend, where EBPF cannot be had
      --json         with --capabilities: as JSON
      --no-self-test do not try the backend on a process of its own before it is used
      --record file  keep the records as they come from the kernel
      --replay file  play such a file in place of what the kernel says, and end
      --strict       end with an error where less would be told than is asked for
      --tree         at the end, draw the processes known as a tree
      --tty          what is written to terminals
      --tty-of which with --tty-replay: a terminal, major:minor, or a process, its pid
      --tty-replay file
                     play what was written to a terminal from a recording, with the pauses
      --tty-speed factor
                     with --tty-replay: so many times as fast (default 1; 0: without pauses)
      -v             say which backend is used, and by which means of the kernel
      -V             version

    """

  /// The results of getopt_long(3) for options without a letter.
  private static var recordOption: UInt8 { 1 }
  private static var noSelfTestOption: UInt8 { 2 }
  private static var treeOption: UInt8 { 3 }
  private static var replayOption: UInt8 { 4 }
  private static var fallbackOption: UInt8 { 5 }
  private static var capabilitiesOption: UInt8 { 6 }
  private static var jsonOption: UInt8 { 7 }
  private static var strictOption: UInt8 { 8 }
  private static var terminalOption: UInt8 { 9 }
  private static var terminalOfOption: UInt8 { 10 }
  private static var terminalReplayOption: UInt8 { 11 }
  private static var terminalSpeedOption: UInt8 { 12 }

  private static func nextOption(_ argc: CInt, _ argv: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> CInt {
    let longer = unsafe [
      longOption("record", required_argument, recordOption), longOption("replay", required_argument, replayOption),
      longOption("no-self-test", no_argument, noSelfTestOption), longOption("tree", no_argument, treeOption),
      longOption("fallback", no_argument, fallbackOption),
      longOption("capabilities", no_argument, capabilitiesOption), longOption("json", no_argument, jsonOption),
      longOption("strict", no_argument, strictOption), longOption("tty", no_argument, terminalOption),
      longOption("tty-of", required_argument, terminalOfOption),
      longOption("tty-replay", required_argument, terminalReplayOption),
      longOption("tty-speed", required_argument, terminalSpeedOption),
      option(name: nil, has_arg: 0, flag: nil, val: 0),
    ]
    return unsafe clinux_getopt_long(argc, argv, ":bC:DeGgHhkLMl:m:o:P:r:sTtuvV", longer)
  }

  private static func longOption(_ name: StaticString, _ argument: CInt, _ value: UInt8) -> option {
    unsafe option(name: name.cString, has_arg: argument, flag: nil, val: CInt(value))
  }

  static func parse(_ argc: CInt, _ argv: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Outcome {
    clinux_opterr_off()
    if unsafe cmanual_is_asked_for(argc, argv) != 0 { return help() }
    var options = Options()
    do {
      if let ending = unsafe try options.read(argc, argv) { return ending }
      return .run(options)
    } catch {
      FileDescriptor.complain("quark-mon: \(error.message)\n")
      return .exit(1)
    }
  }

  private static func help() -> Outcome {
    let status = cmanual_show_quark_mon()
    if status >= 0 { return .exit(status) }
    return say(usage)
  }

  /// Ends the program with this text on standard output.
  private static func say(_ text: String) -> Outcome {
    do throws(Errno) {
      try FileDescriptor.writeAll(Array(text.utf8).span, to: STDOUT_FILENO)
      return .exit(0)
    } catch {
      FileDescriptor.complain("quark-mon: cannot write to standard output: \(error.description)\n")
      return .exit(1)
    }
  }

  /// Reads the options. Returns how the program ends, if an option ends it.
  private mutating func read(
    _ argc: CInt, _ argv: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
  ) throws(UsageError) -> Outcome? {
    var backend: CInt?
    var isFallingBack = false
    var (terminals, speed) = (TerminalReplay.Choice?.none, Int?.none)
    while true {
      let option = unsafe Self.nextOption(argc, argv)
      if option == -1 { break }
      switch UInt8(truncatingIfNeeded: option) {
      case UInt8(ascii: "b"): try Self.choose(&backend, QQ_EBPF)
      case UInt8(ascii: "C"): try Self.set(&processGraph, "-C")
      case UInt8(ascii: "D"): dropsPrivileges = true
      case UInt8(ascii: "e"): attributes.flags |= QQ_ENTRY_LEADER
      case UInt8(ascii: "G"): attributes.flags |= QQ_GETPID
      case UInt8(ascii: "g"): attributes.flags |= QQ_MIN_AGG
      case UInt8(ascii: "H"): attributes.flags |= QQ_SHM
      case UInt8(ascii: "k"): try Self.choose(&backend, QQ_KPROBE)
      case UInt8(ascii: "L"): attributes.flags |= QQ_MODULE_LOAD
      case UInt8(ascii: "l"): attributes.max_length = CInt(try Self.number("max length", in: 1...Int(CInt.max)))
      case UInt8(ascii: "M"): (isBenchmark, hasSnapshot) = (true, false)
      case UInt8(ascii: "m"): debugLength = try Self.number("number of raw events", in: 1...2_000_000)
      case UInt8(ascii: "o"): try Self.set(&output, "-o")
      case UInt8(ascii: "P"): parent = UInt32(try Self.number("ppid", in: 0...Int(CInt.max)))
      case UInt8(ascii: "r"): try Self.set(&rules, "-r")
      case UInt8(ascii: "s"): hasSnapshot = false
      case UInt8(ascii: "T"): attributes.flags |= QQ_PTRACE
      case UInt8(ascii: "t"): attributes.flags |= QQ_THREAD_EVENTS
      case UInt8(ascii: "u"): attributes.flags |= QQ_MPROTECT
      case Self.capabilitiesOption: showsCapabilities = true
      case Self.fallbackOption: isFallingBack = true
      case Self.jsonOption: isJSON = true
      case Self.noSelfTestOption: attributes.flags &= ~QQ_SELF_TEST
      case Self.recordOption: try Self.set(&recording, "--record")
      case Self.replayOption:
        try setReplay("--replay")
      case Self.strictOption: attributes.flags |= QQ_STRICT
      case Self.treeOption: hasTree = true
      case Self.terminalOption: attributes.flags |= QQ_TTY
      case Self.terminalOfOption: terminals = try TerminalReplay.Choice(unsafe String(cString: clinux_optarg()))
      case Self.terminalReplayOption:
        try setReplay("--tty-replay")
        terminalReplay = TerminalReplay()
      case Self.terminalSpeedOption: speed = try Self.number("speed", in: 0...1000)
      case UInt8(ascii: "h"): return Self.help()
      case UInt8(ascii: "v"): verbosity += 1
      case UInt8(ascii: "V"):
        return Self.say("quark-mon-\(QUARK_VERSION)\n")
      default: throw unsafe .option(option, argv)
      }
    }
    if clinux_optind() < argc, let operand = unsafe argv[Int(clinux_optind())] {
      throw UsageError("takes no operands: \(unsafe String(cString: operand))")
    }
    if isReplay, recording != nil { throw UsageError("--record and --replay exclude each other") }
    if terminalReplay == nil, terminals != nil || speed != nil {
      throw UsageError("--tty-of and --tty-speed are for --tty-replay")
    }
    terminalReplay?.set(terminals, speed)
    if isJSON, !showsCapabilities { throw UsageError("--json is for --capabilities") }
    if debugLength != nil, isBenchmark { throw UsageError("-m and -M exclude each other") }
    if isFallingBack {
      if backend == QQ_KPROBE { throw UsageError("-k and --fallback exclude each other") }
      attributes.flags |= QQ_KPROBE
    } else if let backend {
      attributes.flags = attributes.flags & ~QQ_EBPF | backend
    }
    // The queue must have room for these raw events.
    attributes.max_length = max(attributes.max_length, CInt(debugLength ?? 0))
    return nil
  }

  private mutating func setReplay(_ name: StaticString) throws(UsageError) {
    if isReplay { throw UsageError("option \(name) is given twice, or with another replay") }
    // An argument of the program stays valid as long as the program runs.
    unsafe attributes.replay = clinux_optarg()
  }

  private static func choose(_ backend: inout CInt?, _ flag: CInt) throws(UsageError) {
    if let backend, backend != flag { throw UsageError("-b and -k exclude each other") }
    backend = flag
  }

  private static func set(_ file: inout String?, _ name: StaticString) throws(UsageError) {
    if file != nil { throw UsageError("option \(name) is given twice") }
    file = unsafe String(cString: clinux_optarg())
  }

  private static func number(_ what: StaticString, in range: ClosedRange<Int>) throws(UsageError) -> Int {
    let text = unsafe String(cString: clinux_optarg())
    guard let number = Int(text), range.contains(number) else {
      throw UsageError("invalid \(what): \(text): \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }
}
