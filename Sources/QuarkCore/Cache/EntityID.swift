internal import CQuark

/// The 16 characters that name one process of one machine for good, pid reuse included: base64 of its pid and its
/// start time, little endian.
public enum EntityID {
  /// `startTimeNS`: nanoseconds since the epoch. Writes 16 characters and a NUL.
  @unsafe public static func write(pid: UInt32, startTimeNS: UInt64, to text: UnsafeMutablePointer<CChar>) {
    for group in 0..<4 {
      var bits: UInt32 = 0
      for index in group * 3..<group * 3 + 3 {
        let byte = index < 4 ? pid >> (8 * UInt32(index)) & 0xff : UInt32(startTimeNS >> (8 * UInt64(index - 4)) & 0xff)
        bits = bits << 8 | byte
      }
      for character in 0..<4 {
        unsafe text[group * 4 + character] = base64(UInt8(bits >> UInt32(18 - 6 * character) & 63))
      }
    }
    unsafe text[16] = 0
  }

  private static func base64(_ value: UInt8) -> CChar {
    switch value {
    case 0..<26: CChar(UInt8(ascii: "A") + value)
    case 26..<52: CChar(UInt8(ascii: "a") + value - 26)
    case 52..<62: CChar(UInt8(ascii: "0") + value - 52)
    case 62: CChar(UInt8(ascii: "+"))
    default: CChar(UInt8(ascii: "/"))
    }
  }
}
