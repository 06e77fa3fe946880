import Testing

@testable import Quark

/// The asynchronous interface, with a recording.
@Suite(.timeLimit(.minutes(15))) struct EventSequenceTests {
  static func sequence(batchLimit: Int = 256, overflow: OverflowPolicy = .wait) throws -> EventSequence {
    try Queue(Recording.single).events(batchLimit: batchLimit, overflow: overflow)
  }

  @Test(arguments: [1, 2, 7, 256]) func batchesHaveWhatQuarkMonPrints(batchLimit: Int) async throws {
    var text = ""
    for try await batch in try Self.sequence(batchLimit: batchLimit) {
      #expect((1...batchLimit).contains(batch.count) && batch.dropped == 0)
      for event in batch { text += event.text }
    }
    #expect(try text == Recording.text())
  }

  /// With `wait`, a slow reader loses nothing.
  @Test func waitingLosesNothing() async throws {
    let sequence = try Self.sequence(batchLimit: 3, overflow: .wait)
    var text = ""
    for try await batch in sequence {
      try await Task.sleep(for: .milliseconds(1))
      text += batch.map(\.text).joined()
    }
    #expect(try text == Recording.text())
  }

  /// Events that did not fit in the buffer are counted at the place where they are missing.
  @Test(arguments: [OverflowPolicy.dropOldest(bufferSize: 20_000), .dropNewest(bufferSize: 20_000)]) func droppedEventsAreCounted(overflow: OverflowPolicy)
    async throws
  {
    let count = try Recording.text().split(separator: "\n").count { $0.hasPrefix("->") }
    let sequence = try Self.sequence(batchLimit: 1, overflow: overflow)
    try await Self.untilOver(sequence)
    var (got, dropped, last) = (0, UInt64(0), UInt64(0))
    for try await batch in sequence {
      got += batch.count
      dropped += batch.dropped
      #expect(batch[0].timeNS >= last)
      last = batch[0].timeNS
    }
    #expect(got > 0 && got < count)
    // Events after the last accepted one are missing at the end, where no batch can count them.
    if case .dropOldest = overflow { #expect(got + Int(dropped) == count) } else { #expect(dropped == 0) }
  }

  /// Waits until a recording has been played to its end, without taking events.
  static func untilOver(_ sequence: EventSequence) async throws {
    while (try? sequence.statistics()) != nil { try await Task.sleep(for: .milliseconds(1)) }
  }

  @Test func aSequenceThatEndedStaysSo() async throws {
    let sequence = try Self.sequence()
    for try await _ in sequence {}
    for try await _ in sequence { Issue.record("a batch after the end") }
    await sequence.close()
    await sequence.close()
    #expect(throws: QuarkError.self) { try sequence.statistics() }
  }

  @Test func theQueueCanBeHadBetweenBatches() async throws {
    let sequence = try Self.sequence(batchLimit: 1)
    var iterator = sequence.makeAsyncIterator()
    let first = try #require(try await iterator.next(isolation: nil))
    let pid = try #require(first[0].process).pid
    let found = try sequence.withQueue { queue in
      (queue.processes[pid]?.pid, queue.processes.copies().count, queue.source)
    }
    #expect(found.0 == pid && found.1 > 0 && found.2 == .recording)
    #expect(try sequence.statistics().removals > 0)
    struct Enough: Error {}
    #expect(throws: Enough.self) { try sequence.withQueue { _ in throw Enough() } }
    await sequence.close()
  }

  /// Batches that were kept are still valid when everything else is gone.
  @Test func batchesOutliveTheSequence() async throws {
    var kept: [EventBatch] = []
    do {
      for try await batch in try Self.sequence(batchLimit: 5) { kept.append(batch) }
    }
    #expect(try kept.joined().map(\.text).joined() == Recording.text())
  }
}

/// A sequence ends before all its events were taken.
@Suite(.timeLimit(.minutes(15))) struct EventSequenceEndTests {
  /// A sequence with remaining events, whose queue waits for room.
  static func sequence() throws -> EventSequence {
    try EventSequenceTests.sequence(batchLimit: 1)
  }

  /// The task takes batches until it is cancelled: the sequence ends although there are more.
  @Test func cancellingEndsIt() async throws {
    let sequence = try Self.sequence()
    let (taken, takes) = AsyncStream.makeStream(of: Void.self)
    let task = Task {
      var count = 0
      for try await _ in sequence {
        count += 1
        takes.yield()
        // Sleep until the task is cancelled.
        if count == 3 { try? await Task.sleep(for: .seconds(3600)) }
      }
      return count
    }
    var iterator = taken.makeAsyncIterator()
    for _ in 0..<3 { await iterator.next() }
    task.cancel()
    #expect(try await task.value == 3)
    #expect(throws: QuarkError.self) { try sequence.statistics() }
  }

  @Test func closingLetsThoseGoWhoWait() async throws {
    let sequence = try Self.sequence()
    let takers = (0..<4).map { _ in
      Task {
        for try await _ in sequence { try? await Task.sleep(for: .milliseconds(5)) }
      }
    }
    try await Task.sleep(for: .milliseconds(10))
    await sequence.close()
    for taker in takers { try await taker.value }
    var iterator = sequence.makeAsyncIterator()
    #expect(try await iterator.next(isolation: nil) == nil)
  }

  @Test func aSequenceThatNobodyHasEnds() async throws {
    weak var pump: EventPump?
    do {
      let sequence = try Self.sequence()
      var iterator = sequence.makeAsyncIterator()
      _ = try await iterator.next(isolation: nil)
      pump = sequence.pump
      #expect(pump != nil)
    }
    for _ in 0..<5000 where pump != nil { try await Task.sleep(for: .milliseconds(1)) }
    #expect(pump == nil)
  }
}
