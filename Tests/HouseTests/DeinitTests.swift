import Foundation
import Testing

/// Swift 6.3 crashes on an inlinable deinit of a type that is not visible where it is inlined, and only in the plain
/// release build, which no other test makes.
@Suite struct DeinitTests {
  @Test func everyInlinableDeinitIsOfAVisibleType() throws {
    var checked = 0
    for module in ImportTests.allowed.keys {
      for file in ImportTests.swiftFiles(of: module) {
        let text = try String(contentsOf: file, encoding: .utf8)
        guard text.contains("@inlinable deinit") else { continue }
        let types = text.split(separator: "\n").filter { $0.contains("struct ") && $0.contains("~Copyable {") }
        #expect(!types.isEmpty, "\(file.lastPathComponent)")
        for type in types where !type.hasPrefix("  ") {
          #expect(type.contains("public ") || type.contains("@usableFromInline"), "\(file.lastPathComponent): \(type)")
          checked += 1
        }
      }
    }
    #expect(checked > 5)
  }
}
