public import CQuark

/// The JSON writer behind the C functions of quark.h. It writes into memory of malloc(3), which the client gets at the
/// end. Results are 0 and -1, and can be combined with OR; an error stays.
extension UnsafeMutablePointer<hanson> {
  /// The first size of the memory, bytes; it doubles when it is full.
  private static var firstSize: Int { 16 << 10 }

  /// Begins the outermost object.
  @unsafe public func begin() -> CInt {
    unsafe pointee = hanson()
    return unsafe add(ascii: character("{"))
  }

  /// Ends the outermost object. Returns the text, NUL-terminated, which the caller frees with free(3), and its length;
  /// nil after an error.
  @unsafe public func end() -> (text: UnsafeMutablePointer<CChar>, count: Int)? {
    _ = unsafe add(ascii: character("}"))
    _ = unsafe add(ascii: 0)
    defer { unsafe pointee = hanson() }
    guard unsafe pointee.error == 0 else {
      unsafe free(pointee.buf)
      return nil
    }
    return unsafe (text: pointee.buf, count: pointee.buf_w - pointee.buf - 1)
  }

  @unsafe public func add(ascii character: CChar) -> CInt {
    guard unsafe pointee.error == 0, unsafe hasRoom() else { return -1 }
    unsafe pointee.buf_w.pointee = character
    unsafe pointee.buf_w += 1
    return 0
  }

  /// Adds escaped text without quotes.
  @unsafe public func add(escaped text: UnsafePointer<CChar>) -> CInt {
    var next = unsafe text
    var result: CInt = 0
    while unsafe next.pointee != 0 {
      unsafe result |= addEscaped(UInt8(bitPattern: next.pointee))
      unsafe next += 1
    }
    return result
  }

  @unsafe public func add(string text: UnsafePointer<CChar>, _ first: UnsafeMutablePointer<CInt>?) -> CInt {
    unsafe separate(first) | addQuoted(text)
  }

  @unsafe public func add(integer number: Int64, _ first: UnsafeMutablePointer<CInt>?) -> CInt {
    unsafe separate(first) | addNumber(number)
  }

  @unsafe public func add(boolean: Bool, _ first: UnsafeMutablePointer<CInt>?) -> CInt {
    unsafe separate(first) | add(boolean ? "true" : "false")
  }

  /// Adds a key and its colon.
  @unsafe public func add(key: UnsafePointer<CChar>, _ first: UnsafeMutablePointer<CInt>?) -> CInt {
    unsafe separate(first) | addQuoted(key) | add(ascii: character(":"))
  }

  // MARK: -

  /// Makes room for one more byte. If there is no memory, the error stays.
  private func hasRoom() -> Bool {
    let used = unsafe pointee.buf_w.map { unsafe $0 - pointee.buf } ?? 0
    if unsafe used < pointee.buf_len { return true }
    let size = unsafe Swift.max(Self.firstSize, used * 2)
    guard let larger = unsafe realloc(pointee.buf, size) else {
      unsafe pointee.error = 1
      return false
    }
    // Safe: there is room for `size` bytes; `used` of them are the old text.
    unsafe pointee.buf = larger.assumingMemoryBound(to: CChar.self)
    unsafe pointee.buf_w = pointee.buf + used
    unsafe pointee.buf_len = size
    return true
  }

  private func character(_ scalar: Unicode.Scalar) -> CChar { CChar(truncatingIfNeeded: scalar.value) }

  private func add(_ text: StaticString) -> CInt {
    var result: CInt = 0
    for index in 0..<text.utf8CodeUnitCount {
      // Safe: `index` is below the number of the literal's bytes.
      unsafe result |= add(ascii: CChar(bitPattern: text.utf8Start[index]))
    }
    return result
  }

  /// Adds a comma before all but the first.
  private func separate(_ first: UnsafeMutablePointer<CInt>?) -> CInt {
    guard let first = unsafe first else { return 0 }
    let isFirst = unsafe first.pointee == 1
    unsafe first.pointee = 0
    return unsafe isFirst ? 0 : add(ascii: character(","))
  }

  private func addQuoted(_ text: UnsafePointer<CChar>) -> CInt {
    unsafe add(ascii: character("\"")) | add(escaped: text) | add(ascii: character("\""))
  }

  private func addNumber(_ number: Int64) -> CInt {
    var result = number < 0 ? unsafe add(ascii: character("-")) : 0
    var power: UInt64 = 1
    while number.magnitude / power >= 10 { power *= 10 }
    while power > 0 {
      unsafe result |= add(ascii: CChar(truncatingIfNeeded: 0x30 + number.magnitude / power % 10))
      power /= 10
    }
    return result
  }

  /// RFC 8259, section 7: quotes, backslashes and control characters must be escaped.
  private func addEscaped(_ byte: UInt8) -> CInt {
    switch byte {
    case UInt8(ascii: "\""): return unsafe add("\\\"")
    case UInt8(ascii: "\\"): return unsafe add("\\\\")
    case 0x08: return unsafe add("\\b")
    case 0x0c: return unsafe add("\\f")
    case UInt8(ascii: "\n"): return unsafe add("\\n")
    case UInt8(ascii: "\r"): return unsafe add("\\r")
    case UInt8(ascii: "\t"): return unsafe add("\\t")
    case 0..<0x20:
      let digits: StaticString = "0123456789abcdef"
      // Safe: four bits index 16 characters.
      return unsafe add("\\u00") | add(ascii: CChar(bitPattern: digits.utf8Start[Int(byte >> 4)]))
        | add(ascii: CChar(bitPattern: digits.utf8Start[Int(byte & 15)]))
    default: return unsafe add(ascii: CChar(bitPattern: byte))
    }
  }
}
