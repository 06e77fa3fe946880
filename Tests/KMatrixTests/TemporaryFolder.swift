import Foundation
import SystemPackage

/// A folder that is removed after the test.
final class TemporaryFolder: Sendable {
  let path: FilePath

  init() throws {
    path = FilePath(FileManager.default.temporaryDirectory.appending(path: "kmatrix-tests-\(UUID())").path)
    try FileManager.default.createDirectory(atPath: path.string, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path.string) }

  var url: URL { URL(filePath: path.string) }

  func folder(_ name: String) throws -> FilePath {
    let folder = path.pushing(FilePath(name))
    try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
    return folder
  }

  @discardableResult
  func write(_ data: Data, _ name: String) throws -> FilePath {
    let file = path.pushing(FilePath(name))
    _ = try folder(FilePath(name).removingLastComponent().string)
    try data.write(to: URL(filePath: file.string))
    return file
  }

  func write(_ text: String, to name: String) throws { try write(Data(text.utf8), name) }

  func file(_ name: String) -> String { url.appending(path: name).path }

  func text(_ name: String) throws -> String {
    String(decoding: try Data(contentsOf: url.appending(path: name)), as: UTF8.self)
  }

  func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: file(name)) }
}
