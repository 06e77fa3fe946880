/// What the views are told while kernels run.
enum RunEvent: Sendable {
  /// Boot number `boot`, from 1.
  case booting(boot: Int)
  /// Some tests are running, at least one.
  case testing([TestID], done: Int, total: Int)
  case finished(KernelResult)
}

/// Shows a run as it goes. `row` is the kernel's place in the list given at the start.
protocol RunView: Sendable {
  func start(titles: [String], jobs: Int) async
  func note(row: Int, _ event: RunEvent) async
  /// Called several times a second, for clocks and spinners.
  func tick() async
  /// Leaves the terminal as it was found.
  func finish() async
}
