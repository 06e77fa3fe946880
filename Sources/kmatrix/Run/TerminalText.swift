/// Makes text of a guest fit to be shown: no terminal escapes, no control characters.
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

  /// A control sequence `ESC [ … letter`, or the one character after any other `ESC`.
  private static func skipEscape(_ scalars: inout String.UnicodeScalarView.Iterator) {
    guard scalars.next() == "[" else { return }
    while let scalar = scalars.next(), !(0x40...0x7e).contains(scalar.value) {}
  }
}
