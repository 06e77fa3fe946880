import CLinux
import CQuark

/// Bytes there is room for at first; it doubles.
private let hansonSize = 16 << 10

@c @implementation
public func hanson_open(_ h: UnsafeMutablePointer<hanson>!) -> CInt {
  unsafe h.pointee = hanson()
  return unsafe hanson_add_ascii(h, character("{"))
}

@c @implementation
public func hanson_close(
  _ h: UnsafeMutablePointer<hanson>!, _ buf: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>!,
  _ len: UnsafeMutablePointer<Int>!
) -> CInt {
  _ = unsafe hanson_add_ascii(h, character("}"))
  _ = unsafe hanson_add_ascii(h, 0)
  let error = unsafe h.pointee.error
  if error == 0 {
    unsafe buf.pointee = h.pointee.buf
    unsafe len.pointee = h.pointee.buf_w - h.pointee.buf - 1
  } else {
    unsafe free(h.pointee.buf)
  }
  unsafe h.pointee = hanson()
  guard error != 0 else { return 0 }
  return fail(ENOMEM)
}

@c @implementation
public func hanson_add_ascii(_ h: UnsafeMutablePointer<hanson>!, _ character: CChar) -> CInt {
  guard unsafe h.pointee.error == 0, unsafe hasRoom(h) else { return -1 }
  unsafe h.pointee.buf_w.pointee = character
  unsafe h.pointee.buf_w += 1
  return 0
}

@c @implementation
public func hanson_add_escaped(_ h: UnsafeMutablePointer<hanson>!, _ text: UnsafePointer<CChar>!) -> CInt {
  var next = unsafe text!
  var result: CInt = 0
  while unsafe next.pointee != 0 {
    unsafe result |= addEscaped(h, UInt8(bitPattern: next.pointee))
    unsafe next += 1
  }
  return result
}

@c @implementation
public func hanson_add_string(
  _ h: UnsafeMutablePointer<hanson>!, _ text: UnsafePointer<CChar>!, _ first: UnsafeMutablePointer<CInt>!
) -> CInt {
  unsafe separate(h, first) | addQuoted(h, text)
}

@c @implementation
public func hanson_add_integer(
  _ h: UnsafeMutablePointer<hanson>!, _ number: Int64, _ first: UnsafeMutablePointer<CInt>!
) -> CInt {
  unsafe separate(h, first) | addNumber(h, number)
}

@c @implementation
public func hanson_add_boolean(
  _ h: UnsafeMutablePointer<hanson>!, _ boolean: CInt, _ first: UnsafeMutablePointer<CInt>!
) -> CInt {
  unsafe separate(h, first) | add(h, boolean != 0 ? "true" : "false")
}

@c @implementation
public func hanson_add_key_value(
  _ h: UnsafeMutablePointer<hanson>!, _ key: UnsafePointer<CChar>!, _ value: UnsafePointer<CChar>!,
  _ first: UnsafeMutablePointer<CInt>!
) -> CInt {
  unsafe addKey(h, key, first) | addQuoted(h, value)
}

@c @implementation
public func hanson_add_key_value_int(
  _ h: UnsafeMutablePointer<hanson>!, _ key: UnsafePointer<CChar>!, _ value: Int64,
  _ first: UnsafeMutablePointer<CInt>!
) -> CInt {
  unsafe addKey(h, key, first) | addNumber(h, value)
}

@c @implementation
public func hanson_add_key_value_bool(
  _ h: UnsafeMutablePointer<hanson>!, _ key: UnsafePointer<CChar>!, _ value: CInt,
  _ first: UnsafeMutablePointer<CInt>!
) -> CInt {
  unsafe addKey(h, key, first) | hanson_add_boolean(h, value, nil)
}

@c @implementation
public func hanson_add_array(
  _ h: UnsafeMutablePointer<hanson>!, _ name: UnsafePointer<CChar>!, _ first: UnsafeMutablePointer<CInt>!
) -> CInt {
  unsafe addKey(h, name, first) | hanson_add_ascii(h, character("["))
}

@c @implementation
public func hanson_close_array(_ h: UnsafeMutablePointer<hanson>!) -> CInt {
  unsafe hanson_add_ascii(h, character("]"))
}

