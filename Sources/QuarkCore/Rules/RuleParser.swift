internal import CQuark

/// Reads a text of rules: each line has at most one, `ACTION on any` or `ACTION on CONDITION...`.
struct RuleParser: ~Escapable {
  private var lexer: RuleLexer

  @_lifetime(copy text)
  init(_ text: Span<UInt8>) { lexer = RuleLexer(text) }

  /// Adds the rules after the existing ones. If it throws, rules of earlier lines may have been added.
  @_lifetime(self: copy self)
  @unsafe mutating func parse(into ruleset: UnsafeMutablePointer<quark_ruleset>) throws(RuleError) {
    while true {
      let token = try lexer.next()
      switch token.kind {
      case .newline: continue
      case .end: return
      case .keyword(.pass): try unsafe parseRule(QUARK_RA_PASS, into: ruleset)
      case .keyword(.drop): try unsafe parseRule(QUARK_RA_DROP, into: ruleset)
      case .keyword(.condition(let condition)) where condition.code == QUARK_RF_POISON:
        try unsafe parseRule(QUARK_RA_POISON, into: ruleset)
      default: throw unexpected(token, "pass, drop or poison")
      }
    }
  }

  /// Reads the part after the action, up to the end of the line.
  @_lifetime(self: copy self)
  private mutating func parseRule(
    _ action: quark_rule_action, into ruleset: UnsafeMutablePointer<quark_ruleset>
  ) throws(RuleError) {
    let tag = action == QUARK_RA_POISON ? try number64() : 0
    let on = try lexer.next()
    guard case .keyword(.on) = on.kind else { throw unexpected(on, "on") }
    var token = try lexer.next()
    let rule = unsafe ruleset.append(action, poisonTag: tag)
    if case .keyword(.any) = token.kind {
      token = try lexer.next()
      if !token.isEndOfRule { throw unexpected(token, "the end of the line, for any stands alone") }
      return
    }
    var expected: StaticString = "any or a condition"
    repeat {
      guard case .keyword(.condition(let condition)) = token.kind else { throw unexpected(token, expected) }
      unsafe rule.add(try field(condition))
      expected = "a condition or the end of the line"
      token = try lexer.next()
    } while !token.isEndOfRule
  }

  /// With what is read next as its value; in memory of its own.
  @_lifetime(self: copy self)
  private mutating func field(_ condition: RuleCondition) throws(RuleError) -> quark_rule_field {
    var field = unsafe quark_rule_field()
    unsafe field.code = condition.code
    switch condition.value {
    case CQUARK_VALUE_PID: unsafe field.pid = try number32(from: 1)
    case CQUARK_VALUE_NUMBER: unsafe field.id = try number32(from: 0)
    case CQUARK_VALUE_TAG: unsafe field.poison_tag = try number64(from: 1)
    case CQUARK_VALUE_PATTERN: unsafe field.wild = try pattern()
    case CQUARK_VALUE_EVENTS: unsafe field.events = try event()
    default: break
    }
    return unsafe field
  }

  @_lifetime(self: copy self)
  private mutating func event() throws(RuleError) -> UInt64 {
    let token = try string("the name of an event")
    guard let event = RuleCondition.event(lexer.word.span) else {
      throw RuleError(token.place, "no event is called \(quotedWord)")
    }
    return event
  }

  @_lifetime(self: copy self)
  private mutating func pattern() throws(RuleError) -> quark_wild {
    let token = try string("a pattern")
    switch RulePatternFlaw(of: lexer.word.span) {
    case .empty: throw RuleError(token.place, "an empty pattern")
    case .tooLong: throw RuleError(token.place, "a pattern of more than \(RuleLexer.wordLimit) bytes")
    case .severalStars: throw RuleError(token.place, "more than one * in \(quotedWord)")
    case nil: return unsafe quark_wild(copying: lexer.word.span)
    }
  }

  // MARK: - Numbers

  @_lifetime(self: copy self)
  private mutating func number32(from least: UInt32) throws(RuleError) -> UInt32 {
    let token = try string("a number")
    let digits = lexer.word.span
    if let number = digits.number() {
      guard let number = UInt32(exactly: number) else { throw badNumber(token, "too large") }
      if number < least { throw badNumber(token, "too small") }
      return number
    }
    if Self.isNumber(digits) { throw badNumber(token, "too large") }
    throw badNumber(token, Self.isNegative(digits) ? "too small" : "invalid")
  }

  /// A negative number wraps around, as in strtoull(3): -1 is the largest number.
  @_lifetime(self: copy self)
  private mutating func number64(from least: UInt64 = 0) throws(RuleError) -> UInt64 {
    let token = try string("a number")
    let word = lexer.word.span
    let isNegative = Self.isNegative(word)
    let digits = isNegative ? word.extracting(1...) : word
    guard let magnitude = digits.number() else {
      throw badNumber(token, Self.isNumber(digits) ? isNegative ? "too small" : "too large" : "invalid")
    }
    let number = isNegative ? 0 &- magnitude : magnitude
    if number < least { throw badNumber(token, "too small") }
    return number
  }

  private static func isNumber(_ word: Span<UInt8>) -> Bool {
    for index in word.indices where !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(word[index]) { return false }
    return !word.isEmpty
  }

  private static func isNegative(_ word: Span<UInt8>) -> Bool {
    word.has("-") && isNumber(word.extracting(1...))
  }

  private func badNumber(_ token: RuleToken, _ reason: StaticString) -> RuleError {
    RuleError(token.place, "bad number: \(quotedWord): \(reason)")
  }

  // MARK: - Words

  /// Reads a word that is not a keyword; the lexer has its bytes.
  @_lifetime(self: copy self)
  private mutating func string(_ expected: StaticString) throws(RuleError) -> RuleToken {
    let token = try lexer.next()
    guard case .string = token.kind else { throw unexpected(token, expected) }
    return token
  }

  private func unexpected(_ token: RuleToken, _ expected: StaticString) -> RuleError {
    let found =
      switch token.kind {
      case .keyword(let keyword): "the keyword \(keyword.name)"
      case .string: "\(quotedWord)\(token.reason)"
      case .newline: "the end of the line"
      case .end: "the end of the text"
      }
    return RuleError(token.place, "expected \(expected), found \(found)")
  }

  /// The first 64 bytes of the last word in quotes, with escapes for bytes that are not printable.
  private var quotedWord: String {
    var text = [UInt8(ascii: "\"")]
    let word = lexer.word
    for byte in word.prefix(64) {
      if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { text.append(UInt8(ascii: "\\")) }
      if byte >= 0x20, byte < 0x7f {
        text.append(byte)
      } else {
        text += [UInt8(ascii: "\\"), UInt8(ascii: "x"), Self.hexDigit(byte >> 4), Self.hexDigit(byte & 15)]
      }
    }
    text += word.count > 64 ? Array("...\"".utf8) : [UInt8(ascii: "\"")]
    return String(decoding: text, as: UTF8.self)
  }

  private static func hexDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
  }
}
