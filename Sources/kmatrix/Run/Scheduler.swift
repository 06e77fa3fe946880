import ArgumentParser

/// Runs the rows of the matrix, `jobs` at a time, the costliest first.
struct Scheduler: Sendable {
  /// The most guests that may run at a time.
  static let jobLimit = 1000

  var booter: Booter
  var command: GuestCommand
  var jobs: Int
  var view: any RunView

  /// Returns results in the order of `items`. If the task is cancelled, guests are ended, and rows that have not run
  /// are NOT-RUN.
  func run(_ items: [WorkItem]) async throws -> [KernelResult] {
    var results = [KernelResult?](repeating: nil, count: items.count)
    var waiting = items.indices.sorted { WorkItem.isCostlier(items[$0], items[$1]) }[...]
    try await withThrowingTaskGroup(of: (Int, KernelResult).self) { group in
      func startNext() {
        guard !Task.isCancelled, let row = waiting.popFirst() else { return }
        group.addTask { (row, try await run(items[row], row: row)) }
      }
      for _ in 0..<jobs { startNext() }
      while let (row, result) = try await group.next() {
        results[row] = result
        await view.note(row: row, .finished(result))
        startNext()
      }
    }
    return zip(items, results).map { item, result in
      result ?? Self.notRun(item, .notRun, "the run was ended before this kernel's turn")
    }
  }

  private func run(_ item: WorkItem, row: Int) async throws -> KernelResult {
    if let obstacle = item.obstacle { return Self.notRun(item, item.obstacleVerdict, obstacle) }
    var runner = KernelRunner(booter: booter, command: item.isNegative ? NegativeBoot.command : command)
    if item.isNegative { runner.booter.budget.limits = NegativeBoot.limits(booter.budget.limits) }
    let view = view
    let result = try await runner.run(item.image, name: item.fileName) { await view.note(row: row, $0) }
    return item.isNegative ? NegativeBoot.judged(result) : result
  }

  static func notRun(_ item: WorkItem, _ verdict: Verdict, _ reason: String) -> KernelResult {
    var result = KernelJudge(item.image).result()
    result.negative = item.isNegative
    result.verdict = verdict
    result.reasons = [reason]
    // The summary lists the reasons of failures only, so the reason of a skip becomes a note.
    if verdict == .skip { result.notes.append(reason) }
    return result
  }
}

/// One row of the matrix: a kernel to be tested, or the row whose tests go wrong on purpose.
struct WorkItem: Sendable, Equatable {
  var image: KernelImage
  var isNegative = false
  var cost: Double
  /// Why the kernel cannot be booted, if its image could not be fetched.
  var obstacle: String?
  /// The verdict of a row with an obstacle. A kernel whose whole series has left the archive is skipped, because
  /// nothing here can bring it back, and main must not turn red because of it. With --locked it is a failure.
  var obstacleVerdict = Verdict.infra

  var title: String { isNegative ? "negative: \(image.release)" : image.release }
  /// What the names of its log files begin with.
  var fileName: String { isNegative ? "negative-\(image.release)" : image.release }

  /// Sorts the costliest row first, which keeps all jobs busy until the end. Titles decide between equal costs, so that
  /// the order is always the same.
  static func isCostlier(_ left: WorkItem, _ right: WorkItem) -> Bool {
    (left.cost, right.title) > (right.cost, left.title)
  }
}

/// Part `index` of `count` of the matrix.
struct Shard: Sendable, Equatable, CustomStringConvertible {
  var index: Int
  var count: Int

  var description: String { "\(index)/\(count)" }

  /// More shards than any matrix has kernels. Each costs memory when the matrix is split.
  private static let limit = 1000

  /// Reads `I/N`, both from 1.
  init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 2, let index = parts[0], let count = parts[1], (1...Self.limit).contains(count),
      (1...count).contains(index)
    else { return nil }
    self.index = index
    self.count = count
  }

  /// The items of this shard, in the given order. The costliest item that is left always goes to the cheapest shard, so
  /// every shard computes the same split.
  func select(from items: [WorkItem]) -> [WorkItem] {
    var load = [Double](repeating: 0, count: count)
    var chosen: Set<String> = []
    for item in items.sorted(by: WorkItem.isCostlier) {
      let cheapest = load.indices.min { load[$0] < load[$1] } ?? 0
      load[cheapest] += item.cost
      if cheapest == index - 1 { chosen.insert(item.title) }
    }
    return items.filter { chosen.contains($0.title) }
  }
}

extension Shard: ExpressibleByArgument {
  init?(argument: String) {
    self.init(argument)
  }
}
