/// The content of `/etc/os-release` (os-release(5)): lines of `KEY=value`, with the value possibly in double quotes.
/// Comments, and lines without a key or a value, are skipped.
public enum OSRelease {
  public enum Key: CaseIterable, Sendable {
    case name, version, releaseType, id, versionID, versionCodename, prettyName

    var text: StaticString {
      switch self {
      case .name: "NAME"
      case .version: "VERSION"
      case .releaseType: "RELEASE_TYPE"
      case .id: "ID"
      case .versionID: "VERSION_ID"
      case .versionCodename: "VERSION_CODENAME"
      case .prettyName: "PRETTY_NAME"
      }
    }
  }

  /// Calls `body` with each known key and its value. The last line may lack its newline.
  public static func read(_ text: Span<UInt8>, _ body: (Key, Span<UInt8>) -> Void) {
    var start = 0
    while start < text.count {
      var end = start
      while end < text.count, text[end] != UInt8(ascii: "\n") { end += 1 }
      read(line: text.extracting(start..<end), body)
      start = end + 1
    }
  }

  private static func read(line: Span<UInt8>, _ body: (Key, Span<UInt8>) -> Void) {
    guard !line.isEmpty, line[0] != UInt8(ascii: "#") else { return }
    var equals = 0
    while equals < line.count, line[equals] != UInt8(ascii: "=") { equals += 1 }
    guard equals > 0, equals + 1 < line.count else { return }
    for key in Key.allCases where isKey(line.extracting(0..<equals), key.text) {
      body(key, withoutQuotes(line.extracting((equals + 1)...)))
    }
  }

  private static func isKey(_ bytes: Span<UInt8>, _ key: StaticString) -> Bool {
    guard bytes.count == key.utf8CodeUnitCount else { return false }
    for index in bytes.indices {
      let byte = bytes[index]
      let isLower = byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "z")
      // Safe: `index` is below the number of the literal's bytes, which live for ever.
      guard unsafe (isLower ? byte - 32 : byte) == key.utf8Start[index] else { return false }
    }
    return true
  }

  @_lifetime(copy value)
  private static func withoutQuotes(_ value: Span<UInt8>) -> Span<UInt8> {
    let quote = UInt8(ascii: "\"")
    guard value.count >= 2, value[0] == quote, value[value.count - 1] == quote else { return value }
    return value.extracting(1..<value.count - 1)
  }
}
