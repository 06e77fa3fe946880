/// Joins the results of shards into those of one run.
enum MatrixMerge {
  /// A kernel in two of them is an error, for one of the two results would be lost; so is a shard that is missing,
  /// for its kernels would be silent.
  static func merge(_ parts: [(name: String, results: MatrixResults)]) throws(KMatrixError) -> MatrixResults {
    guard var merged = parts.first?.results else { throw .usage("merge: nothing to merge") }
    var origin: [String: String] = [:]
    for part in parts {
      for kernel in part.results.kernels {
        if let other = origin.updateValue(part.name, forKey: kernel.title) {
          throw .usage("merge: \(kernel.title) is in both \(other) and \(part.name)")
        }
      }
    }
    let all = parts.map(\.results)
    merged.shards = all.flatMap(\.shards)
    try requireAllShards(merged.shards)
    merged.started = all.map(\.started).min() ?? merged.started
    merged.finished = all.map(\.finished).max() ?? merged.finished
    merged.host.slowdown = all.map(\.host.slowdown).max() ?? merged.host.slowdown
    let fetches = all.compactMap(\.fetchSeconds)
    merged.fetchSeconds = fetches.isEmpty ? nil : fetches.reduce(0, +)
    if Set(all.map(\.seed)).count > 1 { merged.seed = nil }
    merged.interrupted = all.contains(where: \.interrupted)
    merged.kernels = all.flatMap(\.kernels).sorted(by: KernelResult.isOlder)
    return merged
  }

  private static func requireAllShards(_ names: [String]) throws(KMatrixError) {
    let shards = names.compactMap { Shard($0) }
    guard let count = shards.first?.count else { return }
    if let odd = shards.first(where: { $0.count != count }) {
      throw .usage("merge: shard \(odd) is of another split than 1/\(count)")
    }
    for index in 1...count where !shards.contains(where: { $0.index == index }) {
      throw .usage("merge: shard \(index)/\(count) is missing")
    }
  }
}
