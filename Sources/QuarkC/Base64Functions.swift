import CLinux
import CQuark

// RFC 4648, section 4, like the functions b64_ntop() and b64_pton() of BIND.

private let alphabet: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

@c @implementation
public func qb64_ntop(
  _ source: UnsafePointer<UInt8>!, _ length: Int, _ target: UnsafeMutablePointer<CChar>!, _ size: Int
) -> CInt {
  guard length >= 0, length < Int(CInt.max) / 2, (length + 2) / 3 * 4 < size else { return -1 }
  var written = 0
  for start in stride(from: 0, to: length, by: 3) {
    let count = min(3, length - start)
    var bits: UInt32 = 0
    for index in 0..<3 { bits = unsafe bits << 8 | (index < count ? UInt32(source[start + index]) : 0) }
    for index in 0..<4 {
      // Safe: six bits index 64 characters, and the room was checked above.
      let digit = unsafe alphabet.utf8Start[Int(bits >> UInt32(18 - 6 * index) & 63)]
      unsafe target[written] = CChar(bitPattern: index <= count ? digit : UInt8(ascii: "="))
      written += 1
    }
  }
  unsafe target[written] = 0
  return CInt(written)
}

@c @implementation
public func qb64_pton(
  _ source: UnsafePointer<CChar>!, _ target: UnsafeMutablePointer<UInt8>!, _ size: Int
) -> CInt {
  var next = unsafe source!
  var (bits, digits, padding, written) = (UInt32(0), 0, 0, 0)
  while unsafe next.pointee != 0 {
    let character = UInt8(bitPattern: unsafe next.pointee)
    unsafe next += 1
    if isSpace(character) { continue }
    if character == UInt8(ascii: "=") {
      // One or two characters, if a group of four is not complete.
      padding += 1
      guard digits % 4 >= 2, digits % 4 + padding <= 4 else { return -1 }
      continue
    }
    guard padding == 0, let value = value(of: character) else { return -1 }
    bits = bits << 6 | value
    digits += 1
    guard digits % 4 != 1 else { continue }
    // Safe: this is within the `size` bytes; without a target the bytes are only counted.
    if let target = unsafe target {
      guard written < size else { return -1 }
      unsafe target[written] = UInt8(truncatingIfNeeded: bits >> UInt32(6 - 2 * ((digits + 3) % 4)))
    }
    written += 1
  }
  // Bits after the last byte must be zero; otherwise there were two texts for the same bytes.
  switch digits % 4 {
  case 0: return padding == 0 ? CInt(written) : -1
  case 2: return padding == 2 && bits & 15 == 0 ? CInt(written) : -1
  case 3: return padding == 1 && bits & 3 == 0 ? CInt(written) : -1
  default: return -1
  }
}

private func isSpace(_ character: UInt8) -> Bool {
  character == UInt8(ascii: " ") || (9...13).contains(character)
}

private func value(of character: UInt8) -> UInt32? {
  switch character {
  case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(character - UInt8(ascii: "A"))
  case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(character - UInt8(ascii: "a") + 26)
  case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(character - UInt8(ascii: "0") + 52)
  case UInt8(ascii: "+"): 62
  case UInt8(ascii: "/"): 63
  default: nil
  }
}
