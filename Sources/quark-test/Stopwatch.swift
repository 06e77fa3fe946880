import Synchronization

/// What this process spent, in milliseconds: opening queues of its own, and closing them.
struct Stopwatch: ~Copyable {
  static let opening = Stopwatch()
  static let closing = Stopwatch()

  private let sum = Atomic<Int>(0)

  func add(_ milliseconds: Int) { sum.add(milliseconds, ordering: .relaxed) }

  var milliseconds: Int { sum.load(ordering: .relaxed) }
}
