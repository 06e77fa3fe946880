internal import CQuark
internal import CWire

/// The code of one family of events: how its records are decoded, how they change what is known, and how events are
/// shown. Everything is static, so for each record only the number of the family is looked up, in `Families`.
protocol EventFamily {
  /// Decodes the body of a record, which has the size that kinds.h gives for its kind. The header has been decoded
  /// already.
  @unsafe static func decode(
    body: RawSpan, of kind: wire_kind, into event: UnsafeMutablePointer<raw_event>, strings: inout StringPool
  ) -> RecordDecoder.Outcome

  /// Decodes a field of a record. `content` has the bytes of the field.
  @unsafe static func decode(
    _ field: wire_field, _ content: RawSpan, into event: UnsafeMutablePointer<raw_event>, maxEnvironment: Int,
    strings: inout StringPool
  ) -> RecordDecoder.Outcome

  /// Puts into a default matrix which raw events of the family become one event.
  static func join(in matrix: inout AggregationMatrix, isMinimal: Bool)

  /// Adds the event's lines of text, without the first line.
  @unsafe static func appendText(of event: quark_event, to text: inout ByteBuffer)
}

/// A family whose raw events have a payload: the structure that an event points to.
protocol PayloadFamily: EventFamily {
  /// Puts the payload of a raw event that leaves the queue into the event that is being made, which then owns it.
  @unsafe static func deliver(
    _ rawEvent: UnsafeMutablePointer<raw_event>, to event: UnsafeMutablePointer<quark_event>)

  /// Adds what a graph of raw events says of one beyond its label.
  @unsafe static func appendGraphText(of event: UnsafeMutablePointer<raw_event>, to text: inout ByteBuffer)

  /// Does a condition of a rule hold, for an event of the family? Not if it asks of another one.
  @unsafe static func satisfies(_ event: UnsafePointer<quark_event>, _ field: UnsafePointer<quark_rule_field>) -> Bool
}

/// Default implementations.
extension PayloadFamily {
  @unsafe static func decode(
    _ field: wire_field, _ content: RawSpan, into event: UnsafeMutablePointer<raw_event>, maxEnvironment: Int,
    strings: inout StringPool
  ) -> RecordDecoder.Outcome { .malformed }

  static func join(in matrix: inout AggregationMatrix, isMinimal: Bool) {}
}
