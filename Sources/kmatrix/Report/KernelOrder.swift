import Foundation

/// The order of releases: 5.10 before 6.1 before 6.12.
enum KernelOrder {
  static func isOlder(_ left: String, _ right: String) -> Bool {
    left.compare(right, options: .numeric) == .orderedAscending
  }
}

extension KernelResult {
  /// Rows from the oldest kernel to the newest, the negative one at the end.
  static func isOlder(_ left: KernelResult, _ right: KernelResult) -> Bool {
    left.negative == right.negative ? KernelOrder.isOlder(left.release, right.release) : right.negative
  }
}
