internal import CQuark
internal import CWire

/// What is written to terminals.
enum TTYFamily: PayloadFamily {
  @unsafe static func decode(
    body: RawSpan, of kind: wire_kind, into event: UnsafeMutablePointer<raw_event>, strings: inout StringPool
  ) -> RecordDecoder.Outcome {
    // Safe: the body is a wire_tty by kinds.h, and any bits are valid.
    let body = unsafe body.unsafeLoadUnaligned(as: wire_tty.self)
    guard body.len <= WIRE_TTY_MAX.rawValue else { return .malformed }
    let size = unsafe chainOffset(ofData: Int(body.len)) + MemoryLayout<UnsafeMutableRawPointer>.size
    guard let payload = unsafe strings.makePayload(size: size) else { return .refused }
    let tty = unsafe payload.bindMemory(to: quark_tty.self, capacity: 1)
    unsafe tty.pointee.major = UInt16(truncatingIfNeeded: body.major)
    unsafe tty.pointee.minor = UInt16(truncatingIfNeeded: body.minor)
    unsafe (tty.pointee.cols, tty.pointee.rows) = (body.cols, body.rows)
    unsafe (tty.pointee.cflag, tty.pointee.iflag) = (body.cflag, body.iflag)
    unsafe (tty.pointee.lflag, tty.pointee.oflag) = (body.lflag, body.oflag)
    unsafe (tty.pointee.data_len, tty.pointee.total_len) = (Int(body.len), Int(body.len))
    unsafe event.pointee.payload = payload
    unsafe event.pointee.variable_bytes = UInt32(size)
    unsafe event.task.pointee.start_boottime = body.start_boot_ns
    return .decoded
  }

  @unsafe static func decode(
    _ field: wire_field, _ content: RawSpan, into event: UnsafeMutablePointer<raw_event>, maxEnvironment: Int,
    strings: inout StringPool
  ) -> RecordDecoder.Outcome {
    // The body said how many bytes come, and there is room for these.
    guard UInt32(field.kind) == WIRE_FIELD_TTY.rawValue, let tty = unsafe event.pointee.tty,
      unsafe content.byteCount == tty.pointee.data_len
    else { return .malformed }
    unsafe content.withUnsafeBytes {
      // Safe: the lengths were compared above.
      if let start = $0.baseAddress { unsafe data(of: tty).copyMemory(from: start, byteCount: $0.count) }
    }
    let (count, original) = (UInt64(content.byteCount), UInt64(field.orig_len))
    unsafe tty.pointee.truncated = max(original, count) - count
    return .decoded
  }

  @unsafe static func deliver(
    _ rawEvent: UnsafeMutablePointer<raw_event>, to event: UnsafeMutablePointer<quark_event>
  ) {
    guard let tty = unsafe rawEvent.pointee.tty else { return }
    if unsafe rawEvent.pointee.flags & UInt32(RAW_F_INPUT) != 0 {
      unsafe event.pointee.tty_flags |= UInt32(QUARK_TTY_F_INPUT)
    }
    guard let head = unsafe event.pointee.tty else {
      unsafe event.pointee.tty = tty
      return unsafe setChainEnd(of: tty, to: tty)
    }
    unsafe chainEnd(of: head).pointee.next = tty
    unsafe setChainEnd(of: head, to: tty)
  }

  @unsafe static func satisfies(_ event: UnsafePointer<quark_event>, _ field: UnsafePointer<quark_rule_field>) -> Bool {
    false
  }

  // MARK: - The payload: the structure, its data, a NUL, and, for the first of a chain, the address of the last

  private static func chainOffset(ofData count: Int) -> Int {
    let end = unsafe MemoryLayout<quark_tty>.size + count + 1
    return (end + 7) & ~7
  }

  private static func data(of tty: UnsafeMutablePointer<quark_tty>) -> UnsafeMutableRawPointer {
    unsafe UnsafeMutableRawPointer(tty) + MemoryLayout<quark_tty>.size
  }

  private static func chainEnd(of head: UnsafeMutablePointer<quark_tty>) -> UnsafeMutablePointer<quark_tty> {
    let place = unsafe UnsafeMutableRawPointer(head) + chainOffset(ofData: head.pointee.data_len)
    return unsafe place.load(as: UnsafeMutablePointer<quark_tty>.self)
  }

