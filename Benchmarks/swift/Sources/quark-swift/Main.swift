import Glibc
import Quark

/// `quark-swift view|batch rounds recording`: does what quark-c does, with one of the two faces that Swift has.
@main struct Main {
  static func main() async {
    let arguments = CommandLine.arguments
    guard arguments.count == 4, let rounds = Int(arguments[2]), rounds > 0 else {
      fail("usage: quark-swift view|batch rounds recording", 2)
    }
    var attributes = Queue.Attributes()
    attributes.replay = arguments[3]
    var (tally, least) = (Tally(), Double.infinity)
    do {
      for _ in 0..<rounds {
        tally = Tally()
        let queue = try Queue(attributes)
        let began = cpuNS()
        let ended =
          switch arguments[1] {
          case "view": try takeViews(queue, &tally)
          case "batch": try await takeBatches(queue, &tally)
          default: fail("quark-swift: \(arguments[1])?", 2)
          }
        least = min(least, Double(ended - began) / Double(tally.events))
      }
      print(tally.events, tally.exits, tally.pids, least)
    } catch {
      fail("quark-swift: \(error)", 1)
    }
  }

  /// What is made of each event.
  struct Tally {
    var (events, exits, pids) = (0, 0, UInt64(0))

    @inline(__always)
    mutating func count<Value: EventProtocol & ~Escapable>(_ event: borrowing Value, pid: UInt32?) {
      events += 1
      if event.kinds.contains(.exit) { exits += 1 }
      pids &+= UInt64(pid ?? 0)
    }
  }

  /// When the last event had been taken: the end of a queue is not measured.
  static func takeViews(_ queue: consuming Queue, _ tally: inout Tally) throws -> UInt64 {
    while true {
      queue.forEachEvent { event in tally.count(event, pid: event.process?.pid) }
      let now = cpuNS()
      do throws(Errno) { try queue.block() } catch {
        if error.rawValue == ENODATA { return now }
        throw error
      }
    }
  }

  static func takeBatches(_ queue: consuming Queue, _ tally: inout Tally) async throws -> UInt64 {
    var now: UInt64 = 0
    for try await batch in try queue.events() {
      for event in batch { tally.count(event, pid: event.process?.pid) }
      now = cpuNS()
    }
    return now
  }

  /// Of all threads.
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
