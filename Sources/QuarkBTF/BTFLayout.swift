/// The places of a BTF's parts in a file, which is raw BTF or an ELF file with a section `.BTF`.
struct BTFLayout {
  let types: Range<Int>
  let strings: Range<Int>

  /// More than any kernel has: about 5 MB are usual.
  private static var maxBytes: Int { 256 << 20 }

  init<Source: BTFSource & ~Copyable>(_ source: borrowing Source) throws(BTFError) {
    guard let start = try source.words(1, at: 0) else { throw .damaged("shorter than a BTF's header", at: 0) }
    let isELF = start[0].littleEndian == 0x464c_457f
    let section = isELF ? try ELFSection.find(".BTF", source) : 0..<Int.max
    let base = section.lowerBound
    guard section.count >= BTFFormat.headerSize, let header = try source.words(BTFFormat.headerSize / 4, at: base)
    else {
      throw .damaged("shorter than a BTF's header", at: base)
    }
    switch UInt16(truncatingIfNeeded: header[0]) {
    case BTFFormat.magic: break
    case BTFFormat.magic.byteSwapped: throw .damaged("a BTF of the other byte order", at: base)
    default: throw .damaged("this is not BTF", at: base)
    }
    guard header[0] >> 16 & 0xff == 1 else { throw .damaged("a version of BTF that is not known here", at: base + 2) }
    let size = Int(header[1])
    guard size >= BTFFormat.headerSize, size <= 4096 else {
      throw .damaged("the header has an impossible size", at: base + 4)
    }
    let types = Int(header[2])..<Int(header[2]) + Int(header[3])
    let strings = Int(header[4])..<Int(header[4]) + Int(header[5])
    guard types.lowerBound % 4 == 0 else { throw .damaged("the types do not begin at a multiple of 4", at: base + 8) }
    guard types.upperBound <= strings.lowerBound else {
      throw .damaged("the types run into the strings", at: base + 12)
    }
    guard strings.upperBound <= Self.maxBytes else { throw .damaged("larger than any kernel's", at: base + 20) }
    guard !strings.isEmpty else { throw .damaged("there are no strings", at: base + 20) }
    let end = base + size + strings.upperBound
    guard end - base <= section.count else { throw .damaged("the strings end behind the section", at: base + 20) }
    self.types = base + size + types.lowerBound..<base + size + types.upperBound
    self.strings = base + size + strings.lowerBound..<end
    guard try Self.byte(source, at: end - 1) == 0 else {
      throw .damaged("the last string has no end, or the file is cut off", at: end - 1)
    }
    guard try Self.byte(source, at: self.strings.lowerBound) == 0 else {
      throw .damaged("the first string is not the empty one", at: self.strings.lowerBound)
    }
  }

  /// Nil if the file is shorter.
  private static func byte<Source: BTFSource & ~Copyable>(
    _ source: borrowing Source, at offset: Int
  ) throws(BTFError) -> UInt8? {
    var byte: UInt8 = 0
    var result: Result<Bool, BTFError> = .success(false)
    unsafe withUnsafeMutableBytes(of: &byte) { bytes in
      do throws(BTFError) { result = .success(unsafe try source.fill(bytes, at: offset)) } catch {
        result = .failure(error)
      }
    }
    return try result.get() ? byte : nil
  }
}

/// A section of a 64-bit ELF file: elf(5).
enum ELFSection {
  private static var headerWords: Int { 16 }
  private static var sectionWords: Int { 16 }

  static func find<Source: BTFSource & ~Copyable>(
    _ name: StaticString, _ source: borrowing Source
  ) throws(BTFError) -> Range<Int> {
    guard let header = try source.words(headerWords, at: 0) else { throw .damaged("shorter than an ELF header", at: 0) }
    // ELFCLASS64, ELFDATA2LSB.
    guard header[1] & 0xffff == 0x0102 else { throw .damaged("not an ELF file of 64 bits, little-endian", at: 4) }
    let table = try number(header, 10, at: 0)
    let (entrySize, count) = (Int(header[14] >> 16), Int(header[15] & 0xffff))
    guard table > 0, entrySize == 4 * sectionWords else { throw .damaged("an ELF file without sections", at: 40) }
    let namesIndex = Int(header[15] >> 16)
    guard namesIndex < count else { throw .damaged("the sections have no names", at: 62) }
    let names = try section(namesIndex, table, source)
    for index in 0..<count {
      let place = table + index * entrySize
      let entry = try section(index, table, source)
      guard entry.name < names.range.count, try isName(name, names.range.dropFirst(entry.name), source) else {
        continue
      }
      // SHF_COMPRESSED
      guard entry.flags & 0x800 == 0 else { throw .damaged("the section is compressed", at: place + 8) }
      return entry.range
    }
    throw .damaged("the ELF file has no section .BTF", at: table)
  }

  private static func section<Source: BTFSource & ~Copyable>(
    _ index: Int, _ table: Int, _ source: borrowing Source
  ) throws(BTFError) -> (name: Int, flags: UInt32, range: Range<Int>) {
    let place = table + index * 4 * sectionWords
    guard let words = try source.words(sectionWords, at: place) else {
      throw .damaged("the sections are cut off", at: place)
    }
    let start = try number(words, 6, at: place)
    return (Int(words[0]), words[2], start..<start + (try number(words, 8, at: place)))
  }

  private static func isName<Source: BTFSource & ~Copyable>(
    _ name: StaticString, _ range: Range<Int>, _ source: borrowing Source
  ) throws(BTFError) -> Bool {
    let count = (name.utf8CodeUnitCount + 4) / 4
    guard let words = try source.words(count, at: range.lowerBound) else { return false }
    for index in 0...name.utf8CodeUnitCount {
      let byte = UInt8(truncatingIfNeeded: words[index / 4] >> (8 * (UInt32(index) % 4)))
      // Safe: within the name.
      let expected = unsafe index < name.utf8CodeUnitCount ? name.utf8Start[index] : 0
      guard byte == expected else { return false }
    }
    return true
  }

  /// A number of 64 bits, which must be a valid file offset.
  private static func number(_ words: [UInt32], _ index: Int, at place: Int) throws(BTFError) -> Int {
    guard words[index + 1] < 1 << 16 else { throw .damaged("an impossible offset or size", at: place + 4 * index) }
    return Int(words[index]) | Int(words[index + 1]) << 32
  }
}
