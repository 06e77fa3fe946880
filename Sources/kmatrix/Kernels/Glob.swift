import Glibc

/// A shell pattern, as fnmatch(3) has it.
struct Glob: Sendable, Hashable {
  var pattern: String

  func matches(_ text: String) -> Bool {
    // Safe: both strings are NUL-terminated copies that outlive the call.
    unsafe fnmatch(pattern, text, 0) == 0
  }

  /// The patterns of a comma-separated list, blanks around them dropped.
  static func list(_ text: String) -> [Glob] {
    text.split(separator: ",").map { Glob(pattern: $0.trimmingSpaces) }.filter { !$0.pattern.isEmpty }
  }
}

extension StringProtocol {
  var trimmingSpaces: String {
    let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
    guard let first = firstIndex(where: { !isBlank($0) }), let last = lastIndex(where: { !isBlank($0) }) else {
      return ""
    }
    return String(self[first...last])
  }
}
