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
