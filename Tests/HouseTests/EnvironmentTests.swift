import Foundation
import Testing

/// A program with more rights than its caller, by a set-user-ID bit or by capabilities of its file, does not listen to
/// the caller's environment: getenv(3) is called nowhere, but secure_getenv(3) is.
@Suite struct EnvironmentTests {
  @Test func nobodyReadsTheEnvironmentUnguarded() throws {
    let files = FileManager.default.enumerator(at: ImportTests.sources, includingPropertiesForKeys: nil)
    let sources = files?.compactMap { $0 as? URL }.filter { ["swift", "c", "h"].contains($0.pathExtension) } ?? []
    #expect(sources.count > 100)
    for file in sources {
      let text = try String(contentsOf: file, encoding: .utf8)
      // The expressions take a thousand times as long.
      guard text.range(of: "environ") != nil || text.range(of: "getenv") != nil else { continue }
      for line in text.split(separator: "\n") where line.range(of: "env") != nil && Self.reads(line) {
        Issue.record("\(file.lastPathComponent): \(line)")
      }
    }
  }

  @Test(arguments: [
    (#"const char *text = getenv("QUARK_VERBOSE");"#, true), (#"unsafe getenv(name).map {"#, true),
    (#"extern char **environ;"#, true), (#"for unsafe word in unsafe environ {"#, true),
    (#"return secure_getenv(name);"#, false), (#"let text = ProcessInfo.processInfo.environment["HOME"]"#, false),
    (#"/// `path` of `environ` kept"#, false), ("/* secure_getenv(3) */", false),
  ])
  func reading(line: String, isRead: Bool) {
    #expect(Self.reads(Substring(line)) == isRead)
  }

  /// Calls getenv(3), or takes the list that environ(7) describes.
  private static func reads(_ line: Substring) -> Bool {
    let code = line.drop { $0 == " " || $0 == "\t" }
    guard !code.hasPrefix("//"), !code.hasPrefix("*"), !code.hasPrefix("/*") else { return false }
    return code.contains(#/(?:^|[^\w])getenv\s*\(/#) || code.contains(#/(?:^|[^\w"])environ(?:$|[^\w"(])/#)
  }
}
