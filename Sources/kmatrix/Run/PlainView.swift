/// One line per event, for logs and CI.
actor PlainView: RunView {
  private var titles: [String] = []
  private var finished = 0

  func start(titles: [String], jobs: Int) {
    self.titles = titles
    StandardOutput.line("\(titles.count) \(titles.count == 1 ? "kernel" : "kernels"), \(jobs) at a time")
  }

  func note(row: Int, _ event: RunEvent) {
    switch event {
    case .booting(let boot): StandardOutput.line("\(titles[row]): booting\(boot > 1 ? " (boot \(boot))" : "")")
    case .testing: break
    case .finished(let result):
      finished += 1
      StandardOutput.line("[\(finished)/\(titles.count)] \(titles[row]): \(Self.summary(result))")
    }
  }

  func tick() {}
  func finish() {}

  private static func summary(_ result: KernelResult) -> String {
    let first = result.reasons.first.map { ": \($0)" } ?? ""
    return "\(result.verdict.rawValue) (\(Tally(result)), \(result.seconds.asSeconds))\(first)"
  }
}
