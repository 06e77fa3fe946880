import Glibc
import Quark

/// `quark-swift view|batch rounds ...`: does the same as quark-c, with one of the two Swift interfaces.
@main struct Main {
  enum Way: String { case view, batch }

  static func main() async {
    let arguments = CommandLine.arguments.dropFirst()
    guard arguments.count >= 3, let way = Way(rawValue: arguments[1]), let rounds = Int(arguments[2]), rounds > 0 else {
      usage()
    }
    do {
      if arguments.count == 3 {
        try await replay(arguments[3], way, rounds)
      } else if let processes = Int(arguments[3]), processes > 0 {
        try await live(way, rounds, processes, load: Array(arguments[4...]))
      } else {
        usage()
      }
    } catch {
      fail("quark-swift: \(error)", 1)
    }
  }

  static func usage() -> Never {
    fail(
      "usage: quark-swift view|batch rounds recording | quark-swift view|batch rounds processes load [argument ...]", 2)
  }

  /// Nanoseconds of CPU time of all threads.
  static func cpuNS() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }

  static func fail(_ words: String, _ status: CInt) -> Never {
    var words = words + "\n"
    words.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
    exit(status)
  }
}
