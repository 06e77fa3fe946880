/// SplitMix64: the same numbers from the same seed on every machine.
package struct SeededGenerator {
  private var state: UInt64

  package init(_ seed: UInt64) { state = seed }

  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
    return value ^ value >> 31
  }

  mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }

  mutating func below(_ limit: UInt64) -> UInt64 { next() % limit }

  mutating func `in`(_ range: ClosedRange<Int>) -> Int { range.lowerBound + below(range.count) }

  mutating func chance(perMille: Int) -> Bool { below(1000) < perMille }

  mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }

  /// All orders of magnitude are equally likely.
  mutating func magnitude(_ range: ClosedRange<Int>) -> Int {
    var top = range.lowerBound
    while top < range.upperBound, below(4) != 0 { top = min(range.upperBound, max(1, top) * 2) }
    return self.in(range.lowerBound...top)
  }

  mutating func bytes(count: Int) -> [UInt8] {
    var result = [UInt8](repeating: 0, count: count)
    for index in result.indices { result[index] = UInt8(ascii: "a") + UInt8(next() % 26) }
    return result
  }
}
