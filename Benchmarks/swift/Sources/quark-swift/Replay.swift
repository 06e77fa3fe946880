import Glibc
import Quark

extension Main {
  static func replay(_ path: String, _ way: Way, _ rounds: Int) async throws {
    var attributes = Queue.Attributes()
    attributes.replay = path
    var tally = Tally()
    for _ in 0..<rounds {
      let queue = try Queue(attributes)
      tally.begin()
      switch way {
      case .view: try takeViews(queue, &tally)
      case .batch: try await takeBatches(queue, &tally)
      }
    }
    print(tally.events, tally.exits, tally.pids, tally.least.map { "\($0)" }.joined(separator: " "))
  }

  /// The work for each event, and the shortest time for each 1024 events, and for the rest.
  private struct Tally {
    private(set) var (events, exits, pids) = (0, 0, UInt64(0))
    private(set) var least: [UInt64] = []
    private var (part, last) = (0, UInt64(0))

    mutating func begin() {
      (events, exits, pids) = (0, 0, 0)
      (part, last) = (0, cpuNS())
    }

    @inline(__always)
    mutating func count<Value: EventProtocol & ~Escapable>(_ event: borrowing Value, pid: UInt32?) {
      events += 1
      if event.kinds.contains(.exit) { exits += 1 }
      pids &+= UInt64(pid ?? 0)
      if events % 1024 == 0 { mark(cpuNS()) }
    }

    /// The time since the last call belongs to the next part.
    mutating func mark(_ now: UInt64) {
      if part == least.count { least.append(.max) }
      least[part] = min(least[part], now - last)
      (part, last) = (part + 1, now)
    }
  }

  private static func takeViews(_ queue: consuming Queue, _ tally: inout Tally) throws {
    while true {
      queue.forEachEvent { event in tally.count(event, pid: event.process?.pid) }
      do throws(Errno) { try queue.block() } catch {
        guard error.rawValue == ENODATA else { throw error }
        return tally.mark(cpuNS())
      }
    }
  }

  private static func takeBatches(_ queue: consuming Queue, _ tally: inout Tally) async throws {
    // The time when the last event was taken, because the end of a sequence is not measured.
    var now: UInt64 = 0
    for try await batch in try queue.events() {
      for event in batch { tally.count(event, pid: event.process?.pid) }
      now = cpuNS()
    }
    tally.mark(now)
  }
}
