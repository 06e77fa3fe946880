/// Names that are looked for, by their bytes: a hash table that only grows while it is filled.
package struct NameTable {
  private var bytes: [UInt8] = []
  private var ranges: [Range<Int>] = []
  /// Indices of `ranges`, or -1. The size is a power of two, and at most half of the slots are used.
  private var slots = [Int32](repeating: -1, count: 64)
  /// A bit for the first byte and the length of each name: only a few of a hundred thousand strings pass this filter.
  private var filter = [UInt64](repeating: 0, count: 256 * 32 / 64)

  package init() {}

  var count: Int { ranges.count }

  func bytes(of index: Int) -> ArraySlice<UInt8> { bytes[ranges[index]] }

  /// The index of a name; adds the name if it is new.
  @discardableResult
  package mutating func add(_ name: UnsafeRawBufferPointer) -> Int {
    if let index = unsafe self.index(of: name) { return index }
    if 2 * (count + 1) > slots.count { grow() }
    let start = bytes.count
    unsafe bytes.append(contentsOf: name)
    ranges.append(start..<bytes.count)
    let bit = unsafe Self.filterBit(name)
    filter[bit >> 6] |= 1 << UInt64(bit & 63)
    unsafe place(count - 1, hash: Self.hash(name))
    return count - 1
  }

  @discardableResult
  package mutating func add(_ name: StaticString) -> Int {
    name.withUTF8Buffer { unsafe add(UnsafeRawBufferPointer($0)) }
  }

  package func index(of name: UnsafeRawBufferPointer) -> Int? {
    let bit = unsafe Self.filterBit(name)
    guard filter[bit >> 6] >> UInt64(bit & 63) & 1 != 0 else { return nil }
    return unsafe search(name)
  }

  /// Calls `found` with the offset and the index of each string of `bytes` that is a name; each ends with a NUL.
  /// Returns the offset of the first string without a NUL.
  func find(in bytes: UnsafeRawBufferPointer, _ found: (Int, Int) -> Void) -> Int {
    var start = 0
    unsafe filter.withUnsafeBufferPointer { filter in
      var place = 0
      while place < bytes.count {
        var (ends, width) = unsafe Self.ends(bytes, place)
        while ends != 0 {
          let end = place + ends.trailingZeroBitCount >> 3
          ends &= ends - 1
          let name = unsafe UnsafeRawBufferPointer(start: bytes.baseAddress! + start, count: end - start)
          let bit = unsafe Self.filterBit(name)
          // Safe: the filter has this bit.
          if unsafe filter[bit >> 6] >> UInt64(bit & 63) & 1 != 0, let index = unsafe search(name) { found(start, index) }
          start = end + 1
        }
        place += width
      }
    }
    return start
  }

  /// Sets the highest bit of each of the next eight bytes that is a NUL; near the end it looks at one byte only.
  @inline(__always)
  private static func ends(_ bytes: UnsafeRawBufferPointer, _ place: Int) -> (ends: UInt64, width: Int) {
    guard place + 8 <= bytes.count else { return unsafe (bytes[place] == 0 ? 0x80 : 0, 1) }
    let word = unsafe UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self))
    let low: UInt64 = 0x7f7f_7f7f_7f7f_7f7f
    return (~((word & low) &+ low | word | low), 8)
  }

  /// Looks up a string without its NUL.
  @inline(__always)
  private static func filterBit(_ name: UnsafeRawBufferPointer) -> Int {
    name.count == 0 ? 0 : unsafe Int(name[0]) | (name.count & 31) << 8
  }

  private func search(_ name: UnsafeRawBufferPointer) -> Int? {
    var slot = unsafe Int(truncatingIfNeeded: Self.hash(name)) & (slots.count - 1)
    while slots[slot] >= 0 {
      let index = Int(slots[slot])
      if unsafe equals(ranges[index], name) { return index }
      slot = (slot + 1) & (slots.count - 1)
    }
    return nil
  }

  package func index(of name: StaticString) -> Int? {
    name.withUTF8Buffer { unsafe index(of: UnsafeRawBufferPointer($0)) }
  }

  private func equals(_ range: Range<Int>, _ name: UnsafeRawBufferPointer) -> Bool {
    guard range.count == name.count else { return false }
    for offset in 0..<range.count where unsafe bytes[range.lowerBound + offset] != name[offset] { return false }
    return true
  }

  private mutating func grow() {
    slots = [Int32](repeating: -1, count: 2 * slots.count)
    for index in 0..<count {
      let hash = unsafe bytes.withUnsafeBytes { unsafe Self.hash(UnsafeRawBufferPointer(rebasing: $0[ranges[index]])) }
      place(index, hash: hash)
    }
  }

  private mutating func place(_ index: Int, hash: UInt64) {
    var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
    while slots[slot] >= 0 { slot = (slot + 1) & (slots.count - 1) }
    slots[slot] = Int32(index)
  }

  /// Hashes the length, the first and the last bytes: good for a few hundred names, and cheap for a hundred thousand.
  private static func hash(_ name: UnsafeRawBufferPointer) -> UInt64 {
    guard name.count > 0 else { return 0 }
    let (first, last) = unsafe (UInt64(name[0]), UInt64(name[name.count - 1]))
    let middle = unsafe UInt64(name[name.count / 2])
    let beforeLast = name.count > 1 ? unsafe UInt64(name[name.count - 2]) : 0
    let word = first | last << 8 | middle << 16 | beforeLast << 24 | UInt64(name.count) << 32
    let product = word &* 0x9E37_79B9_7F4A_7C15
    return product >> 32
  }
}
