internal import CQuark
internal import CWire

/// What is particular to a family of events: what its records say, what they do to what is known, and how that is shown.
/// All of it is static, so that nothing is looked up per record but the family's number, in `Families`.
protocol EventFamily {
  /// Takes over what the body of a record says, which has as many bytes as kinds.h says for its kind. The header has
  /// been taken over already.
  @unsafe static func decode(
    body: RawSpan, of kind: wire_kind, into event: UnsafeMutablePointer<raw_event>, strings: inout StringPool
  ) -> RecordDecoder.Outcome

  /// Takes over what a field of a record says. `content` has as many bytes as the field has.
  @unsafe static func decode(
    _ field: wire_field, _ content: RawSpan, into event: UnsafeMutablePointer<raw_event>, maxEnvironment: Int,
    strings: inout StringPool
  ) -> RecordDecoder.Outcome

  /// Puts into a stock matrix which raw events of the family make one event.
  static func join(in matrix: inout AggregationMatrix, isMinimal: Bool)

  /// Adds the event's lines of text, without its first.
  @unsafe static func appendText(of event: quark_event, to text: inout ByteBuffer)
}

/// A family whose raw events have a payload, the structure that an event shows.
protocol PayloadFamily: EventFamily {
  /// Shows the payload of a raw event that leaves the queue in the event under construction, which holds it.
  @unsafe static func deliver(
    _ rawEvent: UnsafeMutablePointer<raw_event>, to event: UnsafeMutablePointer<quark_event>)

  /// Adds what a graph of raw events says of one beyond its label.
  @unsafe static func appendGraphText(of event: UnsafeMutablePointer<raw_event>, to text: inout ByteBuffer)

  /// Does a condition of a rule hold, for an event of the family? Not if it asks of another one.
  @unsafe static func satisfies(_ event: UnsafePointer<quark_event>, _ field: UnsafePointer<quark_rule_field>) -> Bool
}

/// What a family has that has no more to say.
extension PayloadFamily {
  @unsafe static func decode(
    _ field: wire_field, _ content: RawSpan, into event: UnsafeMutablePointer<raw_event>, maxEnvironment: Int,
    strings: inout StringPool
  ) -> RecordDecoder.Outcome { .malformed }

  static func join(in matrix: inout AggregationMatrix, isMinimal: Bool) {}
}
