import Foundation
import Testing

/// The module structure: which module may import which.
@Suite struct ImportTests {
  static let sources = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Sources")

  /// The modules that each module may import. A module that is missing here is a test failure.
  static let allowed: [String: Set<String>] = [
    "QuarkCore": ["CWire", "CQuark"],
    "QuarkBTF": [],
    "QuarkLinux": ["QuarkCore", "QuarkBTF", "CWire", "CQuark", "CLinux", "CLibbpf", "CProbes", "COffsets", "Synchronization"],
    "Quark": ["QuarkCore", "QuarkLinux", "CQuark", "CLinux", "Synchronization"],
    "QuarkC": ["Quark", "QuarkCore", "QuarkBTF", "QuarkLinux", "CQuark", "CLinux"],
    "quark-mon": ["Quark", "QuarkCore", "QuarkLinux", "CQuark", "CLinux", "CManual", "Synchronization"],
    "quark-test": [
      "GuestInit", "Quark", "QuarkCore", "QuarkLinux", "CQuark", "CLinux", "CManual", "Synchronization",
    ],
    "quark-btf": ["QuarkBTF", "QuarkLinux", "CQuark", "CLinux", "CManual"],
    "GuestInit": ["CLinux"],
    "quark-init": ["GuestInit"],
    "kmatrix": [
      "ArgumentParser", "Dispatch", "Foundation", "Glibc", "Logging", "Subprocess", "Synchronization", "System",
      "SystemPackage", "TOMLKit",
    ],
  ]

  @Test func everySwiftModuleHasItsPlace() throws {
    let modules = try FileManager.default.contentsOfDirectory(atPath: Self.sources.path)
      .filter { !Self.swiftFiles(of: $0).isEmpty }
    #expect(Set(modules) == Set(Self.allowed.keys))
  }

  @Test(arguments: allowed.keys.sorted())
  func imports(of module: String) throws {
    let files = Self.swiftFiles(of: module)
    #expect(!files.isEmpty)
    for file in files {
      for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") {
        // The regular expression takes a thousand times as long.
        guard line.range(of: "import") != nil else { continue }
        guard let imported = Self.importedModule(line) else { continue }
        #expect(Self.allowed[module]!.contains(imported), "\(module)/\(file.lastPathComponent): \(line)")
      }
    }
  }

  @Test(arguments: [
    ("import Foundation", "Foundation"), ("  public import CWire", "CWire"),
    ("@testable import QuarkCore", "QuarkCore"), ("@_exported internal import Quark", "Quark"), ("import struct Foundation.URL", "Foundation"),
    ("// import Foundation", nil), ("let important = 1", nil),
  ])
  func reading(line: String, expected: String?) {
    #expect(Self.importedModule(Substring(line)) == expected)
  }

  /// Only QuarkLinux uses libbpf, and only quark's own C code includes its headers.
  @Test func libbpfIsSeenByQuarkLinuxAlone() {
    let seers = Self.allowed.filter { $0.value.contains("CLibbpf") }.keys
    #expect(Array(seers) == ["QuarkLinux"])
  }

  static func swiftFiles(of module: String) -> [URL] {
    let folder = sources.appending(path: module)
    let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
    // The files of a tutorial are programs of a user.
    return files?.compactMap { $0 as? URL }.filter { $0.pathExtension == "swift" && !$0.path.contains(".docc/") } ?? []
  }

  static func importedModule(_ line: Substring) -> String? {
    let pattern = #/
      ^ \s* (?:@\w+\s+)* (?:(?:public|package|internal|fileprivate|private)\s+)?
      import \s+ (?:(?:struct|class|enum|protocol|func|var|let|typealias)\s+)? (\w+)
      /#
    return try? pattern.firstMatch(in: line).map { String($0.1) }
  }
}
