/// Splits a text of rules into words and ends of lines.
///
/// Blanks and tabs separate words. A `#` that is neither quoted nor escaped begins a comment, even inside a word. A `"`
/// begins or ends quoting anywhere in a word. A backslash makes the next byte a part of the word, even inside quotes;
/// at the end of a line it joins the next line. A word that is partly quoted or joined is not a keyword.
struct RuleLexer: ~Escapable {
  private let text: Span<UInt8>
  /// The offset of the next byte to read.
  private var offset = 0
  private var line = 1
  /// The offset of the beginning of the line.
  private var lineStart = 0
  /// The last word, without quotes and escapes.
  private(set) var word: [UInt8] = []

  /// The maximum number of bytes in a word.
  static var wordLimit: Int { 4095 }

  @_lifetime(copy text)
  init(_ text: Span<UInt8>) { self.text = text }

  private var place: RulePlace { RulePlace(line: line, column: offset - lineStart + 1) }

  @_lifetime(self: copy self)
  mutating func next() throws(RuleError) -> RuleToken {
    while true {
      while offset < text.count, Self.isBlank(text[offset]) { offset += 1 }
      let place = place
      guard offset < text.count else { return RuleToken(kind: .end, place: place) }
      if text[offset] == UInt8(ascii: "#") { try skipComment() }
      guard offset < text.count else { return RuleToken(kind: .end, place: place) }
      if text[offset] == UInt8(ascii: "\n") {
        endLine()
        return RuleToken(kind: .newline, place: place)
      }
      if let token = try nextWord(at: place) { return token }
    }
  }

  /// Skips a comment up to the end of the line, which is read next.
  @_lifetime(self: copy self)
  private mutating func skipComment() throws(RuleError) {
    while offset < text.count, text[offset] != UInt8(ascii: "\n") {
      if text[offset] == 0 { throw RuleError(place, Self.nulMessage) }
      offset += 1
    }
  }

  @_lifetime(self: copy self)
  private mutating func endLine() {
    offset += 1
    line += 1
    lineStart = offset
  }

  /// Nil if there is only a joined line and no word.
  @_lifetime(self: copy self)
  private mutating func nextWord(at place: RulePlace) throws(RuleError) -> RuleToken? {
    word.removeAll(keepingCapacity: true)
    var (isQuoted, isJoined) = (false, false)
    var openQuote: RulePlace?
    reading: while offset < text.count {
      let byte = text[offset]
      switch byte {
      case 0: throw RuleError(self.place, Self.nulMessage)
      case UInt8(ascii: "\\"):
        if try readEscaped(in: place) { isJoined = true }
        continue
      case UInt8(ascii: "\""):
        isQuoted = true
        openQuote = openQuote == nil ? self.place : nil
      case UInt8(ascii: "\n"): break reading
      case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "#"):
        if openQuote == nil { break reading }
        try append(byte, in: place)
      default: try append(byte, in: place)
      }
      offset += 1
    }
    if let openQuote { throw RuleError(openQuote, "unterminated quotes in column \(openQuote.column)") }
    if word.isEmpty, !isQuoted { return nil }
    guard let keyword = RuleKeyword(word.span) else { return RuleToken(kind: .string, place: place) }
    if isQuoted { return RuleToken(kind: .string, place: place, reason: ", quoted and so no keyword") }
    if isJoined { return RuleToken(kind: .string, place: place, reason: ", joined to another line and so no keyword") }
    return RuleToken(kind: .keyword(keyword), place: place)
  }

  /// Reads a backslash and the byte after it. True if this joins two lines.
  @_lifetime(self: copy self)
  private mutating func readEscaped(in wordPlace: RulePlace) throws(RuleError) -> Bool {
    guard offset + 1 < text.count else {
      throw RuleError(place, "unterminated escape in column \(place.column)")
    }
    offset += 1
    let byte = text[offset]
    if byte == 0 { throw RuleError(place, Self.nulMessage) }
    if byte == UInt8(ascii: "\n") {
      endLine()
      return true
    }
    try append(byte, in: wordPlace)
    offset += 1
    return false
  }

  @_lifetime(self: copy self)
  private mutating func append(_ byte: UInt8, in place: RulePlace) throws(RuleError) {
    guard word.count < Self.wordLimit else { throw RuleError(place, "a word of more than \(Self.wordLimit) bytes") }
    word.append(byte)
  }

  private static var nulMessage: String { "unallowed character NUL" }

  private static func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
}
