extension ByteBuffer {
  /// Appends any bytes as the inside of a quoted label of a DOT file: quotes, backslashes and ampersands (DOT has HTML
  /// entities) are escaped; bytes that are not printable, or not valid UTF-8, become `\xHH`.
  @unsafe mutating func append(dotLabel text: UnsafePointer<CChar>) {
    var next = unsafe UnsafeRawPointer(text).assumingMemoryBound(to: UInt8.self)
    while true {
      let byte = unsafe next.pointee
      if byte == 0 { return }
      let length = unsafe Self.utf8Length(next)
      switch byte {
      case UInt8(ascii: "\""): append("\\\"")
      case UInt8(ascii: "\\"): append("\\\\")
      case UInt8(ascii: "&"): append("&amp;")
      case 0x20..<0x7f: append(byte)
      case 0x80... where length > 1: for offset in 0..<length { unsafe append(next[offset]) }
      default:
        append("\\\\x")
        if byte < 0x10 { append("0") }
        append(hex: UInt64(byte))
      }
      unsafe next += max(1, length)
    }
  }

  /// The length of the UTF-8 character that begins here, by RFC 3629, without overlong forms and surrogates; 0 if none
  /// begins here. A NUL ends the text and is not part of a character, so nothing is read after it.
  private static func utf8Length(_ text: UnsafePointer<UInt8>) -> Int {
    let (first, second) = unsafe (text[0], text[0] == 0 ? 0 : text[1])
    let length: Int
    switch (first, second) {
    case (0x00...0x7f, _): return 1
    case (0xc2...0xdf, 0x80...0xbf): length = 2
    case (0xe0, 0xa0...0xbf), (0xe1...0xec, 0x80...0xbf), (0xed, 0x80...0x9f), (0xee...0xef, 0x80...0xbf): length = 3
    case (0xf0, 0x90...0xbf), (0xf1...0xf3, 0x80...0xbf), (0xf4, 0x80...0x8f): length = 4
    default: return 0
    }
    for offset in 2..<max(2, length) {
      guard unsafe text[offset] & 0xc0 == 0x80 else { return 0 }
    }
    return length
  }
}
