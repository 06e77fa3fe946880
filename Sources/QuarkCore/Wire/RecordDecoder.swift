internal import CQuark
internal import CWire

/// Converts the bytes of one ring record to a raw event. For any bytes the result is a raw event or a reason why there
/// is
/// none: nothing is read outside of the bytes, and nothing traps.
enum RecordDecoder {
  enum Outcome {
    case decoded
    /// The bytes make no sense.
    case malformed
    /// The pool has no room for the payload of the record, and has counted this.
    case refused
  }

  /// Fills a new raw event. If the result is not `decoded`, the raw event may have strings and must only be freed. If
  /// the pool has no room for a string, the string is left out and the pool counts it: to lose the record would be
  /// worse.
  static func decode(
    _ record: RawSpan, into event: UnsafeMutablePointer<raw_event>, maxEnvironment: Int, strings: inout StringPool
  ) -> Outcome {
    let headerSize = MemoryLayout<wire_record>.size
    guard record.byteCount >= headerSize else { return .malformed }
    // Safe: wire_record is a C structure of integers, valid for any bytes, and the span has enough bytes.
    let header = unsafe record.unsafeLoadUnaligned(as: wire_record.self)
    // Safe: there is a row for every number, and it does not change.
    let kind = unsafe cquark_kind(UInt32(header.kind)).pointee
    let (size, bodySize) = (Int(header.size), Int(kind.body_size))
    guard kind.type != RAW_INVALID.rawValue, size >= headerSize + bodySize, size <= record.byteCount, header.pid != 0,
      header.pid < ProcessTable.pidLimit
    else { return .malformed }
    unsafe event.pointee.type = kind.type
    unsafe event.pointee.pid = header.pid
    unsafe event.pointee.tid = header.tid
    unsafe event.pointee.cpu = header.cpu
    unsafe event.pointee.time = header.time_boot_ns
    unsafe event.pointee.flags = kind.flags
    let family = wire_family(kind.family)
    let outcome = unsafe Families.decode(
      body: record.extracting(headerSize..<headerSize + bodySize), of: wire_kind(UInt32(header.kind)), family,
      into: event, strings: &strings)
    guard outcome == .decoded else { return outcome }
    return unsafe decodeFields(
      record.extracting(headerSize + bodySize..<size), count: Int(header.nfields), family, into: event,
      maxEnvironment: maxEnvironment, strings: &strings)
  }

  private static func decodeFields(
    _ bytes: RawSpan, count: Int, _ family: wire_family, into event: UnsafeMutablePointer<raw_event>,
    maxEnvironment: Int, strings: inout StringPool
  ) -> Outcome {
    let headerSize = MemoryLayout<wire_field>.size
    var offset = 0
    for _ in 0..<count {
      guard bytes.byteCount - offset >= headerSize else { return .malformed }
      // Safe: as above, wire_field has only integers, and the span has enough bytes from `offset`.
      let field = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: wire_field.self)
      offset += headerSize
      let length = Int(field.len)
      guard length <= bytes.byteCount - offset else { return .malformed }
      let content = bytes.extracting(offset..<offset + length)
      offset = min(bytes.byteCount, offset + (length + 7) & ~7)
      let outcome = unsafe Families.decode(
        field, content, family, into: event, maxEnvironment: maxEnvironment, strings: &strings)
      guard outcome == .decoded else { return outcome }
    }
    return .decoded
  }

  // MARK: - Common to all fields

  /// Decodes a path, given as components or as text.
  static func decodePath(
    _ components: RawSpan, flags: UInt16, _ part: RawEventPart, into event: UnsafeMutablePointer<raw_event>,
    strings: inout StringPool
  ) -> Outcome {
    // The reversal below adds two bytes at most.
    guard components.byteCount <= Int(WIRE_PATH_MAX.rawValue) else { return .malformed }
    if flags & UInt16(WIRE_FIELD_PATH.rawValue) != 0 {
      _ = unsafe event.set(part, withoutTail(components), strings: &strings)
      return .decoded
    }
    unsafe withUnsafeTemporaryAllocation(byteCount: components.byteCount + 2, alignment: 1) { path in
      let count = unsafe write(components, flags: flags, to: path)
      let bytes = unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: path[..<count]))
      _ = unsafe event.set(part, bytes, strings: &strings)
    }
    return .decoded
  }

  /// Components come leaf first, each with its NUL: `sh`, `bin` is `/bin/sh`; no component is `/`. A path whose head
  /// was cut begins with `./`; a name that is not a path has no slash.
  private static func write(_ components: RawSpan, flags: UInt16, to path: UnsafeMutableRawBufferPointer) -> Int {
    let isName = flags & UInt16(WIRE_FIELD_NAME.rawValue) != 0
    let isCut = flags & UInt16(WIRE_FIELD_CUT.rawValue) != 0
    var written = 0
    func append(_ byte: UInt8) {
      unsafe path[written] = byte
      written += 1
    }
    if isCut { append(UInt8(ascii: ".")) }
    var end = components.byteCount
    while end > 0 {
      // `end` is after the NUL of a component, if it has one: data of the kernel is not trusted.
      let last = byte(components, end - 1) == 0 ? end - 1 : end
      var start = last
      while start > 0, byte(components, start - 1) != 0 { start -= 1 }
      if !isName { append(UInt8(ascii: "/")) }
      for index in start..<last { append(byte(components, index)) }
      end = start
    }
    if components.byteCount == 0 { append(UInt8(ascii: "/")) }
    return written
  }

  /// The bytes before the first NUL.
  @_lifetime(copy bytes)
  static func withoutTail(_ bytes: RawSpan) -> RawSpan {
    var count = 0
    while count < bytes.byteCount, byte(bytes, count) != 0 { count += 1 }
    return bytes.extracting(first: count)
  }

  private static func byte(_ bytes: RawSpan, _ index: Int) -> UInt8 {
    // Safe: unsafeLoad is bounds-checked; UInt8 is valid for any bits.
    unsafe bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self)
  }
}