  private static func setChainEnd(
    of head: UnsafeMutablePointer<quark_tty>, to end: UnsafeMutablePointer<quark_tty>
  ) {
    let place = unsafe UnsafeMutableRawPointer(head) + chainOffset(ofData: head.pointee.data_len)
    unsafe place.storeBytes(of: end, as: UnsafeMutablePointer<quark_tty>.self)
  }

  // MARK: - Several writes in one event

  /// Bytes of one terminal's output that are joined at most.
  private static var joinedBytes: Int { 4096 }

  static func join(in matrix: inout AggregationMatrix, isMinimal: Bool) {
    if !isMinimal { matrix.set(RAW_TTY, RAW_TTY, .tty) }
  }

  /// Output with output, or input with input, of one process: another one may have got its pid.
  @unsafe static func joins(
    _ parent: UnsafeMutablePointer<raw_event>, _ child: UnsafeMutablePointer<raw_event>
  ) -> Bool {
    unsafe (parent.pointee.flags ^ child.pointee.flags) & UInt32(RAW_F_INPUT) == 0
      && parent.pointee.task.start_boottime == child.pointee.task.start_boottime
      && join(parent.pointee.tty, child.pointee.tty)
  }

  /// Whole writes to the same terminal, while they are short together. Adds the child's length to the parent's total.
  @unsafe private static func join(
    _ parent: UnsafeMutablePointer<quark_tty>?, _ child: UnsafePointer<quark_tty>?
  ) -> Bool {
    guard let parent = unsafe parent, let child = unsafe child else { return false }
    guard unsafe parent.pointee.major == child.pointee.major, unsafe parent.pointee.minor == child.pointee.minor,
      unsafe parent.pointee.truncated == 0, unsafe child.pointee.truncated == 0
    else { return false }
    // A client may have made either.
    let (sum, length) = unsafe (parent.pointee.total_len, child.pointee.data_len)
    let lengths = 0..<joinedBytes
    guard lengths.contains(sum), lengths.contains(length), sum + length < joinedBytes else { return false }
    unsafe parent.pointee.total_len = sum + length
    return true
  }

  // MARK: - Text

  @unsafe static func appendText(of event: quark_event, to text: inout ByteBuffer) {
    guard let tty = unsafe event.tty else { return }
    unsafe EventText.append("  TTY\tmajor=", UInt64(tty.pointee.major), to: &text)
    unsafe EventText.append(" minor=", UInt64(tty.pointee.minor), to: &text)
    unsafe EventText.append(" cols=", UInt64(tty.pointee.cols), to: &text)
    unsafe EventText.append(" rows=", UInt64(tty.pointee.rows), to: &text)
    unsafe EventText.append(" input=", UInt64(event.tty_flags & UInt32(QUARK_TTY_F_INPUT)), to: &text)
    unsafe EventText.appendHex("\n  TTY\tcflag=", UInt64(tty.pointee.cflag), to: &text)
    unsafe EventText.appendHex(" iflag=", UInt64(tty.pointee.iflag), to: &text)
    unsafe EventText.appendHex(" lflag=", UInt64(tty.pointee.lflag), to: &text)
    unsafe EventText.appendHex(" oflag=", UInt64(tty.pointee.oflag), to: &text)
    text.append("\n")
    var write: UnsafeMutablePointer<quark_tty>? = unsafe tty
    while let current = unsafe write {
      text.append("  TTY\tdata=")
      // Safe: this many bytes follow the structure.
      unsafe text.append(escaped: RawSpan(_unsafeStart: data(of: current), byteCount: current.pointee.data_len))
      text.append("\n")
      if unsafe current.pointee.truncated > 0 {
        unsafe EventText.append("  TTY\ttruncated=", current.pointee.truncated, to: &text)
        text.append("\n")
      }
      unsafe write = current.pointee.next
    }
  }

  @unsafe static func appendGraphText(of event: UnsafeMutablePointer<raw_event>, to text: inout ByteBuffer) {
    guard let tty = unsafe event.pointee.tty else { return }
    unsafe EventText.append(" ", UInt64(tty.pointee.major), to: &text)
    unsafe EventText.append(":", UInt64(tty.pointee.minor), to: &text)
    unsafe EventText.append(" ", UInt64(tty.pointee.data_len), to: &text)
  }
}
