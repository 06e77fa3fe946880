/// One reading of a BTF for KernelTypes: first its strings, for where the wanted names are, then its types. The BTF is
/// not trusted: it may be a file that somebody has named.
package struct KernelTypePicker<Source: BTFSource & ~Copyable>: ~Copyable {
  private var source: Source
  private let names: NameTable
  private let layout: BTFLayout
  /// The wanted names by their offsets in the file's strings.
  private var nameOfOffset = OffsetTable()
  /// The file offset of each type, by its id.
  private var places: [UInt32] = [0]
  private var structures: [UInt32] = []
  private var typedefs: [(name: Int, type: UInt32)] = []
  package private(set) var functions: [(name: Int, id: UInt32)] = []
  package private(set) var structureMembers: [(structure: Int, member: Int)] = []
  private var output = BTFWriter()
  /// The types that were written already: ids in the output, by ids in the file.
  private var written: [UInt32] = []

  /// The values for a type that is not written yet, and for one that is being written.
  private static var notYet: UInt32 { 0 }
  private static var underWay: UInt32 { .max }

  package init(_ source: consuming Source, names: NameTable) throws(BTFError) {
    layout = try BTFLayout(source)
    self.names = names
    self.source = source
  }

  package mutating func readStrings() throws(BTFError) {
    var place = layout.strings.lowerBound
    while place < layout.strings.upperBound {
      let bytes = unsafe try source.peek(4096, at: place)
      let available = min(bytes.count, layout.strings.upperBound - place)
      let base = place - layout.strings.lowerBound
      let start = unsafe names.find(in: UnsafeRawBufferPointer(rebasing: bytes[..<available])) { offset, index in
        nameOfOffset.set(UInt32(base + offset), index)
      }
      guard start > 0 else { throw .damaged("a string of more than 4096 bytes", at: place) }
      place += start
    }
  }

  package mutating func readTypes() throws(BTFError) {
    var place = layout.types.lowerBound
    while place < layout.types.upperBound {
      let bytes = unsafe try source.peek(4096, at: place)
      let available = min(bytes.count, layout.types.upperBound - place)
      var offset = 0
      while offset + BTFFormat.typeSize <= available {
        let type = unsafe bytes.loadUnaligned(fromByteOffset: offset, as: BTFFormat.TypeHeader.self)
        let id = UInt32(places.count)
        guard let trailer = type.trailerSize else { throw .damaged("of an unknown kind", at: place + offset, type: id) }
        guard trailer <= layout.types.upperBound - place - offset - BTFFormat.typeSize else {
          throw .damaged("longer than the types are", at: place + offset, type: id)
        }
        note(type, id)
        places.append(UInt32(place + offset))
        offset += BTFFormat.typeSize + trailer
      }
      guard offset > 0 else { throw .damaged("the types are cut off", at: place) }
      place += offset
    }
  }

  private mutating func note(_ type: BTFFormat.TypeHeader, _ id: UInt32) {
    guard type.nameOffset != 0, let name = nameOfOffset[type.nameOffset] else { return }
    switch type.kind {
    case .structure, .union, .enumeration, .enumeration64: structures.append(id)
    case .function: functions.append((name, id))
    case .typedef: typedefs.append((name, type.sizeOrType))
    default: break
    }
  }

  /// The parameters of the prototypes that the wanted typedefs point to.
  package func prototypes() throws(BTFError) -> [(name: Int, parameters: Int)] {
    var result: [(name: Int, parameters: Int)] = []
    for typedef in typedefs {
      let pointer = try type(typedef.type)
      guard pointer.kind == .pointer, pointer.sizeOrType != 0 else { continue }
      let target = try type(pointer.sizeOrType)
      if target.kind == .prototype { result.append((typedef.name, target.count)) }
    }
    return result
  }

  // MARK: - The extract

  package mutating func extract() throws(BTFError) -> [UInt8] {
    written = [UInt32](repeating: Self.notYet, count: places.count)
    for id in structures { _ = try write(id) }
    return output.finish()
  }

  private func type(_ id: UInt32) throws(BTFError) -> BTFFormat.TypeHeader {
    guard id > 0, Int(id) < places.count else { throw .damaged("there is no such type", at: 0, type: id) }
    let words = try words(BTFFormat.typeSize / 4, at: Int(places[Int(id)]))
    return BTFFormat.TypeHeader(nameOffset: words[0], info: words[1], sizeOrType: words[2])
  }

  private func trailer(_ id: UInt32, words: Int) throws(BTFError) -> [UInt32] {
    try self.words(words, at: Int(places[Int(id)]) + BTFFormat.typeSize)
  }

  /// Reads words that existed when the types were read.
  private func words(_ count: Int, at place: Int) throws(BTFError) -> [UInt32] {
    guard let words = try source.words(count, at: place) else { throw .damaged("the file got shorter", at: place) }
    return words
  }

  /// Writes a type and the types it contains, and returns its id in the output. Types that it points to are not
  /// written.
  private mutating func write(_ id: UInt32, depth: Int = 0) throws(BTFError) -> UInt32 {
    if id == 0 { return 0 }
    let type = try type(id)
    let known = written[Int(id)]
    // Without this check, a few types that contain each other would take too long.
    guard known != Self.underWay else { throw .damaged("it contains itself", at: Int(places[Int(id)]), type: id) }
    if known != Self.notYet { return known }
    guard depth < 64 else { throw .damaged("nested too deeply", at: Int(places[Int(id)]), type: id) }
    written[Int(id)] = Self.underWay
    let result = try writeFresh(id, type, depth: depth)
    written[Int(id)] = result
    return result
  }

  /// 0 is the output's void, whose name is not remembered.
  private mutating func writeFresh(
    _ id: UInt32, _ type: BTFFormat.TypeHeader, depth: Int
  ) throws(BTFError) -> UInt32 {
    switch type.kind {
    case .typedef, .volatile, .const, .restrict, .typeTag: return try write(type.sizeOrType, depth: depth + 1)
    case .pointer: return output.pointer()
    case .structure, .union: return try writeStructure(id, type, depth: depth)
    case .array:
      let words = try trailer(id, words: 3)
      let element = try write(words[0], depth: depth + 1)
      return output.array(of: element, index: try write(words[1], depth: depth + 1), count: words[2])
    case .enumeration: return output.type(type, name: name(type), try values(id, type, words: 2))
    case .enumeration64: return output.type(type, name: name(type), try values(id, type, words: 3))
    case .int: return output.type(type, name: 0, try trailer(id, words: 1))
    case .forward, .float: return output.type(type, name: 0, [])
    // Members do not have these kinds, or need not be known.
    default: return output.pointer()
    }
  }

  /// A member without a name is a structure whose members count as members of the outer structure.
  private mutating func writeStructure(
    _ id: UInt32, _ type: BTFFormat.TypeHeader, depth: Int
  ) throws(BTFError) -> UInt32 {
    let members = try trailer(id, words: 3 * type.count)
    var kept: [UInt32] = []
    for index in 0..<type.count {
      let nameOffset = members[3 * index]
      let name = nameOfOffset[nameOffset]
      guard nameOffset == 0 || name != nil else { continue }
      if let name, let structure = nameOfOffset[type.nameOffset] { structureMembers.append((structure, name)) }
      kept.append(name.map { output.string(names.bytes(of: $0)) } ?? 0)
      kept.append(try write(members[3 * index + 1], depth: depth + 1))
      kept.append(members[3 * index + 2])
    }
    var cut = type
    cut.info = type.info & ~0xffff | UInt32(kept.count / 3)
    return output.type(cut, name: name(type), kept)
  }

  private mutating func values(_ id: UInt32, _ type: BTFFormat.TypeHeader, words: Int) throws(BTFError) -> [UInt32] {
    var values = try trailer(id, words: words * type.count)
    for index in 0..<type.count {
      let name = nameOfOffset[values[words * index]]
      values[words * index] = name.map { output.string(names.bytes(of: $0)) } ?? 0
    }
    return values
  }

  private mutating func name(_ type: BTFFormat.TypeHeader) -> UInt32 {
    nameOfOffset[type.nameOffset].map { output.string(names.bytes(of: $0)) } ?? 0
  }
}

