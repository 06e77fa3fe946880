import Glibc
import Quark

extension Main {
  /// Longer than the load takes.
  private static var holdSeconds: UInt32 { 20 }

  static func live(_ way: Way, _ rounds: Int, _ processes: Int, load: [String]) async throws {
    var attributes = Queue.Attributes()
    attributes.backends = .ebpf
    attributes.holdTimeMS = Int(holdSeconds) * 1000
    attributes.maxLength = 10 * processes
    attributes.ringSize = 128 << 20
    for round in 1...rounds {
      let queue = try Queue(attributes)
      run(load)
      sleep(holdSeconds + 1)
      let began = cpuNS()
      let (events, ended) =
        switch way {
        case .view: takeViews(queue, processes)
        case .batch: try await takeBatches(queue, processes)
        }
      print(way, round, events, (ended - began) / UInt64(events))
    }
  }

  /// Takes events until this many processes have ended. Returns the number of events, and the time, because the end of
  /// a queue is not measured.
  private static func takeViews(_ queue: consuming Queue, _ processes: Int) -> (events: Int, endedNS: UInt64) {
    var (events, exits) = (0, 0)
    while exits < processes {
      let isThere: Void? = queue.withNextEvent { event in
        events += 1
        if event.kinds.contains(.exit) { exits += 1 }
      }
      guard isThere != nil else { fail("quark-swift: \(processes - exits) processes are missing", 1) }
    }
    return (events, cpuNS())
  }

  private static func takeBatches(
    _ queue: consuming Queue, _ processes: Int
  ) async throws -> (events: Int, endedNS: UInt64) {
    var (events, exits, ended) = (0, 0, UInt64(0))
    for try await batch in try queue.events() {
      for event in batch {
        events += 1
        if event.kinds.contains(.exit) { exits += 1 }
      }
      ended = cpuNS()
      if exits >= processes { break }
    }
    return (events, ended)
  }

  private static func run(_ load: [String]) {
    var arguments: [UnsafeMutablePointer<CChar>?] = load.map { strdup($0) }
    arguments.append(nil)
    defer { for argument in arguments { free(argument) } }
    var (pid, status) = (pid_t(0), CInt(0))
    guard posix_spawn(&pid, load[0], nil, nil, arguments, nil) == 0, waitpid(pid, &status, 0) == pid, status == 0
    else { fail("quark-swift: \(load[0]) fails", 1) }
  }
}
