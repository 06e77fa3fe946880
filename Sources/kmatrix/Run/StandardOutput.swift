import Foundation
import Glibc

/// Where progress and summaries go. A reader that went away is no reason to stop.
enum StandardOutput {
  static func write(_ text: String) {
    try? FileHandle.standardOutput.write(contentsOf: Data(text.utf8))
  }

  static func line(_ text: String = "") {
    write(text + "\n")
  }

  /// Whether it is a terminal that understands cursor movements.
  static var isTerminal: Bool {
    let term = ProcessInfo.processInfo.environment["TERM"] ?? "dumb"
    return isatty(STDOUT_FILENO) == 1 && term != "dumb"
  }

  static var hasColour: Bool {
    isTerminal && (ProcessInfo.processInfo.environment["NO_COLOR"] ?? "").isEmpty
  }

  /// Columns and rows of the terminal; 80 × 24 if it does not say.
  static var size: (columns: Int, rows: Int) {
    var size = winsize()
    // Safe: the kernel fills in exactly one winsize.
    guard unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
      return (80, 24)
    }
    return (Int(size.ws_col), Int(size.ws_row))
  }
}
