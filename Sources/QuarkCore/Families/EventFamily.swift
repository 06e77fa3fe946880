internal import CQuark
internal import CWire

/// What is particular to a family of events: what its records say, what they do to what is known, and how that is shown.
/// All of it is static, so that nothing is looked up per record but the family's number, in `Families`.
protocol EventFamily {
  /// Takes over what the body of a record says, which has as many bytes as kinds.h says for its kind. The header has
  /// been taken over already.
  @unsafe static func decode(body: RawSpan, of kind: wire_kind, into event: UnsafeMutablePointer<raw_event>)

  /// Takes over what a field of a record says. `content` has as many bytes as the field has.
  @unsafe static func decode(
    _ field: wire_field, _ content: RawSpan, into event: UnsafeMutablePointer<raw_event>, maxEnvironment: Int,
    strings: inout StringPool
  ) -> RecordDecoder.Outcome

  /// Gives back what a raw event of the family has in the pool.
  @unsafe static func release(_ event: UnsafeMutablePointer<raw_event>, in strings: inout StringPool)

  /// Puts into a stock matrix which raw events of the family make one event.
  static func join(in matrix: inout AggregationMatrix, isMinimal: Bool)

  /// Takes a raw event that leaves the queue over into the cache and into the event under construction. The result is
  /// what it adds to what the event tells, QUARK_EV_*.
  @unsafe static func deliver(
    _ rawEvent: UnsafeMutablePointer<raw_event>, of process: UnsafeMutablePointer<quark_process>,
    to tail: UnsafeMutablePointer<cquark_event_tail>, _ processes: inout ProcessCache, _ moment: ProcessCache.Moment
  ) -> UInt64

  /// Adds the event's lines of text, without its first.
  @unsafe static func appendText(of event: quark_event, to text: inout ByteBuffer)

  /// Adds what a graph of raw events says of one beyond its label. The result is its colour in DOT.
  @unsafe static func appendGraphText(
    of event: UnsafeMutablePointer<raw_event>, to text: inout ByteBuffer
  ) -> StaticString
}
