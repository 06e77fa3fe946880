internal import CLinux
internal import QuarkCore

/// The boot id, which is different for each boot of each machine: random(4).
public enum BootID {
  /// 64 bits of it, to make ids that differ from those of other boots.
  public static func salt() throws(QuarkError) -> UInt64 {
    var buffer = ReadBuffer(capacity: 256)
    let path: StaticString = "/proc/sys/kernel/random/boot_id"
    do throws(Errno) {
      try unsafe buffer.readFile(path.cString, in: AT_FDCWD, limit: 256)
      guard let salt = salt(of: buffer.bytes) else { throw Errno(EINVAL) }
      return salt
    } catch {
      throw QuarkError("read the boot id", error)
    }
  }

  /// The two halves of the 32 hexadecimal digits, one XOR the other; nil if there are fewer digits.
  static func salt(of text: Span<UInt8>) -> UInt64? {
    var (high, low, count) = (UInt64(0), UInt64(0), 0)
    for index in text.indices {
      guard let digit = digit(text[index]) else { continue }
      high = high << 4 | low >> 60
      low = low << 4 | digit
      count += 1
    }
    return count == 32 ? high ^ low : nil
  }

  private static func digit(_ character: UInt8) -> UInt64? {
    switch character {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(character - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(character - UInt8(ascii: "a")) + 10
    default: nil
    }
  }
}
