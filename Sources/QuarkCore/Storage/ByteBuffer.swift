/// Bytes of output under construction. Text goes in as ASCII or as bytes that are already there: no `String` work.
public struct ByteBuffer: ~Copyable {
  public private(set) var bytes: [UInt8] = []

  public init() {}

  public mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

  public mutating func append(_ byte: UInt8) { bytes.append(byte) }

  public mutating func append(_ text: StaticString) {
    text.withUTF8Buffer { unsafe bytes.append(contentsOf: $0) }
  }

  /// A NUL-terminated C string.
  @unsafe public mutating func append(cString: UnsafePointer<CChar>) {
    var next = unsafe cString
    while unsafe next.pointee != 0 {
      unsafe bytes.append(UInt8(bitPattern: next.pointee))
      unsafe next += 1
    }
  }

  public mutating func append(decimal value: UInt64) {
    if value >= 10 { append(decimal: value / 10) }
    bytes.append(UInt8(ascii: "0") + UInt8(value % 10))
  }

  public mutating func append(decimal value: Int64) {
    if value < 0 { bytes.append(UInt8(ascii: "-")) }
    append(decimal: value.magnitude)
  }

  public mutating func append(hex value: UInt64) {
    if value >= 16 { append(hex: value / 16) }
    let digit = UInt8(value % 16)
    bytes.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
  }

  /// Right-aligned in `width` columns.
  public mutating func append(decimal value: UInt64, width: Int) {
    var digits = 1
    var rest = value
    while rest >= 10 { (digits, rest) = (digits + 1, rest / 10) }
    for _ in 0..<max(0, width - digits) { bytes.append(UInt8(ascii: " ")) }
    append(decimal: value)
  }
}
