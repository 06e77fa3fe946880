/// The BPF type format: Documentation/bpf/btf.rst. A header, types one after another, and the strings they name.
package enum BTFFormat {
  static var magic: UInt16 { 0xeb9f }
  static var headerSize: Int { 24 }
  /// Bytes of each type before the part that depends on its kind.
  static var typeSize: Int { 12 }

  enum Kind: UInt8 {
    case void, int, pointer, array, structure, union, enumeration, forward, typedef, volatile, const, restrict,
      function, prototype, variable, dataSection, float, declarationTag, typeTag, enumeration64
  }

  /// The first words of a type.
  struct TypeHeader {
    var nameOffset: UInt32
    var info: UInt32
    /// A size in bytes, or the id of another type.
    var sizeOrType: UInt32

    var count: Int { Int(info & 0xffff) }
    /// The flag of the kind. In a structure it means that the upper 8 bits of members' offsets are sizes of bit-fields.
    var hasBitFieldSizes: Bool { info >> 31 != 0 }
    var kind: Kind? { Kind(rawValue: UInt8(info >> 24 & 0x1f)) }

    /// Bytes after these words. Nil for an unknown kind, after which nothing can be found.
    var trailerSize: Int? {
      switch kind {
      case .int, .variable, .declarationTag: 4
      case .array: 12
      case .structure, .union, .dataSection, .enumeration64: 12 * count
      case .enumeration, .prototype: 8 * count
      case .void: nil
      case nil: nil
      default: 0
      }
    }
  }

  package struct Header {
    var typesOffset: Int
    var typesSize: Int
    package var stringsOffset: Int
    package var stringsSize: Int

    /// Nil: these are no types, or they are of another byte order.
    package init?(_ bytes: RawSpan) {
      guard bytes.byteCount >= headerSize else { return nil }
      // Safe: these are integers, and the header has enough bytes.
      func word(_ offset: Int) -> Int { unsafe Int(bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self)) }
      guard word(0) & 0xffff == Int(magic) else { return nil }
      let size = word(4)
      guard size >= headerSize, size <= 4096 else { return nil }
      typesOffset = size + word(8)
      typesSize = word(12)
      stringsOffset = size + word(16)
      stringsSize = word(20)
      guard typesOffset % 4 == 0, stringsSize > 0 else { return nil }
    }
  }
}
