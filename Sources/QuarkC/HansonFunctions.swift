import CLinux
import CQuark
import QuarkCore

@c @implementation
public func hanson_open(_ h: UnsafeMutablePointer<hanson>!) -> CInt { unsafe h.begin() }

@c @implementation
public func hanson_close(
  _ h: UnsafeMutablePointer<hanson>!, _ buf: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>!,
  _ len: UnsafeMutablePointer<Int>!
) -> CInt {
  guard let result = unsafe h.end() else { return fail(ENOMEM) }
  unsafe buf.pointee = result.text
  unsafe len.pointee = result.count
  return 0
}

@c @implementation
public func hanson_add_ascii(_ h: UnsafeMutablePointer<hanson>!, _ character: CChar) -> CInt {
  unsafe h.add(ascii: character)
}

@c @implementation
public func hanson_add_escaped(_ h: UnsafeMutablePointer<hanson>!, _ text: UnsafePointer<CChar>!) -> CInt {
  unsafe h.add(escaped: text)
}

@c @implementation
public func hanson_add_string(
  _ h: UnsafeMutablePointer<hanson>!, _ text: UnsafePointer<CChar>!, _ first: UnsafeMutablePointer<CInt>!
) -> CInt { unsafe h.add(string: text, first) }

@c @implementation
public func hanson_add_integer(
  _ h: UnsafeMutablePointer<hanson>!, _ number: Int64, _ first: UnsafeMutablePointer<CInt>!
) -> CInt { unsafe h.add(integer: number, first) }

@c @implementation
public func hanson_add_boolean(
  _ h: UnsafeMutablePointer<hanson>!, _ boolean: CInt, _ first: UnsafeMutablePointer<CInt>!
) -> CInt { unsafe h.add(boolean: boolean != 0, first) }

@c @implementation
public func hanson_add_key_value(
  _ h: UnsafeMutablePointer<hanson>!, _ key: UnsafePointer<CChar>!, _ value: UnsafePointer<CChar>!,
  _ first: UnsafeMutablePointer<CInt>!
) -> CInt { unsafe h.add(key: key, first) | h.add(string: value, nil) }

@c @implementation
public func hanson_add_key_value_int(
  _ h: UnsafeMutablePointer<hanson>!, _ key: UnsafePointer<CChar>!, _ value: Int64,
  _ first: UnsafeMutablePointer<CInt>!
) -> CInt { unsafe h.add(key: key, first) | h.add(integer: value, nil) }

@c @implementation
public func hanson_add_key_value_bool(
  _ h: UnsafeMutablePointer<hanson>!, _ key: UnsafePointer<CChar>!, _ value: CInt,
  _ first: UnsafeMutablePointer<CInt>!
) -> CInt { unsafe h.add(key: key, first) | h.add(boolean: value != 0, nil) }

@c @implementation
public func hanson_add_array(
  _ h: UnsafeMutablePointer<hanson>!, _ name: UnsafePointer<CChar>!, _ first: UnsafeMutablePointer<CInt>!
) -> CInt { unsafe h.add(key: name, first) | h.add(ascii: ascii("[")) }

@c @implementation
public func hanson_close_array(_ h: UnsafeMutablePointer<hanson>!) -> CInt { unsafe h.add(ascii: ascii("]")) }

@c @implementation
public func hanson_add_object(
  _ h: UnsafeMutablePointer<hanson>!, _ name: UnsafePointer<CChar>!, _ first: UnsafeMutablePointer<CInt>!
) -> CInt { unsafe h.add(key: name, first) | h.add(ascii: ascii("{")) }

@c @implementation
public func hanson_close_object(_ h: UnsafeMutablePointer<hanson>!) -> CInt { unsafe h.add(ascii: ascii("}")) }

private func ascii(_ character: Unicode.Scalar) -> CChar { CChar(truncatingIfNeeded: character.value) }
