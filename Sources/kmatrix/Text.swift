import Foundation
import Glibc
import Synchronization
import SystemPackage

/// Writes to standard output. It is not an error if the reader has ended; any other failure is reported at the end,
/// when everything else is done.
enum StandardOutput {
  private static let failure = Mutex<String?>(nil)

  static func write(_ text: String) {
    do {
      try FileDescriptor.standardOutput.writeAll(text.utf8)
    } catch {
      if (error as? Errno) == .brokenPipe { return }
      failure.withLock { $0 = $0 ?? error.reason }
    }
  }

  /// Throws the error of the first failed write.
  static func requireWritten() throws(KMatrixError) {
    if let reason = failure.withLock({ $0 }) { throw .infrastructure("standard output: cannot be written: \(reason)") }
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

  /// Columns and rows of the terminal; 80 × 24 if they are not known.
  static var size: (columns: Int, rows: Int) { terminalSize(STDOUT_FILENO) }

  static func terminalSize(_ descriptor: CInt) -> (columns: Int, rows: Int) {
    var size = winsize()
    // Safe: the kernel fills in exactly one winsize.
    guard unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
      return (80, 24)
    }
    return (Int(size.ws_col), Int(size.ws_row))
  }
}

/// Removes terminal escapes and control characters from a guest's text, so that it can be shown.
enum TerminalText {
  static func plain(_ text: String) -> String {
    var result = String.UnicodeScalarView()
    var scalars = text.unicodeScalars.makeIterator()
    while let scalar = scalars.next() {
      if scalar == "\u{1b}" {
        skipEscape(&scalars)
      } else if scalar == "\t" || scalar == "\n" || scalar.value >= 0x20 && !(0x7f...0x9f).contains(scalar.value) {
        result.append(scalar)
      }
    }
    return String(result)
  }

  /// As above, and in one line.
  static func line(_ text: String) -> String {
    plain(text).split(whereSeparator: \.isNewline).joined(separator: " ")
  }

  /// Skips a control sequence `ESC [ … letter`, or the one character after any other `ESC`.
  private static func skipEscape(_ scalars: inout String.UnicodeScalarView.Iterator) {
    guard scalars.next() == "[" else { return }
    while let scalar = scalars.next(), !(0x40...0x7e).contains(scalar.value) {}
  }
}

/// Makes command lines that can be pasted into a shell.
enum Shell {
  static func line(_ words: [String]) -> String {
    words.map(quoted).joined(separator: " ")
  }

  static func quoted(_ word: String) -> String {
    let plain = word.unicodeScalars.allSatisfy { scalar in
      scalar.isASCII && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil
        || "-_./=:,@+%".unicodeScalars.contains(scalar))
    }
    if plain, !word.isEmpty { return word }
    // Scalar by scalar: a quote with an accent on it is another character, but still ends the quoting.
    return "'" + word.unicodeScalars.map { $0 == "'" ? #"'\''"# : String($0) }.joined() + "'"
  }
}

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

extension Int {
  /// In megabytes (10⁶ bytes), as the sizes of downloads are usually given.
  var megabytes: String { "\((self + 500_000) / 1_000_000) MB" }
}

extension [String] {
  /// `a, b and c`.
  var list: String {
    count < 2 ? joined() : dropLast().joined(separator: ", ") + " and " + self[count - 1]
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

extension String {
  func dropping(prefix: String) -> Substring? {
    hasPrefix(prefix) ? dropFirst(prefix.count) : nil
  }

  func dropping(suffix: String) -> Substring? {
    hasSuffix(suffix) ? dropLast(suffix.count) : nil
  }

  func lastRange(of other: String) -> Range<Index>? {
    ranges(of: other).last
  }
}
