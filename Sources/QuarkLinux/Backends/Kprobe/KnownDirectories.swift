/// Paths of working directories that were read late, kept for those who are gone before theirs can be: a sample says
/// which directory it is, but not all of its path.
@usableFromInline struct KnownDirectories: ~Copyable {
  /// A directory's name in a file system, where that is mounted, and from which root directory it is seen, by their
  /// places in the kernel's memory. Such a place is used again for something else; then what stands there differs.
  struct Key: Equatable {
    var entry: UInt64
    var mount: UInt64
    var root: UInt64
    /// What the entry says of itself: above whom it is, where its name is, and the hash and the length of that.
    var parent: UInt64
    var name: UInt64
    var hashAndLength: UInt64

    /// Is a path's last name as long as the entry's? The hash is in the lower half: HASH_LEN_DECLARE in
    /// include/linux/dcache.h, on machines that begin with the lowest byte.
    func mayBe(_ path: Span<UInt8>) -> Bool {
      guard hashAndLength != 0 else { return true }
      var length = 0
      while length < path.count, path[path.count - 1 - length] != UInt8(ascii: "/") { length += 1 }
      return length == Int(hashAndLength >> 32)
    }
  }

  private var slots: [(key: Key, path: [UInt8])]

  /// With paths of 4 KiB they take 256 KiB.
  private static var slotCount: Int { 64 }

  init() {
    let nobody = Key(entry: 0, mount: 0, root: 0, parent: 0, name: 0, hashAndLength: 0)
    slots = .init(repeating: (nobody, []), count: Self.slotCount)
  }

  mutating func learn(_ path: [UInt8], of key: Key) {
    if key.entry != 0 { slots[Self.slot(of: key)] = (key, path) }
  }

  /// Nil: nobody said.
  func path(of key: Key) -> [UInt8]? {
    let slot = slots[Self.slot(of: key)]
    return key.entry != 0 && slot.key == key ? slot.path : nil
  }

  /// Entries are some 192 bytes each.
  private static func slot(of key: Key) -> Int {
    Int(truncatingIfNeeded: (key.entry >> 6) ^ (key.entry >> 12)) & (slotCount - 1)
  }
}
