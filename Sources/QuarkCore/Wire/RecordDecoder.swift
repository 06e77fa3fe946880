internal import CWire

/// Turns the bytes of one ring record into a raw event. Whatever the bytes are, the result is an event or nil: nothing
/// is read outside of them, and nothing traps.
public enum RecordDecoder {
  /// The caller owns the event. Nil: the record is malformed.
  public static func decode(_ record: RawSpan) -> RawEvent? {
    let headerSize = MemoryLayout<wire_record>.size
    guard record.byteCount >= headerSize else { return nil }
    // Safe: wire_record is a plain C structure of integers, valid for any bytes, and the span holds that many.
    let header = unsafe record.unsafeLoadUnaligned(as: wire_record.self)
    guard Int(header.size) >= headerSize, Int(header.size) <= record.byteCount, header.pid != 0,
      let kind = kind(of: header.type)
    else { return nil }
    var event = unsafe RawEvent(kind: kind, pid: header.pid, timeNS: header.time_boot_ns, task: header.task)
    let fields = record.extracting(headerSize..<Int(header.size))
    guard unsafe decodeFields(fields, count: Int(header.nfields), into: &event) else {
      unsafe event.deallocate()
      return nil
    }
    return unsafe event
  }

  private static func kind(of type: UInt16) -> RawEvent.Kind? {
    switch wire_type(UInt32(type)) {
    case WIRE_FORK: .fork
    case WIRE_EXEC: .exec
    case WIRE_EXIT: .exit
    default: nil
    }
  }

  private static func decodeFields(_ bytes: RawSpan, count: Int, into event: inout RawEvent) -> Bool {
    let headerSize = MemoryLayout<wire_field>.size
    var offset = 0
    for _ in 0..<count {
      guard bytes.byteCount - offset >= headerSize else { return false }
      // Safe: as above, wire_field is plain integers and the span holds that many bytes from `offset`.
      let field = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: wire_field.self)
      offset += headerSize
      guard Int(field.len) <= bytes.byteCount - offset else { return false }
      let content = bytes.extracting(offset..<offset + Int(field.len))
      offset = min(bytes.byteCount, offset + (Int(field.len) + 7) & ~7)
      switch wire_field_kind(UInt32(field.kind)) {
      case WIRE_FIELD_EXE where unsafe event.exe == nil: unsafe event.exe = path(content, flags: field.flags)
      case WIRE_FIELD_CWD where unsafe event.cwd == nil: unsafe event.cwd = path(content, flags: field.flags)
      case WIRE_FIELD_ARGV where unsafe event.arguments == nil: unsafe event.arguments = arguments(content)
      default: return false
      }
    }
    return true
  }

  /// Components come leaf first, each with its NUL: `sh`, `bin` is `/bin/sh`; none at all is `/`. A path whose head was
  /// cut begins with `./`, a name that is no path has no slash.
  private static func path(_ content: RawSpan, flags: UInt16) -> OwnedBytes {
    let isName = flags & UInt16(WIRE_FIELD_NAME.rawValue) != 0
    let isCut = flags & UInt16(WIRE_FIELD_CUT.rawValue) != 0
    return unsafe OwnedBytes(capacity: content.byteCount + 2) { buffer in
      var written = 0
      if isCut {
        unsafe buffer[written] = CChar(bitPattern: UInt8(ascii: "."))
        written += 1
      }
      var end = content.byteCount
      while end > 0 {
        // `end` is behind a component's NUL, if it has one: what the kernel sent is not trusted to.
        let last = byte(content, end - 1) == 0 ? end - 1 : end
        var start = last
        while start > 0, byte(content, start - 1) != 0 { start -= 1 }
        if !isName {
          unsafe buffer[written] = CChar(bitPattern: UInt8(ascii: "/"))
          written += 1
        }
        for index in start..<last {
          unsafe buffer[written] = CChar(bitPattern: byte(content, index))
          written += 1
        }
        end = start
      }
      if content.byteCount == 0 {
        unsafe buffer[written] = CChar(bitPattern: UInt8(ascii: "/"))
        written += 1
      }
      return written
    }
  }

  private static func arguments(_ content: RawSpan) -> OwnedBytes? {
    guard content.byteCount > 0 else { return nil }
    // The last byte is the last argument's NUL, or gives way to one: OwnedBytes adds it.
    return unsafe OwnedBytes(capacity: content.byteCount - 1) { buffer in
      for index in buffer.indices { unsafe buffer[index] = CChar(bitPattern: byte(content, index)) }
      return buffer.count
    }
  }

  private static func byte(_ bytes: RawSpan, _ index: Int) -> UInt8 {
    // Safe: unsafeLoad is bounds-checked; UInt8 is valid for any bits.
    unsafe bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self)
  }
}
