public import CQuark

/// Rules in memory of their own, for Swift: which events a queue hands out, and which processes bear a mark. The
/// language is that of quark-rules(5).
@safe public struct Ruleset: ~Copyable {
  /// What `quark_queue_attr.ruleset` takes. Valid for as long as this lives, which a queue must not outlive.
  @unsafe public let storage: UnsafeMutablePointer<quark_ruleset>

  /// Bytes of a text of rules that are read; the text itself may have any length.
  public static var textLimit: Int { 16 << 20 }

  /// No rules.
  public init() {
    unsafe storage = .allocate(capacity: 1)
    unsafe storage.initialize(to: quark_ruleset())
  }

  /// Those of a text.
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
