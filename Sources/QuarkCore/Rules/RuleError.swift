/// An error in a text of rules, and its place.
public struct RuleError: Error, Sendable {
  /// From 1, like the column, which counts bytes.
  public let line: Int
  public let column: Int
  /// What was found and what was expected, in one line of printable ASCII.
  public let message: String

  init(_ place: RulePlace, _ message: String) {
    line = place.line
    column = place.column
    self.message = message
  }

  /// The whole message: `bad number: "x": invalid at line 3 column 16`.
  public var description: String { "\(message) at line \(line) column \(column)" }
}

/// A place in a text of rules.
struct RulePlace {
  var line: Int
  var column: Int
}
