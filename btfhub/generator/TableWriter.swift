import QuarkBTF
import QuarkLinux

/// A kernel and its offsets, one or none for each dotname, in their order.
struct KnownKernel: Sendable, Equatable {
  var release: String
  /// A folder such as `debian/bookworm/x86_64`.
  var folder: String
  var offsets: [Int?]
  /// The hash of the unpacked BTF.
  var sha256 = ""

  var path: String { "\(folder)/\(release)" }
}

/// Writes the bytes that `ReleaseTable` reads, which also describes them. The same kernels in any order give the same
/// bytes.
struct TableWriter {
  /// In the order of the table.
  private(set) var kernels: [KnownKernel]
  /// The distinct sets, in the order in which the kernels use them: neighbours are similar, so the differences are
  /// small.
  private(set) var sets: [[Int?]] = []
  private(set) var setOfKernel: [Int] = []
  private let folders: [String]

  init(_ kernels: [KnownKernel]) {
    self.kernels = kernels.sorted {
      // Sorted by bytes, independent of the locale; names with the same beginning are together and need little space.
      ($0.release == $1.release) ? $0.folder.precedes($1.folder) : $0.release.precedes($1.release)
    }
    folders = Set(kernels.map(\.folder)).sorted { $0.precedes($1) }
    var numbers: [[Int?]: Int] = [:]
    for kernel in self.kernels {
      let number = numbers[kernel.offsets] ?? sets.count
      if number == sets.count {
        numbers[kernel.offsets] = number
        sets.append(kernel.offsets)
      }
      setOfKernel.append(number)
    }
  }

  /// `source`: where the kernels come from.
  func bytes(source: String) -> [UInt8] {
    let names = folders.flatMap { Array($0.utf8) + [0 as UInt8] }
    let parts: [[UInt8]] = [Array(source.utf8), names, setBytes, kernelBytes]
    let words: [UInt32] =
      [ReleaseTable.magic, UInt32(Dotname.count), UInt32(sets.count), UInt32(kernels.count)]
      + parts.map { UInt32($0.count) }
    precondition(words.count == ReleaseTable.headerWords)
    return words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } } + Array(parts.joined())
  }

  var setBytes: [UInt8] {
    var bytes: [UInt8] = []
    var previous = [Int?](repeating: nil, count: Dotname.count)
    for set in sets {
      let changed = Self.changes(previous, set)
      var bits = [UInt8](repeating: 0, count: (Dotname.count + 7) / 8)
      for index in changed { bits[index / 8] |= 1 << (index % 8) }
      bytes += bits + changed.flatMap { Self.number(set[$0].map { $0 + 1 } ?? 0) }
      previous = set
    }
    return bytes
  }

  var kernelBytes: [UInt8] {
    var bytes: [UInt8] = []
    var previous: [UInt8] = []
    for (kernel, set) in zip(kernels, setOfKernel) {
      let name = Array(kernel.release.utf8)
      let kept = zip(previous, name).prefix { $0 == $1 }.count
      bytes += Self.number(kept) + Self.number(name.count - kept) + name[kept...]
      bytes += Self.number(folders.firstIndex(of: kernel.folder)!) + Self.number(set)
      previous = name
    }
    return bytes
  }

  static func changes(_ previous: [Int?], _ set: [Int?]) -> [Int] {
    set.indices.filter { set[$0] != previous[$0] }
  }

  /// A number with seven bits in a byte, the lowest first.
  private static func number(_ value: Int) -> [UInt8] {
    var (rest, bytes) = (value, [UInt8]())
    while rest > 0x7f {
      bytes.append(UInt8(rest & 0x7f) | 0x80)
      rest >>= 7
    }
    return bytes + [UInt8(rest)]
  }
}

extension String {
  func precedes(_ other: String) -> Bool { utf8.lexicographicallyPrecedes(other.utf8) }
}
