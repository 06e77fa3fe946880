import CQuark
import Testing

@testable import QuarkCore

@Suite struct SourceMergeTests {
  /// Rings with times; the pid of a record is its ring.
  struct Rings: RecordSources, ~Copyable {
    var times: [[UInt64]]
    var heads: [Int]

    init(_ times: [[UInt64]]) {
      self.times = times
      heads = times.map { _ in 0 }
    }

    var sourceCount: Int { times.count }

    func headTimeNS(of source: Int) -> UInt64? {
      heads[source] < times[source].count ? times[source][heads[source]] : nil
    }

    mutating func takeHead(of source: Int, into pipeline: inout EventPipeline) {
      pipeline.add(RAW_EXEC, pid: UInt32(source + 1), at: times[source][heads[source]])
      heads[source] += 1
    }
  }

  /// With little room, the oldest records of all rings are read: events leave in order although the queue is always
  /// full, and nothing is late.
  @Test(arguments: 1...10 as ClosedRange<UInt64>)
  func theOldestHeadFirst(seed: UInt64) {
    var random = SplitMix64(seed)
    let times = (0..<Int(seed + 1)).map { _ in (0..<300).map { _ in UInt64(random.below(3000)) + 1 }.sorted() }
    var rings = Rings(times)
    var merge = SourceMerge(sourceCount: rings.sourceCount)
    var pipeline = EventPipeline(maxLength: 9, flags: QQ_MIN_AGG)
    var delivered: [UInt64] = []
    while true {
      let taken = merge.pull(from: &rings, into: &pipeline)
      guard let event = pipeline.nextSummary(nowNS: 1 << 40) else {
        #expect(taken == 0)
        break
      }
      delivered.append(event.timeNS)
    }
    #expect(delivered == times.flatMap { $0 }.sorted())
    let stats = pipeline.statistics
    #expect(stats.late == 0 && stats.refused == 0)
  }

  @Test func equallyOldHeadsInTheOrderOfTheirSources() {
    var rings = Rings([[5, 5, 6], [5, 6], [4, 5]])
    var merge = SourceMerge(sourceCount: 3)
    var pipeline = EventPipeline(flags: QQ_MIN_AGG)
    let some = merge.pull(from: &rings, limit: 3, into: &pipeline)
    #expect(some == 3)
    let rest = merge.pull(from: &rings, into: &pipeline)
    #expect(rest == 4)
    #expect(pipeline.drain().map(\.pid) == [3, 1, 1, 2, 3, 1, 2])
  }

  @Test func noSourcesAndEmptyOnes() {
    var pipeline = EventPipeline()
    var none = Rings([])
    var merge = SourceMerge(sourceCount: 0)
    let nothing = merge.pull(from: &none, into: &pipeline)
    var empty = Rings([[], []])
    var other = SourceMerge(sourceCount: 2)
    let nothingEither = other.pull(from: &empty, into: &pipeline)
    #expect(nothing == 0 && nothingEither == 0)
  }
}
