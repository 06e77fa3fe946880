import Glibc

/// Shell patterns, as fnmatch(3) has them.
enum Glob {
  static func matches(_ pattern: String, _ text: String) -> Bool {
    unsafe fnmatch(pattern, text, 0) == 0  // safe: both strings outlive the call
  }
}
