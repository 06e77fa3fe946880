import Testing

@testable import QuarkCore

@Suite struct OSReleaseTests {
  static func values(_ text: String) -> [OSRelease.Key: String] {
    var values: [OSRelease.Key: String] = [:]
    OSRelease.read(Array(text.utf8).span) { key, value in
      values[key] = value.withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
    }
    return values
  }

  @Test func all() {
    let values = Self.values(
      """
      NAME="quark kernel testing"
      VERSION="1.23.4 iota"
      RELEASE_TYPE=testing
      ID=quark
      VERSION_ID="1.23.4"
      VERSION_CODENAME=iota
      PRETTY_NAME="Quark kernel testing initramfs"
      """)
    #expect(
      values == [
        .name: "quark kernel testing", .version: "1.23.4 iota", .releaseType: "testing", .id: "quark",
        .versionID: "1.23.4", .versionCodename: "iota", .prettyName: "Quark kernel testing initramfs",
      ])
  }

  @Test(arguments: [
    ("", [:]), ("\n\n", [:]), ("NAME", [:]), ("NAME=", [:]), ("=x", [:]), ("#NAME=x\n", [:]), (" NAME=x\n", [:]),
    ("NAMES=x\nNAM=x", [:]), ("name=x\n", [.name: "x"]), ("Version_Id=x", [.versionID: "x"]),
    ("NAME=\"\"\n", [.name: ""]), ("NAME=\"", [.name: "\""]), ("NAME=\"x", [.name: "\"x"]), ("NAME='x'", [.name: "'x'"]),
    ("NAME=a=b\n", [.name: "a=b"]), ("NAME=x\nNAME=y\n", [.name: "y"]),
  ] as [(String, [OSRelease.Key: String])])
  func odd(text: String, expected: [OSRelease.Key: String]) {
    #expect(Self.values(text) == expected)
  }
}
