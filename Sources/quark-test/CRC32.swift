import QuarkCore

/// CRC-32 like crc32() of zlib (IEEE 802.3, reflected). There are few frames, so bit by bit is fast enough.
struct CRC32 {
  private var remainder: UInt32 = 0xffff_ffff

  mutating func update(_ bytes: some Sequence<UInt8>) {
    for byte in bytes {
      remainder ^= UInt32(byte)
      for _ in 0..<8 { remainder = remainder & 1 == 0 ? remainder >> 1 : remainder >> 1 ^ 0xedb8_8320 }
    }
  }

  /// Eight lower-case digits.
  var hex: String {
    let digits = Array("0123456789abcdef".utf8)
    let value = ~remainder
    let text = (0..<8).map { digits[Int(value >> UInt32(28 - 4 * $0) & 15)] }
    return String(decoding: text, as: UTF8.self)
  }
}
