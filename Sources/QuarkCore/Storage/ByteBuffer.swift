/// A buffer in which output is made. Text is added as ASCII literals or as bytes, without `String`, with one check of
/// the capacity for each piece.
@safe public struct ByteBuffer: ~Copyable {
  private var start: UnsafeMutablePointer<UInt8>
  private var capacity = 4096
  public private(set) var count = 0

  public init() { unsafe start = .allocate(capacity: capacity) }

  @inlinable deinit { destroy() }

  @usableFromInline func destroy() { unsafe start.deallocate() }

  /// A copy of all bytes.
  public var bytes: [UInt8] { unsafe [UInt8](UnsafeBufferPointer(start: start, count: count)) }

  public var span: Span<UInt8> {
    @_lifetime(borrow self) get {
      // Safe: this many bytes were filled, and any change of the buffer needs exclusive access to it.
      let span = unsafe Span(_unsafeStart: start, count: count)
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }

  public mutating func removeAll() { count = 0 }

  public mutating func append(_ byte: UInt8) {
    reserve(1)
    unsafe start[count] = byte
    count &+= 1
  }

  public mutating func append(_ text: StaticString) {
    // Safe: the bytes of a literal are always valid.
    unsafe append(UnsafeRawPointer(text.utf8Start), text.utf8CodeUnitCount)
  }

  /// Appends a NUL-terminated C string.
  @unsafe public mutating func append(cString: UnsafePointer<CChar>) {
    var length = 0
    while unsafe cString[length] != 0 { length &+= 1 }
    unsafe append(UnsafeRawPointer(cString), length)
  }

  /// Appends strings that each end with a NUL, separated by `, `.
  @unsafe mutating func append(separated strings: UnsafePointer<CChar>, count length: Int) {
    reserve(2 &* length)
    var end = unsafe start + count
    for index in 0..<length {
      let byte = unsafe UInt8(bitPattern: strings[index])
      if byte != 0 {
        unsafe end.pointee = byte
        unsafe end += 1
      } else if index < length - 1 {
        unsafe end[0] = UInt8(ascii: ",")
        unsafe end[1] = UInt8(ascii: " ")
        unsafe end += 2
      }
    }
    count = unsafe end - start
  }

  /// Bytes as in a string of C: a byte that is not printable ASCII becomes `\n`, `\r`, `\t`, `\e`, or `\x` and two
  /// digits.
  mutating func append(escaped bytes: RawSpan) {
    for index in 0..<bytes.byteCount {
      // Safe: unsafeLoad checks the bounds, and any bits are a byte.
      let byte = unsafe bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self)
      switch byte {
      case 0x0a: append("\\n")
      case 0x0d: append("\\r")
      case 0x09: append("\\t")
      case 0x1b: append("\\e")
      case UInt8(ascii: "\\"): append("\\\\")
      case 0x20...0x7e: append(byte)
      default:
        append("\\x")
        append(Self.digit(byte >> 4))
        append(Self.digit(byte & 15))
      }
    }
  }

  private static func digit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + (value - 10)
  }

  public mutating func append(decimal value: UInt64) {
    reserve(20)
    let digits = Self.digitCount(value)
    count &+= digits
    var next = unsafe start + count
    var rest = value
    repeat {
      let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
      unsafe next -= 1
      unsafe next.pointee = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: digit)
      rest = quotient
    } while rest != 0
  }

  public mutating func append(decimal value: Int64) {
    if value < 0 { append(UInt8(ascii: "-")) }
    append(decimal: value.magnitude)
  }

  public mutating func append(hex value: UInt64) {
    reserve(16)
    let digits = max(1, (67 &- value.leadingZeroBitCount) >> 2)
    for position in 0..<digits {
      let digit = UInt8(truncatingIfNeeded: value >> UInt64(4 &* (digits &- 1 &- position)) & 15)
      unsafe start[count] = digit < 10 ? UInt8(ascii: "0") &+ digit : UInt8(ascii: "a") &+ digit &- 10
      count &+= 1
    }
  }

  /// Appends a number, right-aligned in `width` columns.
  public mutating func append(decimal value: UInt64, width: Int) {
    for _ in 0..<max(0, width - Self.digitCount(value)) { append(UInt8(ascii: " ")) }
    append(decimal: value)
  }

  private static func digitCount(_ value: UInt64) -> Int {
    var (digits, bound) = (1, 10 as UInt64)
    while digits < 19, value >= bound { (digits, bound) = (digits &+ 1, bound &* 10) }
    return digits == 19 && value >= bound ? 20 : digits
  }

  @inline(__always)
  private mutating func append(_ bytes: UnsafeRawPointer, _ length: Int) {
    reserve(length)
    // Safe: there is room for the bytes, and the source is not in this buffer.
    unsafe UnsafeMutableRawPointer(start + count).copyMemory(from: bytes, byteCount: length)
    count &+= length
  }

  @inline(__always)
  private mutating func reserve(_ more: Int) {
    if capacity &- count < more { grow(more) }
  }

  @inline(never)
  private mutating func grow(_ more: Int) {
    capacity = max(2 * capacity, count + more)
    let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
    // Safe: both have room for `count` bytes.
    unsafe larger.update(from: start, count: count)
    unsafe start.deallocate()
    unsafe start = larger
  }
}
