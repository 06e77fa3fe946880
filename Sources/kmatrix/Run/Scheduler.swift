import ArgumentParser

/// Runs the rows of the matrix, `jobs` at a time, the dearest first.
struct Scheduler: Sendable {
  var booter: Booter
  var command: GuestCommand
  var jobs: Int
  var view: any RunView

  /// Results in the order of `items`. Cancelling ends the guests; what had no chance is NOT-RUN.
  func run(_ items: [WorkItem]) async throws -> [KernelResult] {
    var results = [KernelResult?](repeating: nil, count: items.count)
    var waiting = items.indices.sorted { WorkItem.isDearer(items[$0], items[$1]) }[...]
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
    // No failure, whose reasons are listed anyway, but nothing to be passed over in silence.
    if verdict == .skip { result.notes.append(reason) }
    return result
  }
}

/// One row of the matrix: a kernel to be tested, or the one that goes wrong on purpose.
struct WorkItem: Sendable, Equatable {
  var image: KernelImage
  var isNegative = false
  var cost: Double
  /// Why the kernel cannot be booted: its image could not be had.
  var obstacle: String?
  /// What that makes of the row. A kernel whose whole series left the archive is skipped: nothing here can bring it
  /// back, and main must not turn red of it. With --locked it is a failure.
  var obstacleVerdict = Verdict.infra

  var title: String { isNegative ? "negative: \(image.release)" : image.release }
  /// What its log files are called.
  var fileName: String { isNegative ? "negative-\(image.release)" : image.release }

  /// The dearest first keeps all jobs busy to the end; names settle ties, so that the order is always the same.
  static func isDearer(_ left: WorkItem, _ right: WorkItem) -> Bool {
    (left.cost, right.title) > (right.cost, left.title)
  }
}

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

extension Shard: ExpressibleByArgument {
  init?(argument: String) {
    self.init(argument)
  }
}
