import Testing

@testable import QuarkLinux

@Suite struct KnownDirectoriesTests {
  private static func key(_ entry: UInt64, length: UInt64 = 3, hash: UInt64 = 77) -> KnownDirectories.Key {
    KnownDirectories.Key(entry: entry, mount: 2, root: 3, parent: 4, name: 5, hashAndLength: length << 32 | hash)
  }

  private static func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

  @Test func isKnownByAllThatItSaysOfItself() {
    var paths = KnownDirectories()
    let (path, key) = (Self.bytes("/a/dir"), Self.key(0x1000))
    expect(paths, key, nil)
    paths.learn(path, of: key)
    expect(paths, key, path)
    // Its memory now belongs to another entry.
    expect(paths, Self.key(0x1000, hash: 78), nil)
    let parts: [WritableKeyPath<KnownDirectories.Key, UInt64>] = [\.mount, \.root, \.parent, \.name, \.entry]
    for change in parts {
      var other = key
      other[keyPath: change] += 1 << 40
      expect(paths, other, nil)
    }
    paths.learn(Self.bytes("/b/dir"), of: Self.key(0x1000, hash: 78))
    expect(paths, key, nil)
  }

  private func expect(_ paths: borrowing KnownDirectories, _ key: KnownDirectories.Key, _ path: [UInt8]?) {
    let found = paths.path(of: key)
    #expect(found == path)
  }

  @Test func nobodyIsNotKnown() {
    var paths = KnownDirectories()
    paths.learn(Self.bytes("/a"), of: Self.key(0))
    expect(paths, Self.key(0), nil)
    expect(paths, KnownDirectories.Key(entry: 0, mount: 0, root: 0, parent: 0, name: 0, hashAndLength: 0), nil)
  }

  @Test(arguments: [
    ("/a/dir", 3, true), ("/a/dirs", 3, false), ("/", 3, false), ("dir", 3, true), ("", 0, true), ("/di", 3, false),
  ])
  func lengths(path: String, length: UInt64, expected: Bool) {
    let (key, bytes) = (Self.key(1, length: length), Self.bytes(path))
    let mayBe = key.mayBe(bytes.span)
    #expect(mayBe == expected)
  }

  /// The kernel's types do not have the offset of a hash.
  @Test func noLength() {
    let (key, bytes) = (
      KnownDirectories.Key(entry: 1, mount: 0, root: 0, parent: 0, name: 0, hashAndLength: 0), Self.bytes("/x")
    )
    let mayBe = key.mayBe(bytes.span)
    #expect(mayBe)
  }
}
