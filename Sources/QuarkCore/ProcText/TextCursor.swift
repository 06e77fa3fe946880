/// Reads ASCII text from its beginning. A number is valid only if a blank or a newline follows it: without one the text
/// may have been cut inside the number.
struct TextCursor: ~Escapable {
  let text: Span<UInt8>
  /// The offset of the next byte to read.
  private(set) var offset = 0

  @_lifetime(copy text)
  init(_ text: Span<UInt8>) { self.text = text }

  /// The next line without its newline, as a range of the text; nil when no whole line is left.
  @_lifetime(self: copy self)
  mutating func nextLine() -> Range<Int>? {
    var end = offset
    while end < text.count, text[end] != UInt8(ascii: "\n") { end += 1 }
    guard end < text.count else { return nil }
    defer { offset = end + 1 }
    return offset..<end
  }

  /// Skips everything before the next blank or newline, or before the end.
  @_lifetime(self: copy self)
  mutating func skipWord() {
    while offset < text.count, !Self.isSpace(text[offset]) { offset += 1 }
  }

  @_lifetime(self: copy self)
  mutating func skipBlanks() {
    while offset < text.count, Self.isSpace(text[offset]), text[offset] != UInt8(ascii: "\n") { offset += 1 }
  }

  /// The next word on this line as a number; nil if it is not a number or is too large. The word is read in any case.
  @_lifetime(self: copy self)
  mutating func number(radix: UInt64 = 10) -> UInt64? {
    skipBlanks()
    let start = offset
    skipWord()
    guard offset > start, offset < text.count else { return nil }
    return text.extracting(start..<offset).number(radix: radix)
  }

  /// The same for 32 bits.
  @_lifetime(self: copy self)
  mutating func number32() -> UInt32? { number().flatMap { UInt32(exactly: $0) } }

  static func isSpace(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\n")
  }
}

extension Span where Element == UInt8 {
  /// The whole text as a number: digits, lower or upper case, and nothing else. Otherwise nil, also if it is empty or
  /// the number is too large.
  func number(radix: UInt64 = 10) -> UInt64? {
    guard !isEmpty else { return nil }
    var value: UInt64 = 0
    for index in indices {
      guard let digit = Self.digit(self[index]), digit < radix else { return nil }
      let (product, overflow) = value.multipliedReportingOverflow(by: radix)
      let (sum, carry) = product.addingReportingOverflow(digit)
      guard !overflow, !carry else { return nil }
      value = sum
    }
    return value
  }

  /// True if the bytes from `start` on begin with `prefix`.
  func has(_ prefix: StaticString, at start: Int = 0) -> Bool {
    let length = prefix.utf8CodeUnitCount
    guard start >= 0, start <= count, count - start >= length else { return false }
    for index in 0..<length {
      // Safe: `index` is below the number of the literal's bytes, which live for ever.
      guard unsafe self[start + index] == prefix.utf8Start[index] else { return false }
    }
    return true
  }

  /// The index of the last `byte` in it.
  func lastIndex(of byte: UInt8) -> Int? {
    var index = count
    while index > 0 {
      index -= 1
      if self[index] == byte { return index }
    }
    return nil
  }

  private static func digit(_ byte: UInt8) -> UInt64? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(byte - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(byte - UInt8(ascii: "a") + 10)
    case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt64(byte - UInt8(ascii: "A") + 10)
    default: nil
    }
  }
}
