internal import CQuark
internal import CWire

/// Calls of ptrace(2) that reach another process.
enum PtraceFamily: PayloadFamily {
  @unsafe static func decode(
    body: RawSpan, of kind: wire_kind, into event: UnsafeMutablePointer<raw_event>, strings: inout StringPool
  ) -> RecordDecoder.Outcome {
    // Safe: the body is a wire_ptrace by kinds.h, and any bits are valid.
    let body = unsafe body.unsafeLoadUnaligned(as: wire_ptrace.self)
    let size = MemoryLayout<quark_ptrace>.size
    guard let payload = unsafe strings.makePayload(size: size) else { return .refused }
    unsafe payload.bindMemory(to: quark_ptrace.self, capacity: 1).initialize(
      to: quark_ptrace(child_pid: body.child_pid, request: body.request, addr: body.addr, data: body.data))
    unsafe event.pointee.payload = payload
    unsafe event.pointee.variable_bytes = UInt32(size)
    unsafe event.task.pointee.start_boottime = body.start_boot_ns
    return .decoded
  }

  @unsafe static func deliver(
    _ rawEvent: UnsafeMutablePointer<raw_event>, to event: UnsafeMutablePointer<quark_event>
  ) {
    if let payload = unsafe rawEvent.pointee.ptrace { unsafe event.pointee.ptrace = payload.pointee }
  }

  @unsafe static func satisfies(_ event: UnsafePointer<quark_event>, _ field: UnsafePointer<quark_rule_field>) -> Bool {
    switch unsafe field.pointee.code {
    case QUARK_RF_PTRACE_CHILD_PID: unsafe event.pointee.ptrace.child_pid == field.pointee.pid
    case QUARK_RF_PTRACE_REQUEST: unsafe event.pointee.ptrace.request == Int64(field.pointee.id)
    default: false
    }
  }

  @unsafe static func appendText(of event: quark_event, to text: inout ByteBuffer) {
    let call = unsafe event.ptrace
    EventText.append("  PTRA\tpid=", UInt64(call.child_pid), to: &text)
    EventText.appendHex(" request=", UInt64(bitPattern: call.request), to: &text)
    EventText.appendHex(" addr=", call.addr, to: &text)
    EventText.appendHex(" data=", call.data, to: &text)
    text.append("\n")
  }

  @unsafe static func appendGraphText(of event: UnsafeMutablePointer<raw_event>, to text: inout ByteBuffer) {
    guard let payload = unsafe event.pointee.ptrace else { return }
    unsafe EventText.append(" ", UInt64(payload.pointee.child_pid), to: &text)
  }
}
