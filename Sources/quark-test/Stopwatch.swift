import Synchronization

/// The time that this process needed to open and to close its own queues, in milliseconds.
struct Stopwatch: ~Copyable {
  static let opening = Stopwatch()
  static let closing = Stopwatch()

  private let sum = Atomic<Int>(0)

  func add(_ milliseconds: Int) { sum.add(milliseconds, ordering: .relaxed) }

  var milliseconds: Int { sum.load(ordering: .relaxed) }
}
