import Foundation

extension String {
  /// Cut or padded with blanks to `width` characters.
  func fitted(to width: Int) -> String {
    if count > width { return width > 1 ? prefix(width - 1) + "…" : String(prefix(width)) }
    return self + String(repeating: " ", count: width - count)
  }

  func leftPadded(to width: Int) -> String {
    String(repeating: " ", count: max(0, width - count)) + self
  }
}

extension Double {
  /// `3.2 s`
  var asSeconds: String { String(format: "%.1f s", self) }

  /// `2:05`
  var asClock: String {
    let seconds = Int(rounded())
    return "\(seconds / 60):" + String(format: "%02d", seconds % 60)
  }
}
