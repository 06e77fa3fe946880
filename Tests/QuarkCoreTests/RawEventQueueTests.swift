import CWire
import Testing

@testable import QuarkCore

@Suite struct RawEventQueueTests {
  func event(_ kind: RawEvent.Kind = .fork, pid: UInt32, timeNS: UInt64) -> RawEvent {
    unsafe RawEvent(kind: kind, pid: pid, timeNS: timeNS, task: wire_task())
  }

  func drain(_ queue: inout RawEventQueue) -> [UInt32] {
    var pids: [UInt32] = []
    while let event = unsafe queue.popOldest() { unsafe pids.append(event.pid) }
    return pids
  }

  @Test func leavesInTheOrderOfTime() {
    var queue = RawEventQueue(capacity: 5)
    for (pid, time) in [(1, 50), (2, 10), (3, 30), (4, 20), (5, 40)] as [(UInt32, UInt64)] {
      unsafe queue.insert(event(pid: pid, timeNS: time))
    }
    let isFull = queue.isFull
    #expect(isFull)
    let oldest = queue.oldestTimeNS
    #expect(oldest == 10)
    #expect(drain(&queue) == [2, 4, 3, 5, 1])
    let none = queue.oldestTimeNS
    #expect(none == nil)
  }

  @Test func equalTimesKeepTheOrderOfArrival() {
    var queue = RawEventQueue(capacity: 4)
    for pid: UInt32 in 1...4 { unsafe queue.insert(event(pid: pid, timeNS: 9)) }
    #expect(drain(&queue) == [1, 2, 3, 4])
  }

  @Test func nextOfAProcess() {
    var queue = RawEventQueue(capacity: 8)
    unsafe queue.insert(event(.fork, pid: 1, timeNS: 1))
    unsafe queue.insert(event(.fork, pid: 2, timeNS: 2))
    unsafe queue.insert(event(.exec, pid: 1, timeNS: 3))
    unsafe queue.insert(event(.exit, pid: 1, timeNS: 4))
    func next(of pid: UInt32, where condition: (RawEvent.Kind) -> Bool = { _ in true }) -> RawEvent.Kind? {
      unsafe queue.popNext(pid: pid, where: condition)?.kind
    }
    #expect(next(of: 3) == nil)
    #expect(next(of: 1, where: { $0 != .fork }) == nil, "only the very next is considered")
    #expect(next(of: 1) == .fork)
    #expect(next(of: 1) == .exec)
    #expect(drain(&queue) == [2, 1])
  }

  /// Against an array sorted by (time, arrival), with the ring wrapped many times.
  @Test func agreesWithASortedArray() {
    var generator = SystemRandomNumberGenerator()
    var queue = RawEventQueue(capacity: 16)
    var model: [(time: UInt64, pid: UInt32)] = []
    for pid: UInt32 in 1...5000 {
      let time = UInt64(pid) + UInt64.random(in: 0..<6, using: &generator)
      if queue.isFull || Bool.random(using: &generator), let oldest = model.first {
        let popped = unsafe queue.popOldest()?.pid
        #expect(popped == oldest.pid)
        model.removeFirst()
      }
      unsafe queue.insert(event(pid: pid, timeNS: time))
      model.insert((time, pid), at: model.lastIndex { $0.time <= time }.map { $0 + 1 } ?? 0)
      let count = queue.count
      #expect(count == model.count)
    }
    #expect(drain(&queue) == model.map(\.pid))
  }
}
