import Foundation
import Testing

/// A program with more rights than its caller, through a set-user-ID bit or capabilities of its file, must ignore the
/// caller's environment: the code must not call getenv(3), only secure_getenv(3).
@Suite struct EnvironmentTests {
  @Test func nobodyReadsTheEnvironmentUnguarded() throws {
    let files = FileManager.default.enumerator(at: ImportTests.sources, includingPropertiesForKeys: nil)
    let sources = files?.compactMap { $0 as? URL }.filter { ["swift", "c", "h"].contains($0.pathExtension) } ?? []
    #expect(sources.count > 100)
    for file in sources {
      let text = try String(contentsOf: file, encoding: .utf8)
      // The regular expressions take a thousand times as long.
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

  /// True if a line calls getenv(3), or uses the list of environ(7).
  private static func reads(_ line: Substring) -> Bool {
    let code = line.drop { $0 == " " || $0 == "\t" }
    guard !code.hasPrefix("//"), !code.hasPrefix("*"), !code.hasPrefix("/*") else { return false }
    return code.contains(#/(?:^|[^\w])getenv\s*\(/#) || code.contains(#/(?:^|[^\w"])environ(?:$|[^\w"(])/#)
  }
}
