/// Part `index` of `count` of the matrix.
struct Shard: Sendable, Equatable, CustomStringConvertible {
  var index: Int
  var count: Int

  var description: String { "\(index)/\(count)" }

  /// Reads `I/N`, both from 1.
  init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 2, let index = parts[0], let count = parts[1], count >= 1, (1...count).contains(index) else {
      return nil
    }
    self.index = index
    self.count = count
  }

  /// The items of this shard, in the given order. The dearest item left goes to the cheapest shard, so every shard of
  /// the same items computes the same split.
  func select(from items: [WorkItem]) -> [WorkItem] {
    var load = [Double](repeating: 0, count: count)
    var chosen: Set<String> = []
    for item in items.sorted(by: WorkItem.isDearer) {
      let cheapest = load.indices.min { load[$0] < load[$1] } ?? 0
      load[cheapest] += item.cost
      if cheapest == index - 1 { chosen.insert(item.title) }
    }
    return items.filter { chosen.contains($0.title) }
  }
}