@c @implementation
public func hanson_add_object(
  _ h: UnsafeMutablePointer<hanson>!, _ name: UnsafePointer<CChar>!, _ first: UnsafeMutablePointer<CInt>!
) -> CInt {
  unsafe addKey(h, name, first) | hanson_add_ascii(h, character("{"))
}

@c @implementation
public func hanson_close_object(_ h: UnsafeMutablePointer<hanson>!) -> CInt {
  unsafe hanson_add_ascii(h, character("}"))
}

// MARK: -

/// For one byte more. If there is no memory the error stays.
private func hasRoom(_ h: UnsafeMutablePointer<hanson>) -> Bool {
  let used = unsafe h.pointee.buf_w.map { unsafe $0 - h.pointee.buf } ?? 0
  if unsafe used < h.pointee.buf_len { return true }
  let size = max(hansonSize, used * 2)
  guard let larger = unsafe realloc(h.pointee.buf, size) else {
    unsafe h.pointee.error = 1
    return false
  }
  // Safe: there is room for `size` bytes, of which `used` are those there were.
  unsafe h.pointee.buf = larger.assumingMemoryBound(to: CChar.self)
  unsafe h.pointee.buf_w = h.pointee.buf + used
  unsafe h.pointee.buf_len = size
  return true
}

private func character(_ scalar: Unicode.Scalar) -> CChar { CChar(truncatingIfNeeded: scalar.value) }

private func add(_ h: UnsafeMutablePointer<hanson>, _ text: StaticString) -> CInt {
  var result: CInt = 0
  for index in 0..<text.utf8CodeUnitCount {
    // Safe: `index` is below the number of the literal's bytes.
    unsafe result |= hanson_add_ascii(h, CChar(bitPattern: text.utf8Start[index]))
  }
  return result
}

/// The comma before all but the first.
private func separate(_ h: UnsafeMutablePointer<hanson>, _ first: UnsafeMutablePointer<CInt>?) -> CInt {
  guard let first = unsafe first else { return 0 }
  if unsafe first.pointee == 1 {
    unsafe first.pointee = 0
    return 0
  }
  unsafe first.pointee = 0
  return unsafe hanson_add_ascii(h, character(","))
}

private func addQuoted(_ h: UnsafeMutablePointer<hanson>, _ text: UnsafePointer<CChar>) -> CInt {
  unsafe hanson_add_ascii(h, character("\"")) | hanson_add_escaped(h, text) | hanson_add_ascii(h, character("\""))
}

private func addKey(
  _ h: UnsafeMutablePointer<hanson>, _ key: UnsafePointer<CChar>, _ first: UnsafeMutablePointer<CInt>?
) -> CInt {
  unsafe separate(h, first) | addQuoted(h, key) | hanson_add_ascii(h, character(":"))
}

private func addNumber(_ h: UnsafeMutablePointer<hanson>, _ number: Int64) -> CInt {
  var result = number < 0 ? unsafe hanson_add_ascii(h, character("-")) : 0
  var power: UInt64 = 1
  while number.magnitude / power >= 10 { power *= 10 }
  while power > 0 {
    unsafe result |= hanson_add_ascii(h, CChar(truncatingIfNeeded: 0x30 + number.magnitude / power % 10))
    power /= 10
  }
  return result
}

/// RFC 8259, section 7: quotes, backslashes and control characters must be escaped.
private func addEscaped(_ h: UnsafeMutablePointer<hanson>, _ byte: UInt8) -> CInt {
  switch byte {
  case UInt8(ascii: "\""): return unsafe add(h, "\\\"")
  case UInt8(ascii: "\\"): return unsafe add(h, "\\\\")
  case 0x08: return unsafe add(h, "\\b")
  case 0x0c: return unsafe add(h, "\\f")
  case UInt8(ascii: "\n"): return unsafe add(h, "\\n")
  case UInt8(ascii: "\r"): return unsafe add(h, "\\r")
  case UInt8(ascii: "\t"): return unsafe add(h, "\\t")
  case 0..<0x20:
    let digits: StaticString = "0123456789abcdef"
    // Safe: four bits index 16 characters.
    return unsafe add(h, "\\u00") | hanson_add_ascii(h, CChar(bitPattern: digits.utf8Start[Int(byte >> 4)]))
      | hanson_add_ascii(h, CChar(bitPattern: digits.utf8Start[Int(byte & 15)]))
  default: return unsafe hanson_add_ascii(h, CChar(bitPattern: byte))
  }
}
