import CLinux
import CQuark
import Quark
import QuarkLinux

struct Options {
  enum Outcome {
    case run(Options)
    case exit(CInt)
  }

  /// A monitor that says nothing is worse than one that does not start.
  var attributes = {
    var attributes = Queue.defaultAttributes
    attributes.flags |= QQ_SELF_TEST
    return attributes
  }()
  var verbosity = 0
  var hasSnapshot = true
  /// Where to keep the records, or nil.
  var recording: String?

  static let usage = """
    usage: quark-mon [-beghksvV] [-l max_length] [--no-self-test] [--record file]
      -b             allow the EBPF backend; without -b and -k both are, and EBPF is tried first
      -e             say who let each process onto the machine (entry leader)
      -g             aggregate as little as possible
      -h             this text
      -k             allow the KPROBE backend
      -l max_length  raw events held at most, 1 or more (default 10000)
      -s             no list of the processes there are at the start
      --no-self-test do not try the backend on a process of its own before it is used
      --record file  keep the records as they come from the kernel
      -v             say which backend is used, and by which means of the kernel
      -V             version

    """

  /// What getopt_long(3) returns for options without a letter.
  private static var recordOption: UInt8 { 1 }
  private static var noSelfTestOption: UInt8 { 2 }

  private static func nextOption(_ argc: CInt, _ argv: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> CInt {
    unsafe "record".withCString { record in
      unsafe "no-self-test".withCString { noSelfTest in
        let longer = unsafe [
          option(name: record, has_arg: required_argument, flag: nil, val: CInt(recordOption)),
          option(name: noSelfTest, has_arg: no_argument, flag: nil, val: CInt(noSelfTestOption)),
          option(name: nil, has_arg: 0, flag: nil, val: 0),
        ]
        return unsafe clinux_getopt_long(argc, argv, "beghkl:svV", longer)
      }
    }
  }

  static func parse(_ argc: CInt, _ argv: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Outcome {
    var options = Options()
    var backends: CInt = 0
    while true {
      let option = unsafe nextOption(argc, argv)
      if option == -1 { break }
      switch UInt8(truncatingIfNeeded: option) {
      case UInt8(ascii: "b"): backends |= QQ_EBPF
      case UInt8(ascii: "e"): options.attributes.flags |= QQ_ENTRY_LEADER
      case UInt8(ascii: "g"): options.attributes.flags |= QQ_MIN_AGG
      case UInt8(ascii: "k"): backends |= QQ_KPROBE
      case UInt8(ascii: "s"): options.hasSnapshot = false
      case noSelfTestOption: options.attributes.flags &= ~QQ_SELF_TEST
      case recordOption: options.recording = unsafe String(cString: clinux_optarg())
      case UInt8(ascii: "h"):
        try? FileDescriptor.writeAll(Array(usage.utf8).span, to: STDOUT_FILENO)
        return .exit(0)
      case UInt8(ascii: "l"):
        let text = unsafe String(cString: clinux_optarg())
        guard let length = CInt(text), length > 0 else {
          FileDescriptor.complain("quark-mon: invalid max length: \(text)\n")
          return .exit(1)
        }
        options.attributes.max_length = length
      case UInt8(ascii: "v"): options.verbosity += 1
      case UInt8(ascii: "V"):
        try? FileDescriptor.writeAll(Array("quark-mon-\(QUARK_VERSION)\n".utf8).span, to: STDOUT_FILENO)
        return .exit(0)
      default:
        FileDescriptor.complain(usage)
        return .exit(1)
      }
    }
    if backends != 0 { options.attributes.flags = options.attributes.flags & ~QQ_ALL_BACKENDS | backends }
    guard clinux_optind() == argc else {
      FileDescriptor.complain("quark-mon: takes no operands\n\(usage)")
      return .exit(1)
    }
    return .run(options)
  }
}
