public import CQuark

/// A set of rules for Swift, which owns its memory. Rules decide which events a queue delivers, and which processes get
/// a tag. quark-rules(5) describes their language.
@safe public struct Ruleset: ~Copyable {
  /// The value for `quark_queue_attr.ruleset`. Valid as long as this lives; a queue must not live longer than this.
  @unsafe public let storage: UnsafeMutablePointer<quark_ruleset>

  /// The number of bytes that callers read of a file of rules; a text that is parsed may have any length.
  public static var textLimit: Int { 16 << 20 }

  /// Makes an empty set.
  public init() {
    unsafe storage = .allocate(capacity: 1)
    unsafe storage.initialize(to: quark_ruleset())
  }

  /// Makes a set of the rules in a text.
  public static func parsing(_ text: Span<UInt8>) throws(RuleError) -> Ruleset {
    let ruleset = Ruleset()
    try unsafe ruleset.storage.parse(text)
    return ruleset
  }

  @inlinable deinit { destroy() }

  @usableFromInline func destroy() {
    unsafe storage.clear()
    unsafe storage.deallocate()
  }
}
