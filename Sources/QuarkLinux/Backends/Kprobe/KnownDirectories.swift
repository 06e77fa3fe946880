/// Paths of working directories that were read late. They are kept for processes that are gone before their directory
/// can be read: a sample identifies the directory, but does not have its whole path.
@usableFromInline struct KnownDirectories: ~Copyable {
  /// Identifies a directory entry, its mount, and the root directory from which it is seen, by their addresses in the
  /// kernel. An address may be used again for something else; then its content differs.
  struct Key: Equatable {
    var entry: UInt64
    var mount: UInt64
    var root: UInt64
    /// The content of the entry: its parent, the address of its name, and the name's hash and length.
    var parent: UInt64
    var name: UInt64
    var hashAndLength: UInt64

    /// True if the last name of a path is as long as the name of the entry. The hash is in the lower half:
    /// HASH_LEN_DECLARE in include/linux/dcache.h, on little-endian machines.
    func mayBe(_ path: Span<UInt8>) -> Bool {
      guard hashAndLength != 0 else { return true }
      var length = 0
      while length < path.count, path[path.count - 1 - length] != UInt8(ascii: "/") { length += 1 }
      return length == Int(hashAndLength >> 32)
    }
  }

  private var slots: [(key: Key, path: [UInt8])]

  /// With paths of 4 KiB they need 256 KiB.
  private static var slotCount: Int { 64 }

  init() {
    let nobody = Key(entry: 0, mount: 0, root: 0, parent: 0, name: 0, hashAndLength: 0)
    slots = .init(repeating: (nobody, []), count: Self.slotCount)
  }

  mutating func learn(_ path: [UInt8], of key: Key) {
    if key.entry != 0 { slots[Self.slot(of: key)] = (key, path) }
  }

  /// Nil if the directory is not known.
  func path(of key: Key) -> [UInt8]? {
    let slot = slots[Self.slot(of: key)]
    return key.entry != 0 && slot.key == key ? slot.path : nil
  }

  /// An entry has about 192 bytes.
  private static func slot(of key: Key) -> Int {
    Int(truncatingIfNeeded: (key.entry >> 6) ^ (key.entry >> 12)) & (slotCount - 1)
  }
}
