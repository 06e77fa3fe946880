/// A token of a text of rules. If it is a string, the lexer has its bytes.
struct RuleToken {
  enum Kind {
    case keyword(RuleKeyword)
    case string
    case newline
    case end
  }

  let kind: Kind
  /// The place of its first byte.
  let place: RulePlace
  /// Why a word that is spelled like a keyword is not one; empty for other words.
  var reason: StaticString = ""

  var isEndOfRule: Bool {
    switch kind {
    case .newline, .end: true
    case .keyword, .string: false
    }
  }
}

/// The words that mean something by themselves, as they are spelled.
enum RuleKeyword {
  case pass, drop, on, any
  /// `poison` is one of these, and an action, too.
  case condition(RuleCondition)

  var name: String {
    switch self {
    case .pass: "pass"
    case .drop: "drop"
    case .on: "on"
    case .any: "any"
    case .condition(let condition): unsafe condition.word.map { unsafe String(cString: $0) } ?? ""
    }
  }

  init?(_ word: Span<UInt8>) {
    if word.isSame("pass") {
      self = .pass
    } else if word.isSame("drop") {
      self = .drop
    } else if word.isSame("on") {
      self = .on
    } else if word.isSame("any") {
      self = .any
    } else {
      guard let condition = RuleCondition(word) else { return nil }
      self = .condition(condition)
    }
  }
}

extension Span<UInt8> {
  fileprivate func isSame(_ word: StaticString) -> Bool { count == word.utf8CodeUnitCount && has(word) }
}
