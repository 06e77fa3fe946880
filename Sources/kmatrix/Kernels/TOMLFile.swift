import Foundation
import SystemPackage
import TOMLKit

/// Reads one of the two TOML files; whatever is wrong is told as `file:line:column: reason`.
enum TOMLFile {
  static func read(_ path: FilePath) throws(KernelStoreError) -> String {
    do {
      return try String(contentsOfFile: path.string, encoding: .utf8)
    } catch {
      throw KernelStoreError(.usage, "\(path): cannot be read: \(error.reason)")
    }
  }

  static func decode<T: Decodable>(_ type: T.Type, from text: String, file: String) throws(KernelStoreError) -> T {
    do {
      return try TOMLDecoder(strictDecoding: true).decode(type, from: text)
    } catch let error as TOMLParseError {
      let place = error.source.begin
      throw KernelStoreError(.usage, "\(file):\(place.line):\(place.column): \(error.description)")
    } catch let error as DecodingError {
      throw complaint(error, text: text, file: file)
    } catch let error as UnexpectedKeysError {
      let (key, path) = error.keys.min { $0.key < $1.key } ?? ("", [])
      let place = TOMLPlace.find(path, in: text)
      throw KernelStoreError(.usage, "\(file):\(place): unknown key \"\(key)\"")
    } catch {
      throw KernelStoreError(.usage, "\(file):1:1: \(error)")
    }
  }

  private static func complaint(_ error: DecodingError, text: String, file: String) -> KernelStoreError {
    let path: [any CodingKey]
    let reason: String
    switch error {
    case .keyNotFound(let key, let context):
      path = context.codingPath
      reason = "key \"\(key.stringValue)\" is missing"
    case .typeMismatch(let type, let context), .valueNotFound(let type, let context):
      path = context.codingPath
      reason = "\"\(path.last?.stringValue ?? "")\" is not \(type == Int.self ? "a number" : "what it must be")"
    case .dataCorrupted(let context):
      path = context.codingPath
      reason = context.debugDescription
    @unknown default:
      path = []
      reason = "\(error)"
    }
    return KernelStoreError(.usage, "\(file):\(TOMLPlace.find(path, in: text)): \(reason)")
  }
}

/// Line and column of a value. TOMLKit gives places only for syntax errors; for the rest this finds the n-th
/// `[[table]]` header of the coding path and then the key below it, which is all the structure our files have.
struct TOMLPlace: CustomStringConvertible, Equatable {
  var line: Int
  var column: Int
  var description: String { "\(line):\(column)" }

  static func find(_ path: [any CodingKey], in text: String) -> TOMLPlace {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    var index = 0
    var rest = path[...]
    if let table = rest.first?.stringValue, let element = rest.dropFirst().first?.intValue {
      let headers = lines.indices.filter { lines[$0].trimmingSpaces.hasPrefix("[[\(table)]]") }
      guard element < headers.count else { return TOMLPlace(line: 1, column: 1) }
      index = headers[element]
      rest = rest.dropFirst(2)
    }
    let header = TOMLPlace(line: index + 1, column: 1)
    guard let key = rest.first?.stringValue else { return header }
    for (number, line) in lines.enumerated().dropFirst(path.count > 1 ? index + 1 : 0) {
      if line.trimmingSpaces.hasPrefix("[") { break }
      let name = line.prefix { $0 != "=" }.trimmingSpaces
      if name == key { return TOMLPlace(line: number + 1, column: line.prefix { $0 == " " }.count + 1) }
    }
    return header
  }
}
