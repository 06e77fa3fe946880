import CQuark
import Testing

@testable import QuarkCore

@Suite struct RawEventQueueTests {
  /// A queue and a pool, with raw events that have only a pid and a time.
  struct Bench: ~Copyable {
    var queue: RawEventQueue
    var strings = StringPool()

    init(capacity: Int) { queue = RawEventQueue(capacity: capacity) }

    /// `mark` distinguishes raw events that are otherwise equal.
    mutating func insert(pid: UInt32, at timeNS: UInt64, mark: UInt32 = 0) {
      let event = unsafe queue.make()!
      unsafe event.pointee.type = RAW_EXEC.rawValue
      unsafe event.pointee.pid = pid
      unsafe event.pointee.time = timeNS
      unsafe event.pointee.cpu = mark
      unsafe queue.insert(event)
    }

    mutating func pop() -> (pid: UInt32, timeNS: UInt64, mark: UInt32)? {
      guard let event = unsafe queue.oldest else { return nil }
      let result = unsafe (event.pointee.pid, event.pointee.time, event.pointee.cpu)
      unsafe queue.remove(event)
      unsafe queue.free(event, strings: &strings)
      return result
    }

    mutating func drain() -> [UInt32] {
      var marks: [UInt32] = []
      while let event = pop() { marks.append(event.mark) }
      return marks
    }
  }

  @Test func leavesInTheOrderOfTime() {
    var bench = Bench(capacity: 5)
    for (mark, time) in [(1, 50), (2, 10), (3, 30), (4, 20), (5, 40)] as [(UInt32, UInt64)] {
      bench.insert(pid: 1, at: time, mark: mark)
    }
    let isFull = bench.queue.isFull
    #expect(isFull)
    #expect(bench.drain() == [2, 4, 3, 5, 1])
    let isEmpty = bench.queue.count == 0
    #expect(isEmpty)
  }

  /// Without the sequence in the key, raw events that are searched from the root would come out in any order.
  @Test func equalTimesKeepTheOrderOfArrival() {
    var bench = Bench(capacity: 200)
    for mark: UInt32 in 0..<100 { bench.insert(pid: mark % 3 + 1, at: 9, mark: mark) }
    for mark: UInt32 in 100..<150 { bench.insert(pid: 7, at: 20, mark: mark) }
    for mark: UInt32 in 150..<200 { bench.insert(pid: mark % 3 + 1, at: 9, mark: mark) }
    #expect(bench.drain() == Array(0..<100) + Array(150..<200) + Array(100..<150))
  }

  @Test func equalTimesKeepTheOrderOfArrivalWithinAProcess() {
    var bench = Bench(capacity: 200)
    for mark: UInt32 in 0..<50 { bench.insert(pid: 5, at: 9, mark: mark) }
    for mark: UInt32 in 50..<100 { bench.insert(pid: 5, at: 20, mark: mark) }
    for mark: UInt32 in 100..<150 { bench.insert(pid: 5, at: 9, mark: mark) }
    var marks: [UInt32] = []
    var next = unsafe bench.queue.oldest
    while let event = unsafe next {
      unsafe marks.append(event.pointee.cpu)
      unsafe next = bench.queue.successor(of: event)
    }
    #expect(marks == Array(0..<50) + Array(100..<150) + Array(50..<100))
  }

  @Test func aSuccessorIsOfTheSameProcess() {
    var bench = Bench(capacity: 8)
    bench.insert(pid: 1, at: 1, mark: 1)
    bench.insert(pid: 2, at: 2, mark: 2)
    bench.insert(pid: 1, at: 4, mark: 3)
    bench.insert(pid: 1, at: 3, mark: 4)
    let first = unsafe bench.queue.oldest!
    let second = unsafe bench.queue.successor(of: first)!
    #expect(unsafe second.pointee.cpu == 4)
    let third = unsafe bench.queue.successor(of: second)!
    #expect(unsafe third.pointee.cpu == 3)
    let none = unsafe bench.queue.successor(of: third) == nil
    #expect(none)
  }

  /// Compares the queue with an array, with nearly sorted and with random times, few pids and many.
  @Test(arguments: 1...30 as ClosedRange<UInt64>)
  func agreesWithASortedArray(seed: UInt64) {
    var random = SplitMix64(seed)
    var bench = Bench(capacity: 256)
    var model: [(timeNS: UInt64, pid: UInt32, mark: UInt32)] = []
    let (disorder, pids) = (seed % 3 == 0 ? 2000 : 6, seed % 2 == 0 ? 3 : 300)
    for mark: UInt32 in 1...6000 {
      if bench.queue.isFull || random.below(100) < 48, let oldest = model.first {
        let popped = bench.pop()!
        #expect(popped == (oldest.pid, oldest.timeNS, oldest.mark))
        model.removeFirst()
      }
      let timeNS = UInt64(mark) / 2 + UInt64(random.below(disorder))
      let pid = UInt32(random.below(pids) + 1)
      bench.insert(pid: pid, at: timeNS, mark: mark)
      model.insert((timeNS, pid, mark), at: model.lastIndex { $0.timeNS <= timeNS }.map { $0 + 1 } ?? 0)
      guard mark % 16 == 0 else { continue }
      let isSound = bench.queue.checkInvariants()
      #expect(isSound)
    }
    #expect(bench.drain() == model.map(\.mark))
  }
}
