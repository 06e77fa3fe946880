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
    case WIRE_FAMILY_TTY: unsafe TTYFamily.decode(body: body, of: kind, into: event, strings: &strings)
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
    case WIRE_FAMILY_TTY:
      unsafe TTYFamily.decode(field, content, into: event, maxEnvironment: maxEnvironment, strings: &strings)
    default: .malformed
    }
  }

  /// Gives back what a raw event has in the pool. Not inlined: its calls would cost who has nothing there registers.
  @inline(never)
  @unsafe static func release(_ event: UnsafeMutablePointer<raw_event>, in strings: inout StringPool) {
    unsafe ProcessFamily.release(event, in: &strings)
    if let payload = unsafe event.pointee.payload { unsafe strings.releasePayload(payload) }
  }

  static func join(in matrix: inout AggregationMatrix, isMinimal: Bool) {
    ProcessFamily.join(in: &matrix, isMinimal: isMinimal)
    FileFamily.join(in: &matrix, isMinimal: isMinimal)
    TTYFamily.join(in: &matrix, isMinimal: isMinimal)
  }

  /// Shows the payload of a raw event that leaves the queue in the event under construction. The result is what that
  /// adds to what the event tells, QUARK_EV_*.
  @unsafe static func deliverPayload(
    of rawEvent: UnsafeMutablePointer<raw_event>, to event: UnsafeMutablePointer<quark_event>
  ) -> UInt64 {
    // Safe: there is a row for every type.
    let row = unsafe cquark_type(rawEvent.pointee.type).pointee
    switch unsafe wire_family(row.family) {
    case WIRE_FAMILY_PTRACE: unsafe PtraceFamily.deliver(rawEvent, to: event)
    case WIRE_FAMILY_MODULE: unsafe ModuleFamily.deliver(rawEvent, to: event)
    case WIRE_FAMILY_SHM: unsafe ShmFamily.deliver(rawEvent, to: event)
    case WIRE_FAMILY_TTY: unsafe TTYFamily.deliver(rawEvent, to: event)
    default: break
    }
    return unsafe row.event
  }

  /// Does a condition of a rule hold that asks nothing of the event's process?
  @inline(never)
  @unsafe static func satisfies(_ event: UnsafePointer<quark_event>, _ field: UnsafePointer<quark_rule_field>) -> Bool {
    let events = unsafe event.pointee.events
    if unsafe field.pointee.code == QUARK_RF_EVENT { return unsafe events & field.pointee.events != 0 }
    return unsafe events & UInt64(QUARK_EV_PTRACE) != 0 && PtraceFamily.satisfies(event, field)
      || events & UInt64(QUARK_EV_MODULE_LOAD) != 0 && ModuleFamily.satisfies(event, field)
      || events & UInt64(QUARK_EV_SHM) != 0 && ShmFamily.satisfies(event, field)
  }

  @unsafe static func appendText(of event: quark_event, to text: inout ByteBuffer) {
    let events = unsafe event.events
    if events & UInt64(QUARK_EV_PTRACE) != 0 { unsafe PtraceFamily.appendText(of: event, to: &text) }
    if events & UInt64(QUARK_EV_SHM) != 0 { unsafe ShmFamily.appendText(of: event, to: &text) }
    if events & UInt64(QUARK_EV_MODULE_LOAD) != 0 { unsafe ModuleFamily.appendText(of: event, to: &text) }
    if events & UInt64(QUARK_EV_TTY) != 0 { unsafe TTYFamily.appendText(of: event, to: &text) }
    // Whose the event is, whatever it tells.
    unsafe ProcessFamily.appendText(of: event, to: &text)
  }

  @unsafe static func appendGraphText(
    of event: UnsafeMutablePointer<raw_event>, to text: inout ByteBuffer
  ) -> StaticString {
    // Safe: there is a row for every type.
    switch unsafe wire_family(cquark_type(event.pointee.type).pointee.family) {
    case WIRE_FAMILY_PROCESS: return unsafe ProcessFamily.appendGraphText(of: event, to: &text)
    case WIRE_FAMILY_PTRACE: unsafe PtraceFamily.appendGraphText(of: event, to: &text)
    case WIRE_FAMILY_MODULE: unsafe ModuleFamily.appendGraphText(of: event, to: &text)
    case WIRE_FAMILY_SHM: unsafe ShmFamily.appendGraphText(of: event, to: &text)
    case WIRE_FAMILY_TTY: unsafe TTYFamily.appendGraphText(of: event, to: &text)
    default: break
    }
    return "black, fontcolor=white"
  }
}
