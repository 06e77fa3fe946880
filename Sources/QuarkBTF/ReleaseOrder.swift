/// Compares two kernel releases, if that is possible: 5.10.0-9-amd64 comes before 5.10.0-30-amd64.
enum ReleaseOrder {
  private enum Token {
    case number(Range<Int>)
    case word(Range<Int>)
    case end
  }

  /// Less than 0 if `left` is older. Nil if they have different series (the first two numbers), or different flavours
  /// (the words between the numbers, such as `deb13`, `cloud` and `amd64`, or `el8` and `x86`).
  static func compare(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Int? {
    var (leftPlace, rightPlace) = (0, 0)
    var (order, numbers) = (0, 0)
    var (leftToken, rightToken) = (next(left, &leftPlace), next(right, &rightPlace))
    while true {
      switch (leftToken, rightToken) {
      case (.number(let a), .number(let b)):
        let difference = compare(left.extracting(a), numberTo: right.extracting(b))
        if numbers < 2, difference != 0 { return nil }
        if order == 0 { order = difference }
        numbers += 1
        (leftToken, rightToken) = (next(left, &leftPlace), next(right, &rightPlace))
      // The name with one more number is newer: 147 comes before 147.5.
      case (.number, _):
        if order == 0 { order = 1 }
        leftToken = next(left, &leftPlace)
      case (_, .number):
        if order == 0 { order = -1 }
        rightToken = next(right, &rightPlace)
      case (.word(let a), .word(let b)):
        guard equal(left.extracting(a), right.extracting(b)) else { return nil }
        (leftToken, rightToken) = (next(left, &leftPlace), next(right, &rightPlace))
      case (.end, .end): return numbers >= 2 ? order : nil
      default: return nil
      }
    }
  }

  static func equal(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
    guard left.count == right.count else { return false }
    for index in left.indices where left[index] != right[index] { return false }
    return true
  }

  /// The next run of letters or of digits; other characters separate them.
  private static func next(_ name: Span<UInt8>, _ place: inout Int) -> Token {
    while place < name.count, !isDigit(name[place]), !isLetter(name[place]) { place += 1 }
    let start = place
    var isNumber = true
    while place < name.count, isDigit(name[place]) || isLetter(name[place]) {
      if !isDigit(name[place]) { isNumber = false }
      place += 1
    }
    if start == place { return .end }
    return isNumber ? .number(start..<place) : .word(start..<place)
  }

  /// Compares numbers with any number of digits.
  private static func compare(_ left: Span<UInt8>, numberTo right: Span<UInt8>) -> Int {
    var (a, b) = (0, 0)
    while a < left.count, left[a] == UInt8(ascii: "0") { a += 1 }
    while b < right.count, right[b] == UInt8(ascii: "0") { b += 1 }
    if left.count - a != right.count - b { return left.count - a < right.count - b ? -1 : 1 }
    while a < left.count {
      if left[a] != right[b] { return left[a] < right[b] ? -1 : 1 }
      a += 1
      b += 1
    }
    return 0
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

  private static func isLetter(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) }
}
