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
