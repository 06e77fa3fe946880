internal import CQuark
internal import CWire

/// All families. This is the only switch over them.
enum Families {
  @inline(__always)
  @unsafe static func decode(
    body: RawSpan, of kind: wire_kind, _ family: wire_family, into event: UnsafeMutablePointer<raw_event>,
    strings: inout StringPool
  ) -> RecordDecoder.Outcome {
    switch family {
    case WIRE_FAMILY_PROCESS: unsafe ProcessFamily.decode(body: body, of: kind, into: event, strings: &strings)
    case WIRE_FAMILY_PTRACE: unsafe PtraceFamily.decode(body: body, of: kind, into: event, strings: &strings)
    case WIRE_FAMILY_MODULE: unsafe ModuleFamily.decode(body: body, of: kind, into: event, strings: &strings)
    case WIRE_FAMILY_SHM: unsafe ShmFamily.decode(body: body, of: kind, into: event, strings: &strings)
    default: .malformed
    }
  }

  @inline(__always)
  @unsafe static func decode(
    _ field: wire_field, _ content: RawSpan, _ family: wire_family, into event: UnsafeMutablePointer<raw_event>,
    maxEnvironment: Int, strings: inout StringPool
  ) -> RecordDecoder.Outcome {
    switch family {
    case WIRE_FAMILY_PROCESS:
      unsafe ProcessFamily.decode(field, content, into: event, maxEnvironment: maxEnvironment, strings: &strings)
    default: .malformed
    }
  }

  /// Releases the strings and the payload of a raw event.
  @inline(__always)
  @unsafe static func release(_ event: UnsafeMutablePointer<raw_event>, in strings: inout StringPool) {
    unsafe ProcessFamily.release(event, in: &strings)
    if let payload = unsafe event.pointee.payload { unsafe strings.releasePayload(payload) }
  }

  static func join(in matrix: inout AggregationMatrix, isMinimal: Bool) {
    ProcessFamily.join(in: &matrix, isMinimal: isMinimal)
  }

  /// Applies a raw event that leaves the queue to the cache and to the event that is being made, which keeps its
  /// payload. `process`: the process of the raw event, nil if it is not known. Returns the bit that it adds to the
  /// event, QUARK_EV_*.
  @inline(__always)
  @unsafe static func deliver(
    _ rawEvent: UnsafeMutablePointer<raw_event>, of process: UnsafeMutablePointer<quark_process>?,
    to event: UnsafeMutablePointer<quark_event>, _ tail: UnsafeMutablePointer<cquark_event_tail>,
    _ payloads: inout Payloads, _ processes: inout ProcessCache, _ moment: ProcessCache.Moment
  ) -> UInt64 {
    guard ProcessFamily.has(unsafe rawEvent.pointee.type), let process = unsafe process else {
      return unsafe deliverPayload(of: rawEvent, to: event, tail, &payloads)
    }
    return unsafe ProcessFamily.deliver(rawEvent, of: process, to: tail, &processes, moment)
  }

  @inline(never)
  private static func deliverPayload(
    of rawEvent: UnsafeMutablePointer<raw_event>, to event: UnsafeMutablePointer<quark_event>,
    _ tail: UnsafeMutablePointer<cquark_event_tail>, _ payloads: inout Payloads
  ) -> UInt64 {
    // Safe: there is a row for every type.
    let row = unsafe cquark_type(rawEvent.pointee.type).pointee
    switch unsafe wire_family(row.family) {
    case WIRE_FAMILY_PTRACE: unsafe PtraceFamily.deliver(rawEvent, to: event, tail)
    case WIRE_FAMILY_MODULE: unsafe ModuleFamily.deliver(rawEvent, to: event, tail)
    case WIRE_FAMILY_SHM: unsafe ShmFamily.deliver(rawEvent, to: event, tail)
    default: break
    }
    unsafe payloads.take(from: rawEvent)
    return unsafe row.event
  }

  @unsafe static func appendText(of event: quark_event, to text: inout ByteBuffer) {
    if unsafe event.events & UInt64(QUARK_EV_PTRACE) != 0 { unsafe PtraceFamily.appendText(of: event, to: &text) }
    if unsafe event.events & UInt64(QUARK_EV_SHM) != 0 { unsafe ShmFamily.appendText(of: event, to: &text) }
    if unsafe event.events & UInt64(QUARK_EV_MODULE_LOAD) != 0 { unsafe ModuleFamily.appendText(of: event, to: &text) }
    // Every event shows its process.
    unsafe ProcessFamily.appendText(of: event, to: &text)
  }

  @unsafe static func appendGraphText(
    of event: UnsafeMutablePointer<raw_event>, to text: inout ByteBuffer
  ) -> StaticString {
    guard ProcessFamily.has(unsafe event.pointee.type) else { return "black, fontcolor=white" }
    return unsafe ProcessFamily.appendGraphText(of: event, to: &text)
  }
}
