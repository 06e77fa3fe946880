import CLinux
import CQuark
import Quark
import QuarkLinux

struct Options {
  enum Outcome {
    case run(Options)
    case exit(CInt)
  }

  var attributes = Queue.defaultAttributes
  var verbosity = 0

  static let usage = """
    usage: quark-mon [-bhvV] [-l max_length]
      -b             allow the EBPF backend (the only one so far, and the default)
      -h             this text
      -l max_length  raw events held at most, 1 or more (default 10000)
      -v             say which backend is used
      -V             version

    """

  static func parse(_ argc: CInt, _ argv: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Outcome {
    var options = Options()
    while true {
      let option = unsafe clinux_getopt(argc, argv, "bhl:vV")
      if option == -1 { break }
      switch UInt8(truncatingIfNeeded: option) {
      case UInt8(ascii: "b"): options.attributes.flags = QQ_EBPF
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
    guard clinux_optind() == argc else {
      FileDescriptor.complain("quark-mon: takes no operands\n\(usage)")
      return .exit(1)
    }
    return .run(options)
  }
}
