/// What views are told while kernels run.
enum RunEvent: Sendable {
  /// Boot number `boot`, from 1.
  case booting(boot: Int)
  /// These tests are running, at least one.
  case testing([TestID], done: Int, total: Int)
  case finished(KernelResult)
}

/// Shows the progress of a run. `row` is the kernel's index in the list that `start` was given.
protocol RunView: Sendable {
  func start(titles: [String], jobs: Int) async
  func note(row: Int, _ event: RunEvent) async
  /// Called several times a second, for clocks and spinners.
  func tick() async
  /// Restores the terminal.
  func finish() async
}

/// Shows one row per kernel on a terminal, and redraws them in place.
actor LiveTable: RunView {
  private enum State {
    case waiting
    case booting(boot: Int)
    case testing([TestID], done: Int, total: Int)
    case finished(KernelResult)
  }

  private struct Row {
    var title: String
    var state = State.waiting
    var since: ContinuousClock.Instant?
  }

  private var rows: [Row] = []
  private var jobs = 1
  private var drawn = 0
  private var frame = 0
  private let clock = ContinuousClock()
  private let begin = ContinuousClock().now
  private let colour = StandardOutput.hasColour

  private static let spinner = Array("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")
  private static let hideCursor = "\u{1b}[?25l"
  private static let showCursor = "\u{1b}[?25h"

  func start(titles: [String], jobs: Int) {
    rows = titles.map { Row(title: $0) }
    self.jobs = jobs
    StandardOutput.write(Self.hideCursor)
    draw()
  }

  func note(row: Int, _ event: RunEvent) {
    if rows[row].since == nil { rows[row].since = clock.now }
    switch event {
    case .booting(let boot): rows[row].state = .booting(boot: boot)
    case .testing(let tests, let done, let total): rows[row].state = .testing(tests, done: done, total: total)
    case .finished(let result): rows[row].state = .finished(result)
    }
  }

  func tick() {
    frame += 1
    draw()
  }

  func finish() {
    draw(all: true)
    StandardOutput.write(Self.showCursor)
  }

  private func draw(all: Bool = false) {
    let size = StandardOutput.size
    let lines = [header] + visible(rows: all ? rows.count : size.rows - 3).map { line($0, columns: size.columns) }
    let up = drawn > 0 ? "\u{1b}[\(drawn)A" : ""
    // Each line is cleared as it is drawn, and so is what an earlier, longer table left below.
    StandardOutput.write("\r" + up + lines.map { $0 + "\u{1b}[K\n" }.joined() + "\u{1b}[J")
    drawn = lines.count
  }

  /// All rows if they fit. Otherwise running rows are kept first, then failed, other finished and waiting ones.
  private func visible(rows limit: Int) -> [Row] {
    guard rows.count > max(1, limit) else { return rows }
    func rank(_ row: Row) -> Int {
      switch row.state {
      case .booting, .testing: 0
      case .finished(let result): result.verdict.countedAs == .failed ? 1 : 2
      case .waiting: 3
      }
    }
    let chosen = rows.indices.sorted { (rank(rows[$0]), $0) < (rank(rows[$1]), $1) }.prefix(max(1, limit))
    return chosen.sorted().map { rows[$0] }
  }

  private var header: String {
    let done = rows.count { if case .finished = $0.state { true } else { false } }
    let time = ((clock.now - begin) / .seconds(1)).asClock
    return paint("1", "\(done)/\(rows.count) kernels · \(jobs) at a time · \(time)")
  }

  private func line(_ row: Row, columns: Int) -> String {
    let titleWidth = min(max(rows.map(\.title.count).max() ?? 0, 8), max(8, columns - 30))
    let (mark, code, text) = describe(row)
    let room = max(0, columns - titleWidth - 14)
    let title = row.title.fitted(to: titleWidth)
    return "\(paint(code, mark)) \(title)  \(paint(code, text.fitted(to: room))) \(time(row).leftPadded(to: 8))"
  }

  private func time(_ row: Row) -> String {
    if case .finished(let result) = row.state { return result.seconds.asSeconds }
    return row.since.map { ((clock.now - $0) / .seconds(1)).asSeconds } ?? ""
  }

  private func describe(_ row: Row) -> (mark: String, code: String, text: String) {
    switch row.state {
    case .waiting: return ("·", "2", "waiting")
    case .booting(let boot): return (spin, "36", boot > 1 ? "booting again (\(boot))" : "booting")
    case .testing(let tests, let done, let total):
      return (spin, "36", "\(done)/\(total) \(tests.map(\.label).joined(separator: " "))")
    case .finished(let result):
      let counts = Tally(result)
      let reason = result.reasons.first ?? result.tests.first { $0.verdict.countedAs == .failed }?.label ?? ""
      switch result.verdict.countedAs {
      case .passed: return ("✓", "32", "\(result.verdict.rawValue) \(counts.passed)")
      case .skipped: return ("–", "33", "\(result.verdict.rawValue) \(counts.skipped)")
      case .failed: return ("✗", "31", "\(result.verdict.rawValue) \(reason)")
      }
    }
  }

  private var spin: String { String(Self.spinner[frame % Self.spinner.count]) }

  private func paint(_ code: String, _ text: String) -> String {
    colour ? "\u{1b}[\(code)m\(text)\u{1b}[0m" : text
  }
}

/// Prints one line per event, for logs and CI.
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