/// A hash table with a few hundred numbers by offsets.
private struct OffsetTable {
  private var slots = [(offset: UInt32, value: Int32)](repeating: (0, -1), count: 4096)
  private var count = 0

  subscript(offset: UInt32) -> Int? {
    var slot = Self.hash(offset) & (slots.count - 1)
    while slots[slot].value >= 0 {
      if slots[slot].offset == offset { return Int(slots[slot].value) }
      slot = (slot + 1) & (slots.count - 1)
    }
    return nil
  }

  mutating func set(_ offset: UInt32, _ value: Int) {
    // The object has fewer names than this, and each is in the kernel's strings once.
    guard count < slots.count / 2 else { return }
    count += 1
    var slot = Self.hash(offset) & (slots.count - 1)
    while slots[slot].value >= 0 { slot = (slot + 1) & (slots.count - 1) }
    slots[slot] = (offset, Int32(value))
  }

  private static func hash(_ offset: UInt32) -> Int { Int(truncatingIfNeeded: UInt64(offset) &* 0x9E37_79B1 >> 12) }
}

/// Writes a new BTF.
private struct BTFWriter {
  private var types: [UInt32] = []
  private var strings: [UInt8] = [0]
  private var count: UInt32 = 0
  private var pointerID: UInt32 = 0
  private var known: [(bytes: ArraySlice<UInt8>, offset: UInt32)] = []

  mutating func string(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    for entry in known where entry.bytes.startIndex == bytes.startIndex { return entry.offset }
    let offset = UInt32(strings.count)
    strings += bytes
    strings.append(0)
    known.append((bytes, offset))
    return offset
  }

  mutating func type(_ type: BTFFormat.TypeHeader, name: UInt32, _ trailer: [UInt32]) -> UInt32 {
    types += [name, type.info, type.sizeOrType]
    types += trailer
    count += 1
    return count
  }

  /// One pointer to void is used for all pointers.
  mutating func pointer() -> UInt32 {
    if pointerID == 0 {
      let info = UInt32(BTFFormat.Kind.pointer.rawValue) << 24
      pointerID = type(BTFFormat.TypeHeader(nameOffset: 0, info: info, sizeOrType: 0), name: 0, [])
    }
    return pointerID
  }

  mutating func array(of element: UInt32, index: UInt32, count: UInt32) -> UInt32 {
    let info = UInt32(BTFFormat.Kind.array.rawValue) << 24
    return type(BTFFormat.TypeHeader(nameOffset: 0, info: info, sizeOrType: 0), name: 0, [element, index, count])
  }

  func finish() -> [UInt8] {
    let header: [UInt32] = [
      UInt32(BTFFormat.magic) | 1 << 16, UInt32(BTFFormat.headerSize), 0, UInt32(4 * types.count),
      UInt32(4 * types.count), UInt32(strings.count),
    ]
    var bytes: [UInt8] = []
    bytes.reserveCapacity(4 * (header.count + types.count) + strings.count)
    for word in header + types {
      for shift in [0, 8, 16, 24] as [UInt32] { bytes.append(UInt8(truncatingIfNeeded: word >> shift)) }
    }
    return bytes + strings
  }
}
