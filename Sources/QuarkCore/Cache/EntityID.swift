/// The 16 characters that name one process of one machine for good, pid reuse included: base64 of its pid and its
/// start time, little endian.
public enum EntityID {
  /// /proc tells a start time to the tick of USER_HZ, which is 100 a second on all machines, and an id must be the same
  /// for all that learn it, from a record or from there.
  private static var tickNS: UInt64 { 10_000_000 }

  /// `startNS`: nanoseconds since boot. `salt` keeps the ids of one boot apart from those of another; 0: it does not.
  @unsafe static func write(pid: UInt32, startNS: UInt64, salt: UInt64, to text: UnsafeMutablePointer<CChar>) {
    unsafe write(pid: pid, startTimeNS: startNS / tickNS * tickNS &+ salt, to: text)
  }

  /// `startTimeNS`: nanoseconds, since whenever. Writes 16 characters and a NUL.
  @unsafe public static func write(pid: UInt32, startTimeNS: UInt64, to text: UnsafeMutablePointer<CChar>) {
    // The twelve bytes in the order of the text, most significant first: four groups of three.
    let first = UInt64(pid.byteSwapped) << 32 | UInt64(UInt32(truncatingIfNeeded: startTimeNS).byteSwapped)
    let last = UInt32(truncatingIfNeeded: startTimeNS >> 32).byteSwapped
    unsafe writeGroup(UInt32(first >> 40), to: text)
    unsafe writeGroup(UInt32(first >> 16 & 0xff_ffff), to: text + 4)
    unsafe writeGroup(UInt32(first & 0xffff) << 8 | last >> 24, to: text + 8)
    unsafe writeGroup(last & 0xff_ffff, to: text + 12)
    unsafe text[16] = 0
  }

  /// Three bytes as four characters.
  @inline(__always)
  private static func writeGroup(_ bits: UInt32, to text: UnsafeMutablePointer<CChar>) {
    let alphabet: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    // Safe: six bits index 64 characters.
    let characters = unsafe alphabet.utf8Start
    unsafe text[0] = CChar(bitPattern: characters[Int(bits >> 18)])
    unsafe text[1] = CChar(bitPattern: characters[Int(bits >> 12 & 63)])
    unsafe text[2] = CChar(bitPattern: characters[Int(bits >> 6 & 63)])
    unsafe text[3] = CChar(bitPattern: characters[Int(bits & 63)])
  }
}
