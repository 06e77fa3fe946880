/// The offsets of many kernels by their releases. btfhub/ makes this table and the library contains it. It begins with
/// a few numbers, each of four bytes with the lowest first, then come
///
/// - a text that says where the table comes from,
/// - the folders of the archives, `debian/bookworm/x86_64`, each ended by a NUL,
/// - the distinct sets of offsets, each as its difference from the set before: one bit for each offset that says
/// whether
///   it differs, then the offsets that differ, as 0 for none or the offset plus 1,
/// - the kernels, sorted by the bytes of their names: how many bytes are the same as in the name before, how many bytes
///   follow, these bytes, the number of the folder, the number of the set.
///
/// Numbers in the sets and the kernels have seven bits in a byte, the lowest first; the eighth bit is set if more bytes
/// follow.
public struct ReleaseTable: ~Escapable {
  public static var magic: UInt32 { 0x3154_4f51 }  // QOT1
  public static var headerWords: Int { 8 }
  /// Longer than any name: uname(2) has room for 64 bytes.
  public static var maxNameBytes: Int { 255 }

  /// An answer and how certain it is, or why there is none.
  public enum Answer {
    case exact(KernelOffsets)
    /// The table lacks it, but the releases before and after it, of the same series and flavour, have the same offsets.
    case between(KernelOffsets, below: String, above: String)
    /// Several distributions have it, with different offsets.
    case ambiguous
    case differentNeighbours(below: String, above: String)
    /// Only older or only newer releases are known: this is the nearest.
    case outside(neighbour: String)
    case unknown
    case damagedTable
  }

  public struct Kernel {
    public let name: [UInt8]
    public let folder: Int
    public let set: Int
  }

  private let bytes: Span<UInt8>
  private let sources: Range<Int>
  private let folders: Range<Int>
  private let sets: Range<Int>
  private let kernels: Range<Int>
  public let setCount: Int
  public let kernelCount: Int

  /// Nil if this is not such a table, or if it is from another version of the library.
  @_lifetime(copy bytes)
  public init?(_ bytes: Span<UInt8>) {
    var reader = ByteReader(bytes, 0..<bytes.count)
    guard reader.word() == Self.magic, reader.word() == UInt32(Dotname.count), let setCount = reader.word(),
      let kernelCount = reader.word(), let sources = reader.word(), let folders = reader.word(),
      let sets = reader.word(), let kernels = reader.word()
    else { return nil }
    let start = 4 * Self.headerWords
    self.sources = start..<start + Int(sources)
    self.folders = self.sources.upperBound..<self.sources.upperBound + Int(folders)
    self.sets = self.folders.upperBound..<self.folders.upperBound + Int(sets)
    self.kernels = self.sets.upperBound..<self.sets.upperBound + Int(kernels)
    guard self.kernels.upperBound == bytes.count else { return nil }
    self.setCount = Int(setCount)
    self.kernelCount = Int(kernelCount)
    self.bytes = bytes
  }

  public var source: String { text(sources) }

  /// `visit` returns whether to go on. Returns false if the table is damaged.
  public func forEachKernel(_ visit: (borrowing Kernel) -> Bool) -> Bool {
    var reader = ByteReader(bytes, kernels)
    var name: [UInt8] = []
    for _ in 0..<kernelCount {
      guard let kept = reader.number(), kept <= name.count, let added = reader.number(),
        kept + added <= Self.maxNameBytes
      else { return false }
      name.removeLast(name.count - kept)
      for _ in 0..<added {
        guard let byte = reader.byte() else { return false }
        name.append(byte)
      }
      guard let folder = reader.number(), let set = reader.number() else { return false }
      if !visit(Kernel(name: name, folder: folder, set: set)) { break }
    }
    return true
  }

  /// Nil: there are fewer, or the table is damaged.
  package func offsets(_ set: Int) -> OffsetVector? {
    guard set < setCount else { return nil }
    var reader = ByteReader(bytes, sets)
    var vector = OffsetVector()
    for _ in 0...set {
      var changed: [UInt8] = []
      for _ in 0..<(Dotname.count + 7) / 8 {
        guard let bits = reader.byte() else { return nil }
        changed.append(bits)
      }
      for name in Dotname.allCases where changed[name.rawValue / 8] >> UInt8(name.rawValue % 8) & 1 != 0 {
        guard let number = reader.number(), number <= Int(Int32.max) else { return nil }
        vector[name] = number == 0 ? nil : number - 1
      }
    }
    return vector
  }

  public func folder(_ index: Int) -> String? {
    folderRange(index).map { text($0) }
  }

  private func folderRange(_ index: Int) -> Range<Int>? {
    var (start, seen) = (folders.lowerBound, 0)
    for place in folders where bytes[place] == 0 {
      if seen == index { return start..<place }
      seen += 1
      start = place + 1
    }
    return nil
  }

  private func text(_ range: Range<Int>) -> String {
    var text: [UInt8] = []
    for index in range { text.append(bytes[index]) }
    return String(decoding: text, as: UTF8.self)
  }

  // MARK: - Asking

  private struct Neighbour {
    var name: [UInt8]
    var set: Int
    /// True if kernels with the same name have different offsets.
    var isAmbiguous = false

    mutating func add(_ kernel: borrowing Kernel) {
      if kernel.set != set { isAmbiguous = true }
    }

