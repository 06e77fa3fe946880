/// A line of /etc/passwd or /etc/group (passwd(5), group(5)): `name:password:id:`, and in /etc/passwd then the group
/// id.
public struct AccountLine: Equatable, Sendable {
  /// The range of the name in the text.
  public var name: Range<Int>
  public var id: UInt32
  /// Nil if there is none, or if it is not a number.
  public var groupID: UInt32?

  /// True if the line has this name. `text` is the text from which the line was read.
  public func isNamed(_ name: StaticString, in text: Span<UInt8>) -> Bool {
    self.name.count == name.utf8CodeUnitCount && text.has(name, at: self.name.lowerBound)
  }

  /// Calls `body` with each valid line. Comments, and lines without a name or an id, are skipped; the last line may
  /// lack its newline.
  public static func read(_ text: Span<UInt8>, _ body: (AccountLine) -> Void) {
    var start = 0
    while start < text.count {
      var end = start
      while end < text.count, text[end] != UInt8(ascii: "\n") { end += 1 }
      if let line = AccountLine(text, start..<end) { body(line) }
      start = end + 1
    }
  }

  private init?(_ text: Span<UInt8>, _ line: Range<Int>) {
    let name = Self.field(text, line, 0)
    guard !name.isEmpty, text[name.lowerBound] != UInt8(ascii: "#"),
      let id = Self.number(text, Self.field(text, line, 2))
    else { return nil }
    self.name = name
    self.id = id
    groupID = Self.number(text, Self.field(text, line, 3))
  }

  private static func number(_ text: Span<UInt8>, _ range: Range<Int>) -> UInt32? {
    text.extracting(range).number(radix: 10).flatMap { UInt32(exactly: $0) }
  }

  /// The text between two colons; empty after the last one.
  private static func field(_ text: Span<UInt8>, _ line: Range<Int>, _ number: Int) -> Range<Int> {
    var start = line.lowerBound
    var left = number
    while true {
      var end = start
      while end < line.upperBound, text[end] != UInt8(ascii: ":") { end += 1 }
      if left == 0 { return start..<end }
      guard end < line.upperBound else { return end..<end }
      start = end + 1
      left -= 1
    }
  }
}
