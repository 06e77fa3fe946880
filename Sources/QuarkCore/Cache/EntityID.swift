/// The 16 characters that name one process of one machine, even if its pid is used again: base64 of its pid and its
/// start time, little endian.
public enum EntityID {
  /// /proc has start times in ticks of USER_HZ, which is 100 per second on all machines. An id must be the same whether
  /// the start time comes from a record or from /proc.
  private static var tickNS: UInt64 { 10_000_000 }

  /// `startNS`: nanoseconds since boot. `salt` makes the ids of one boot differ from those of another; 0 means no salt.
  @inline(never)
  @unsafe static func write(pid: UInt32, startNS: UInt64, salt: UInt64, to text: UnsafeMutablePointer<CChar>) {
    unsafe write(pid: pid, startTimeNS: startNS / tickNS * tickNS &+ salt, to: text)
  }

  /// `startTimeNS`: nanoseconds since any moment. Writes 16 characters and a NUL.
  @inline(__always)
  @unsafe public static func write(pid: UInt32, startTimeNS: UInt64, to text: UnsafeMutablePointer<CChar>) {
    // The twelve bytes in the order of the text, most significant first.
    let first = UInt64(pid.byteSwapped) << 32 | UInt64(UInt32(truncatingIfNeeded: startTimeNS).byteSwapped)
    let last = UInt64(UInt32(truncatingIfNeeded: startTimeNS >> 32).byteSwapped)
    let sextets = sextets(SIMD2(first >> 16, (first & 0xffff) << 32 | last))
    // Safe: both are 16 bytes, and any bytes are valid; there is room for 16 characters.
    let characters = unsafe characters(unsafeBitCast(sextets, to: SIMD16<Int8>.self))
    unsafe UnsafeMutableRawPointer(text).storeBytes(of: characters, as: SIMD16<Int8>.self)
    unsafe text[16] = 0
  }

  /// Splits 48 bits into eight groups of six, one byte each, the most significant first in memory.
  @inline(__always)
  private static func sextets(_ bits: SIMD2<UInt64>) -> SIMD2<UInt64> {
    // Each step splits values in two halves; the upper half comes first.
    let halves = bits &>> 24 | (bits &<< 32 & 0xff_ffff_0000_0000)
    let quarters = halves &>> 12 & 0xfff_0000_0fff | (halves & 0xfff_0000_0fff) &<< 16
    let eighths = quarters &>> 6 & 0x3f_003f_003f_003f | (quarters & 0x3f_003f_003f_003f) &<< 8
    return SIMD2(eighths.x.littleEndian, eighths.y.littleEndian)
  }

  /// Converts to base64 characters: A to Z, a to z, 0 to 9, +, /.
  @inline(__always)
  private static func characters(_ sextets: SIMD16<Int8>) -> SIMD16<Int8> {
    // At the beginning of each range, the number that is added to the value changes by this much.
    sextets &+ 65 &+ (from(26, sextets) & 6) &+ (from(52, sextets) & -75) &+ (from(62, sextets) & -15)
      &+ (from(63, sextets) & 3)
  }

  /// All ones where a value is not less than `least`, otherwise zero: the sign of the sum, in all bits.
  @inline(__always)
  private static func from(_ least: Int8, _ sextets: SIMD16<Int8>) -> SIMD16<Int8> {
    (sextets &+ (.min &- least)) &>> 7
  }
}
