import Foundation

extension MatrixResults {
  static let fileName = "results.json"

  /// Reads `results.json`, or the one in a folder.
  init(contentsOf path: String) throws(KMatrixError) {
    let file = Self.file(at: path)
    let decoder = JSONDecoder()
    decoder.dateDecodingStrategy = .iso8601
    do {
      let data = try Data(contentsOf: file)
      let version = try decoder.decode(Version.self, from: data).schema
      guard version == Self.schemaVersion else {
        throw KMatrixError.usage("schema \(version), this kmatrix knows \(Self.schemaVersion)")
      }
      self = try decoder.decode(MatrixResults.self, from: data)
    } catch {
      throw .usage("\(file.path): \(describe(error))")
    }
  }

  /// The file that `path` means: itself, or `results.json` in it if it is a folder.
  static func file(at path: String) -> URL {
    let url = URL(filePath: path)
    var isFolder = false
    if let values = try? url.resourceValues(forKeys: [.isDirectoryKey]) { isFolder = values.isDirectory ?? false }
    return isFolder ? url.appending(path: fileName) : url
  }

  func encoded() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.dateEncodingStrategy = .iso8601
    return try encoder.encode(self) + Data("\n".utf8)
  }

  private struct Version: Decodable {
    var schema: Int
  }
}
