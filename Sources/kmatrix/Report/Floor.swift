/// How much of the matrix must have passed, whatever became of the archives: `12/9` is at least 12 kernels of at least
/// 9 series. If the archive has lost a kernel, the floor does not hold, however many others passed.
struct Floor: Codable, Sendable, Equatable, CustomStringConvertible {
  var kernels: Int
  var series: Int

  var description: String { "\(kernels)/\(series)" }

  /// Reads `KERNELS/SERIES`.
  init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 2, let kernels = parts[0], let series = parts[1], series >= 1, kernels >= series else {
      return nil
    }
    self.kernels = kernels
    self.series = series
  }

  /// What is wrong with `results`, and each kernel that did not pass; empty if they stand on the floor.
  func complaints(_ results: [KernelResult]) -> [String] {
    let tested = results.filter { !$0.negative }
    let passed = tested.filter { $0.verdict == .pass }
    let passedSeries = Set(passed.map(\.series)).count
    // A skip without a boot: the image could not be had.
    let isWhole = !tested.contains { $0.verdict == .skip && $0.boots.isEmpty }
    if passed.count >= kernels, passedSeries >= series, isWhole { return [] }
    let head = "Below the floor of \(kernels) kernels of \(series) series: \(passed.count) of \(passedSeries) passed"
    return [head] + tested.filter { $0.verdict != .pass }.map { kernel in
      let reason = kernel.reasons.first.map { ": \($0)" } ?? ""
      return "  \(kernel.title): \(kernel.verdict.rawValue)\(reason)"
    }
  }
}