    var text: String { String(decoding: name, as: UTF8.self) }
  }

  private struct Search {
    var exact: Neighbour?
    var below: Neighbour?
    var above: Neighbour?
    /// True if another name may belong to the same kernel.
    var hasTwin = false

    mutating func visit(_ kernel: borrowing Kernel, release: Span<UInt8>) {
      let name = kernel.name.span
      if ReleaseOrder.equal(name, release) {
        if exact == nil { exact = Neighbour(name: kernel.name, set: kernel.set) } else { exact!.add(kernel) }
        return
      }
      guard let order = ReleaseOrder.compare(name, release) else { return }
      if order == 0 {
        hasTwin = true
      } else if order < 0 {
        Self.keep(kernel, &below) { $0 > 0 }
      } else {
        Self.keep(kernel, &above) { $0 < 0 }
      }
    }

    /// Keeps the nearer neighbour.
    private static func keep(_ kernel: borrowing Kernel, _ neighbour: inout Neighbour?, isNearer: (Int) -> Bool) {
      guard let known = neighbour, let order = ReleaseOrder.compare(kernel.name.span, known.name.span) else {
        neighbour = Neighbour(name: kernel.name, set: kernel.set)
        return
      }
      if order == 0 {
        neighbour!.add(kernel)
      } else if isNearer(order) {
        neighbour = Neighbour(name: kernel.name, set: kernel.set)
      }
    }
  }

  /// Looks up a kernel; `release` and `machine` are those of uname(2).
  public func answer(release: String, machine: String) -> Answer {
    let isOfMachine = foldersOf(machine)
    let wanted = Array(release.utf8)
    var search = Search()
    let isWhole = forEachKernel { kernel in
      guard kernel.folder < isOfMachine.count, isOfMachine[kernel.folder] else { return true }
      search.visit(kernel, release: wanted.span)
      return true
    }
    guard isWhole else { return .damagedTable }
    if let exact = search.exact {
      if exact.isAmbiguous { return .ambiguous }
      guard let vector = offsets(exact.set) else { return .damagedTable }
      return .exact(KernelOffsets(vector, .table(release: release)))
    }
    if search.hasTwin { return .ambiguous }
    guard let below = search.below, let above = search.above else {
      return (search.below ?? search.above).map { .outside(neighbour: $0.text) } ?? .unknown
    }
    let (older, newer) = (below.text, above.text)
    guard below.set == above.set, !below.isAmbiguous, !above.isAmbiguous else {
      return .differentNeighbours(below: older, above: newer)
    }
    guard let vector = offsets(below.set) else { return .damagedTable }
    return .between(KernelOffsets(vector, .neighbours(below: older, above: newer)), below: older, above: newer)
  }

  /// Tells which folders have kernels of this machine: the last part of their names is the machine.
  private func foldersOf(_ machine: String) -> [Bool] {
    let wanted = Array(machine.utf8)
    var result: [Bool] = []
    var start = folders.lowerBound
    for place in folders {
      if bytes[place] == UInt8(ascii: "/") { start = place + 1 }
      guard bytes[place] == 0 else { continue }
      result.append(ReleaseOrder.equal(bytes.extracting(start..<place), wanted.span))
      start = place + 1
    }
    return result
  }
}

extension ReleaseTable.Answer {
  public var offsets: KernelOffsets? {
    switch self {
    case .exact(let offsets), .between(let offsets, _, _): offsets
    default: nil
    }
  }

  /// The certainty of the answer, or why there is none, for a message.
  public func words(release: String, machine: String) -> String {
    let kernel = "\(release) on \(machine)"
    return switch self {
    case .exact: "\(kernel) is in the table"
    case .between(_, let below, let above):
      "\(kernel) is not in the table, but lies between \(below) and \(above), which agree"
    case .ambiguous: "\(kernel) is in the table several times, with different offsets"
    case .differentNeighbours(let below, let above):
      "\(kernel) is not in the table, and \(below) and \(above), between which it lies, do not agree"
    case .outside(let neighbour):
      "\(kernel) is not in the table, and does not lie between two that are: the nearest is \(neighbour)"
    case .unknown: "\(kernel) is not in the table, nor is any of its series and flavour"
    case .damagedTable: "the table of this program is damaged"
    }
  }
}

/// Reads numbers one after another.
private struct ByteReader: ~Escapable {
  private let bytes: Span<UInt8>
  private var place: Int
  private let end: Int

  @_lifetime(copy bytes)
  init(_ bytes: Span<UInt8>, _ range: Range<Int>) {
    self.bytes = bytes
    place = range.lowerBound
    end = range.upperBound
  }

  mutating func byte() -> UInt8? {
    guard place < end else { return nil }
    defer { place += 1 }
    return bytes[place]
  }

  mutating func word() -> UInt32? {
    var word: UInt32 = 0
    for shift in [0, 8, 16, 24] as [UInt32] {
      guard let byte = byte() else { return nil }
      word |= UInt32(byte) << shift
    }
    return word
  }

  /// A number of at most 35 bits.
  mutating func number() -> Int? {
    var number = 0
    for shift in [0, 7, 14, 21, 28] {
      guard let byte = byte() else { return nil }
      number |= Int(byte & 0x7f) << shift
      if byte & 0x80 == 0 { return number }
    }
    return nil
  }
}
