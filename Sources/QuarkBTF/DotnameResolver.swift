/// Finds the offsets of all dotnames in a BTF, of which a few pages are in memory at a time: it reads the strings, for
/// where the wanted names are, then the types, for where each is and which are the wanted structures, and looks at
/// those.
package struct DotnameResolver<Source: BTFSource & ~Copyable>: ~Copyable {
  private var source: Source
  private let layout: BTFLayout
  private var names = NameTable()
  /// For each dotname its spellings, and for each spelling its parts.
  private var paths: [[[Int]]] = []
  /// The offsets of the wanted names in the strings, in ascending order.
  private var nameOffsets: [(offset: UInt32, name: Int)] = []
  /// The offset of each type from the beginning of the types, by id.
  private var places: [UInt32] = [0]
  /// The id of the first structure or enumeration with each name; 0 if there is none.
  private var structures: [UInt32]
  private var unions: [UInt32]
  private var enumerations: [UInt32]
  /// The number of members that may still be looked at: a search in a damaged file could take too long.
  private var budget = 4 << 20

  package static func resolve(_ source: consuming Source) throws(BTFError) -> OffsetVector {
    let layout = try BTFLayout(source)
    var resolver = DotnameResolver(source, layout)
    try resolver.readStrings()
    try resolver.readTypes()
    var vector = OffsetVector()
    for name in Dotname.allCases {
      for path in resolver.paths[name.rawValue] where vector[name] == nil { vector[name] = try resolver.offset(path) }
      for path in resolver.paths[name.rawValue] where vector[name] == nil { vector[name] = try resolver.constant(path) }
    }
    return vector
  }

  private init(_ source: consuming Source, _ layout: BTFLayout) {
    self.source = source
    self.layout = layout
    paths = []
    for name in Dotname.allCases {
      var spellings: [[Int]] = []
      for spelling in name.spellings { spellings.append(Self.parts(spelling, &names)) }
      paths.append(spellings)
    }
    structures = [UInt32](repeating: 0, count: names.count)
    unions = structures
    enumerations = structures
  }

  private static func parts(_ dotname: StaticString, _ names: inout NameTable) -> [Int] {
    dotname.withUTF8Buffer { text in
      let bytes = UnsafeRawBufferPointer(text)
      var (parts, start) = ([Int](), 0)
      for index in 0...bytes.count {
        guard unsafe index == bytes.count || bytes[index] == UInt8(ascii: ".") else { continue }
        parts.append(unsafe names.add(UnsafeRawBufferPointer(rebasing: bytes[start..<index])))
        start = index + 1
      }
      return parts
    }
  }

  // MARK: - Reading

  private mutating func readStrings() throws(BTFError) {
    var place = layout.strings.lowerBound
    while place < layout.strings.upperBound {
      let bytes = unsafe try source.peek(4096, at: place)
      let available = min(bytes.count, layout.strings.upperBound - place)
      let base = place - layout.strings.lowerBound
      let start = unsafe names.find(in: UnsafeRawBufferPointer(rebasing: bytes[..<available])) { offset, name in
        nameOffsets.append((offset: UInt32(base + offset), name: name))
      }
      guard start > 0 else { throw .damaged("a string of more than 4096 bytes", at: place) }
      place += start
    }
  }

  private mutating func readTypes() throws(BTFError) {
    var place = layout.types.lowerBound
    places.reserveCapacity(layout.types.count / 20)
    while place < layout.types.upperBound {
      let bytes = unsafe try source.peek(4096, at: place)
      let available = min(bytes.count, layout.types.upperBound - place)
      var offset = 0
      while offset + BTFFormat.typeSize <= available {
        let type = unsafe bytes.loadUnaligned(fromByteOffset: offset, as: BTFFormat.TypeHeader.self)
        let id = UInt32(places.count)
        guard let trailer = type.trailerSize else { throw .damaged("of an unknown kind", at: place + offset, type: id) }
        guard place + offset + BTFFormat.typeSize + trailer <= layout.types.upperBound else {
          throw .damaged("longer than the types are", at: place + offset, type: id)
        }
        try note(type, id, at: place + offset)
        places.append(UInt32(place + offset - layout.types.lowerBound))
        offset += BTFFormat.typeSize + trailer
      }
      guard offset > 0 else { throw .damaged("the types are cut off", at: place) }
      place += offset
    }
  }

  private mutating func note(_ type: BTFFormat.TypeHeader, _ id: UInt32, at place: Int) throws(BTFError) {
    guard Int(type.nameOffset) < layout.strings.count else {
      throw .damaged("its name is outside of the strings", at: place, type: id)
    }
    switch type.kind {
    case .structure, .union, .enumeration: break
    default: return
    }
    guard type.nameOffset != 0, let name = name(type.nameOffset) else { return }
    switch type.kind {
    case .structure: if structures[name] == 0 { structures[name] = id }
    case .union: if unions[name] == 0 { unions[name] = id }
    default: if enumerations[name] == 0 { enumerations[name] = id }
    }
  }

  private func name(_ offset: UInt32) -> Int? {
    var (low, high) = (0, nameOffsets.count)
    while low < high {
      let middle = (low + high) / 2
      if nameOffsets[middle].offset < offset { low = middle + 1 } else { high = middle }
    }
    return low < nameOffsets.count && nameOffsets[low].offset == offset ? nameOffsets[low].name : nil
  }

  // MARK: - Resolving

  private struct Member {
    /// The offset in bits from the beginning of the outermost structure.
    var bits: Int
    var type: UInt32
    var isBitField: Bool
  }

  /// The offset in bytes. Nil if there is no such member, or if it does not begin at a byte.
  private mutating func offset(_ path: [Int]) throws(BTFError) -> Int? {
    var type = structures[path[0]] != 0 ? structures[path[0]] : unions[path[0]]
    var bits = 0
    guard type != 0 else { return nil }
    for part in path.dropFirst() {
      guard let member = try find(part, in: type, depth: 0), !member.isBitField else { return nil }
      bits += member.bits
      type = member.type
    }
    guard bits % 8 == 0 else { return nil }
    guard bits / 8 < Int(Int32.max) else { throw .damaged("too large", at: place(type), type: type) }
    return bits / 8
  }

  /// Searches a structure, and the unnamed structures in it.
  private mutating func find(_ name: Int, in id: UInt32, depth: Int) throws(BTFError) -> Member? {
    let (id, type) = try withoutConst(id)
    guard type.kind == .structure || type.kind == .union else { return nil }
    guard depth < 32 else { throw .damaged("nested too deeply", at: place(id), type: id) }
    let members = try trailer(id, words: 3 * type.count)
    budget -= type.count
    guard budget > 0 else { throw .damaged("nested in more ways than can be tried", at: place(id), type: id) }
    for index in 0..<type.count {
      let (nameOffset, memberType, position) = (members[3 * index], members[3 * index + 1], members[3 * index + 2])
      guard Int(nameOffset) < layout.strings.count else {
        throw .damaged("a member's name is outside of the strings", at: place(id) + 12 + 12 * index, type: id)
      }
      let bits = Int(type.hasBitFieldSizes ? position & 0xff_ffff : position)
      let isBitField = type.hasBitFieldSizes && position >> 24 != 0
      guard bits / 8 <= Int(type.sizeOrType) else {
        throw .damaged("a member begins behind the end", at: place(id) + 12 + 12 * index, type: id)
      }
      if nameOffset != 0 {
        guard self.name(nameOffset) == name else { continue }
        let isOldBitField = type.hasBitFieldSizes ? false : try isPartOfInteger(memberType)
        return Member(bits: bits, type: memberType, isBitField: isBitField || isOldBitField)
      }
      if !isBitField, var member = try find(name, in: memberType, depth: depth + 1) {
        member.bits += bits
        return member
      }
    }
    return nil
  }

  /// True for the old form of bit-fields, from before structures had a flag for them.
  private func isPartOfInteger(_ id: UInt32) throws(BTFError) -> Bool {
    let (id, type) = try withoutConst(id)
    guard type.kind == .int else { return false }
    let encoding = try trailer(id, words: 1)[0]
    return Int(encoding & 0xff) != 8 * Int(type.sizeOrType) || encoding >> 16 & 0xff != 0
  }

  private func withoutConst(_ id: UInt32) throws(BTFError) -> (id: UInt32, type: BTFFormat.TypeHeader) {
    var id = id
    for _ in 0..<32 {
      let type = try type(id)
      guard type.kind == .const else { return (id, type) }
      id = type.sizeOrType
    }
    throw .damaged("const of itself", at: place(id), type: id)
  }

  private mutating func constant(_ path: [Int]) throws(BTFError) -> Int? {
    guard path.count == 2, enumerations[path[0]] != 0 else { return nil }
    let id = enumerations[path[0]]
    let type = try type(id)
    let values = try trailer(id, words: 2 * type.count)
    for index in 0..<type.count where name(values[2 * index]) == path[1] {
      return Int(Int32(bitPattern: values[2 * index + 1]))
    }
    return nil
  }

  private func place(_ id: UInt32) -> Int { layout.types.lowerBound + Int(places[Int(id)]) }

  /// The type with this id; `void` for id 0.
  private func type(_ id: UInt32) throws(BTFError) -> BTFFormat.TypeHeader {
    if id == 0 { return BTFFormat.TypeHeader(nameOffset: 0, info: 0, sizeOrType: 0) }
    guard Int(id) < places.count else {
      throw .damaged("named by another, but there are fewer", at: layout.types.upperBound, type: id)
    }
    guard let words = try source.words(3, at: place(id)) else { throw .damaged("cut off", at: place(id), type: id) }
    return BTFFormat.TypeHeader(nameOffset: words[0], info: words[1], sizeOrType: words[2])
  }

  private func trailer(_ id: UInt32, words: Int) throws(BTFError) -> [UInt32] {
    guard let words = try source.words(words, at: place(id) + BTFFormat.typeSize) else {
      throw .damaged("cut off", at: place(id), type: id)
    }
    return words
  }
}
