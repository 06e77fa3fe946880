import CLinux
import CManual
import CQuark
import QuarkLinux

struct Options {
  enum Outcome {
    case run(Options)
    case exit(CInt)
  }

  enum Source {
    case system
    case file(String)
    case table(release: String)
    /// Print the offsets of this file as a C structure with these names.
    case declaration(file: String, name: String, release: String)
  }

  var source = Source.system
  var targets: [String] = []
  var hasBits = false
  var isVerbose = false
  /// The machine for a look-up in the table, as in uname(2) of that kernel.
  var machine: String?

  static let usage = """
    usage: quark-btf [-bv] [target ...]
           quark-btf [-bv] -f file [target ...]
           quark-btf [-bv] [-m machine] -l release [target ...]
           quark-btf [-v] -g file name release
           quark-btf -h | -V
      -b          offsets in bits, too
      -f file     read a BTF file, or an ELF file with BTF in it
      -g file     print the offsets of a file as a structure in C
      -h          the manual on a terminal, else this text
      -l release  look up a kernel in the table of this program
      -m machine  with -l: x86_64 or aarch64 (default: this machine's)
      -v          print where the offsets come from; with -l show them
      -V          version

    """

  static func parse(_ argc: CInt, _ argv: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Outcome {
    if unsafe cmanual_is_asked_for(argc, argv) != 0 { return help() }
    clinux_opterr_off()
    var options = Options()
    // The one of -f, -g and -l that was given.
    var form: (letter: UInt8, argument: String)?
    while true {
      let option = unsafe clinux_getopt(argc, argv, ":bf:g:hl:m:vV")
      if option == -1 { break }
      let letter = UInt8(truncatingIfNeeded: option)
      switch letter {
      case UInt8(ascii: "b"): options.hasBits = true
      case UInt8(ascii: "f"), UInt8(ascii: "g"), UInt8(ascii: "l"):
        guard form == nil else { return reject("of -f, -g and -l only one can be given, once") }
        form = (letter, unsafe String(cString: clinux_optarg()))
      case UInt8(ascii: "h"): return help()
      case UInt8(ascii: "m"): options.machine = unsafe String(cString: clinux_optarg())
      case UInt8(ascii: "v"): options.isVerbose = true
      case UInt8(ascii: "V"): return .exit(printOut("quark-btf-\(QUARK_VERSION)\n"))
      default: return reject(unsafe UsageError.option(option, argv).message)
      }
    }
    for index in Int(clinux_optind())..<Int(argc) {
      if let operand = unsafe argv[index] { options.targets.append(unsafe String(cString: operand)) }
    }
    return options.choose(form?.letter, form?.argument ?? "")
  }

  private mutating func choose(_ form: UInt8?, _ argument: String) -> Outcome {
    if machine != nil, form != UInt8(ascii: "l") { return Self.reject("-m is for -l") }
    switch form {
    case UInt8(ascii: "f"): source = .file(argument)
    case UInt8(ascii: "l"): source = .table(release: argument)
    case UInt8(ascii: "g"):
      guard targets.count == 2, !hasBits else { return Self.reject("-g takes a file, a name and a release, and no -b") }
      source = .declaration(file: argument, name: targets[0], release: targets[1])
      targets = []
    default: break
    }
    return .run(self)
  }

  private static func help() -> Outcome {
    let status = cmanual_show_quark_btf()
    return .exit(status >= 0 ? status : printOut(usage))
  }

  private static func reject(_ reason: String) -> Outcome {
    FileDescriptor.complain("quark-btf: \(reason)\n")
    return .exit(1)
  }
}
