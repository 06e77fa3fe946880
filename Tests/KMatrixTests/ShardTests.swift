import Testing

@testable import kmatrix

@Suite struct ShardTests {
  private let items = (0..<23).map { index in
    WorkItem(
      image: KernelImage(
        release: "6.\(index)", series: "6.\(index)", flavour: "cloud", path: "", replaces: nil, expectations: []),
      cost: Double((index * 7) % 11) + 1)
  }

  @Test(arguments: [1, 2, 3, 5, 23, 40]) func shardsPartitionExactly(_ count: Int) throws {
    let shards = try (1...count).map { try #require(Shard("\($0)/\(count)")).select(from: items) }
    #expect(shards.flatMap { $0 }.map(\.title).sorted() == items.map(\.title).sorted())
    let costs = shards.map { $0.reduce(0) { $0 + $1.cost } }
    let dearest = items.map(\.cost).max() ?? 0
    #expect((costs.max() ?? 0) - (costs.min() ?? 0) <= dearest, "greedy shards differ by one item at most")
  }

  @Test func theOrderGivenDoesNotMatter() throws {
    let shard = try #require(Shard("2/3"))
    let straight = shard.select(from: items).map(\.title)
    #expect(Set(straight) == Set(shard.select(from: items.reversed()).map(\.title)))
  }

  @Test func theNegativeRowIsAnItemOfItsOwn() throws {
    let kernel = items[0]
    let negative = WorkItem(image: kernel.image, isNegative: true, cost: 2)
    let parts = try ["1/2", "2/2"].map { try #require(Shard($0)).select(from: [kernel, negative]) }
    #expect(parts.map(\.count) == [1, 1])
  }

  @Test(arguments: [
    "", "1", "0/2", "3/2", "1/0", "a/b", "1/2/3", "-1/2", "1/1001", "1/9223372036854775807",
  ]) func badShards(_ text: String) {
    #expect(Shard(text) == nil)
  }

  @Test func mergeJoinsAndSorts() throws {
    let one = FakeRun.results([FakeRun.kernel("6.12.0", .pass)], shards: ["1/2"])
    let two = FakeRun.results([FakeRun.kernel("6.1.0", .fail), FakeRun.kernel("5.10.0", .pass)], shards: ["2/2"])
    let merged = try MatrixMerge.merge([("a", one), ("b", two)])
    #expect(merged.kernels.map(\.release) == ["5.10.0", "6.1.0", "6.12.0"])
    #expect(merged.shards == ["1/2", "2/2"])
  }

  @Test func mergeRefusesWhatWouldLoseSomething() {
    func message(_ parts: [MatrixResults]) -> String? {
      let named = parts.enumerated().map { ("part\($0.offset)", $0.element) }
      return #expect(throws: KMatrixError.self) { try MatrixMerge.merge(named) }?.message
    }
    let one = FakeRun.results([FakeRun.kernel("6.1.0", .pass)], shards: ["1/2"])
    let three = FakeRun.results([FakeRun.kernel("6.2.0", .pass)], shards: ["1/3"])
    #expect(message([one, one]) == "merge: 6.1.0 is in both part0 and part1")
    #expect(message([one]) == "merge: shard 2/2 is missing")
    #expect(message([one, three]) == "merge: shard 1/3 belongs to another split than 1/2")
    #expect(message([]) == "merge: nothing to merge")
    let odd = FakeRun.results([FakeRun.kernel("6.3.0", .pass)], shards: ["one"])
    #expect(message([odd]) == "merge: \"one\" is not the name of a shard")
  }

  @Test func costsAreLearnt() throws {
    var table = CostTable()
    #expect(table.cost(series: "6.1", flavour: "cloud") == 30)
    table.learn(from: FakeRun.results([FakeRun.kernel("6.1.0", .pass, seconds: 12), FakeRun.kernel("7.1.0", .fail)]))
    #expect(table.seconds == ["6.1-cloud": 10])
    table.learn(from: FakeRun.results([FakeRun.kernel("6.1.0", .pass, seconds: 13)]))
    #expect(table.cost(series: "6.1", flavour: "cloud") == 10, "a small change is noise")
    var negative = FakeRun.kernel("7.3.0", .pass, seconds: 72)
    negative.negative = true
    #expect(table.negativeCost(of: items[0].image) == 60, "twice an unknown kernel")
    table.learn(from: FakeRun.results([negative]))
    #expect(table.seconds == ["6.1-cloud": 10, "negative": 60])
    var busy = FakeRun.kernel("7.3.0", .pass, seconds: 12)
    busy.boots[0].slowdown = 3
    table.learn(from: FakeRun.results([busy]))
    #expect(table.seconds["7.3-cloud"] == 4, "by what the machine was like at that boot")
    #expect(table.negativeCost(of: items[0].image) == 60)
    let scratch = try TemporaryFolder()
    try scratch.write(String(decoding: try table.encoded(), as: UTF8.self), to: "costs.json")
    #expect(try CostTable(contentsOf: scratch.file("costs.json")) == table)
    try scratch.write("[]", to: "costs.json")
    #expect(throws: KMatrixError.self) { try CostTable(contentsOf: scratch.file("costs.json")) }
    #expect(try CostTable(contentsOf: scratch.file("absent.json")) == CostTable())
  }
}
