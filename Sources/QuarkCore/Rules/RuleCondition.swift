internal import CQuark

/// What a rule can ask: a row of the table of cquark_rules.h.
@safe struct RuleCondition {
  private let row: UnsafePointer<cquark_condition>

  /// QUARK_RF_*.
  var code: UInt64 { unsafe row.pointee.code }
  /// What it compares with.
  var value: cquark_rule_value { unsafe row.pointee.value }
  /// How a text of rules spells it; nil: it cannot ask that.
  @unsafe var word: UnsafePointer<CChar>? { unsafe row.pointee.word }

  /// Nil: there is none of this code.
  init?(code: UInt64) {
    guard let row = unsafe Self.first(where: { unsafe $0.pointee.code == code }) else { return nil }
    unsafe self.row = row
  }

  /// Nil: none is spelled so.
  init?(_ word: Span<UInt8>) {
    guard let row = unsafe Self.first(where: { unsafe Self.areEqual(word, $0.pointee.word) }) else { return nil }
    unsafe self.row = row
  }

  private static func first(
    where isWanted: (UnsafePointer<cquark_condition>) -> Bool
  ) -> UnsafePointer<cquark_condition>? {
    var index = 0
    while let row = unsafe cquark_condition(index) {
      if unsafe isWanted(row) { return unsafe row }
      index += 1
    }
    return nil
  }

  /// The bit of `quark_event.events` that is called so; nil: none is.
  static func event(_ name: Span<UInt8>) -> UInt64? {
    for bit in 0..<64 as Range<UInt64> where unsafe areEqual(name, cquark_event_name(1 << bit)) {
      return name.has("?") ? nil : 1 << bit
    }
    return nil
  }

  private static func areEqual(_ word: Span<UInt8>, _ other: UnsafePointer<CChar>?) -> Bool {
    guard let other = unsafe other else { return false }
    // Safe: no byte behind the NUL is read.
    for index in word.indices where unsafe other[index] == 0 || UInt8(bitPattern: other[index]) != word[index] {
      return false
    }
    return unsafe other[word.count] == 0
  }
}
