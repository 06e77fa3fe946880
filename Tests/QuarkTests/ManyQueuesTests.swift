import Foundation
import Quark
import Synchronization
import Testing

/// Queues are opened and closed on several threads at once. Queues with a backend need a guest, and are not tested
/// here.
@Suite struct ManyQueuesTests {
  @Test func atOnce() async throws {
    let expected = try Self.count()
    try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<8 { group.addTask { try (0..<5).map { _ in try Self.count() }.max()! } }
      for try await count in group { #expect(count == expected) }
    }
  }

  /// A queue that fails to open must release the lock, too.
  private static func count() throws -> Int {
    var wrong = Queue.Attributes()
    wrong.replay = "/nonexistent"
    #expect(throws: QuarkError.self) { _ = try Queue(wrong) }
    var queue = try Queue(Recording.attributes)
    var count = 0
    try QueueFaceTests.drain(&queue) { _ in count += 1 }
    return count
  }
}
