import Foundation
import SystemPackage
import TOMLKit

/// `kernels.toml`, in which people write which kernels the matrix has.
struct KernelManifest: Sendable {
  /// One kernel, described by its series and flavour. `kmatrix update` finds the package that has this kernel today.
  struct Source: Sendable, Hashable {
    var name: String
    var series: String
    var flavour: Flavour
    /// The suites to look in, best first.
    var suites: [String]
    /// The ABI to take (`5.10.0-30`), instead of the newest one.
    var abi: String?
    var sets: [String]
    /// How to build the kernel, if no package has it.
    var build: Build?
  }

  /// How a kernel is built: the source package, and the configuration's file in `kernel-images`.
  struct Build: Sendable, Hashable {
    var package: String
    var config: String
  }

  enum Flavour: String, Sendable, Hashable, Codable {
    case cloud, generic, rt
    /// Built here, because Debian has no kernel without BTF.
    case nobtf
  }

  /// Names of packages, with `{release}` in place of the release. If two packages are for the same release, the one
  /// whose name comes first here is used.
  var packages: [String]
  /// The name of the package with a kernel's modules, if it is not the same; written as those.
  var modules: String
  var sources: [Source]
  var expectations: [(kernel: Glob, expectation: Expectation)]

  static let everything = "full"
  static let usual = "default"

  var sets: [String] { Set(sources.flatMap(\.sets) + [Self.everything, Self.usual]).sorted() }

  func source(named name: String) -> Source? { sources.first { $0.name == name } }

  func expectations(release: String, name: String) -> [Expectation] {
    expectations.filter { $0.kernel.matches(release) || $0.kernel.matches(name) }.map(\.expectation)
  }

  static func load(_ path: FilePath) throws(KernelStoreError) -> KernelManifest {
    try KernelManifest(parsing: TOMLFile.read(path), file: path.string)
  }

  init(parsing text: String, file: String) throws(KernelStoreError) {
    let raw = try TOMLFile.decode(File.self, from: text, file: file)
    func complain(_ table: String, _ index: Int, _ key: String, _ reason: String) -> KernelStoreError {
      let place = TOMLPlace.find([Key(table), Key(index), Key(key)], in: text)
      return KernelStoreError(.usage, "\(file):\(place): \(reason)")
    }
    packages = raw.packages
    guard !packages.isEmpty else { throw KernelStoreError(.usage, "\(file):1:1: no package is named in \"packages\"") }
    for package in packages where package.components("{release}") != 2 {
      let place = TOMLPlace.find([Key("packages")], in: text)
      throw KernelStoreError(.usage, "\(file):\(place): \"\(package)\" must contain {release} exactly once")
    }
    modules = raw.modules ?? "linux-modules-{release}"
    guard modules.components("{release}") == 2 else {
      let place = TOMLPlace.find([Key("modules")], in: text)
      throw KernelStoreError(.usage, "\(file):\(place): \"\(modules)\" must contain {release} exactly once")
    }
    sources = try Self.sources(raw, complain)
    guard !sources.isEmpty else { throw KernelStoreError(.usage, "\(file):1:1: no [[kernel]] in it") }
    expectations = []
    for (index, expect) in (raw.expect ?? []).enumerated() {
      guard let kind = Expectation.Kind(rawValue: expect.kind) else {
        throw complain("expect", index, "kind", "kind \"\(expect.kind)\" is not skip, xfail or pass")
      }
      let expectation = Expectation(kind: kind, test: expect.test, reason: expect.reason)
      expectations.append((Glob(pattern: expect.kernel), expectation))
    }
  }

  private typealias MakeError = (_ table: String, _ index: Int, _ key: String, _ reason: String) -> KernelStoreError

  private static func sources(_ raw: File, _ complain: MakeError) throws(KernelStoreError) -> [Source] {
    var found: [Source] = []
    func take(_ source: Source, _ table: String, _ index: Int) throws(KernelStoreError) {
      guard !found.contains(where: { $0.name == source.name }) else {
        let reason = "a second kernel is called \"\(source.name)\": give one a name of its own"
        throw complain(table, index, "name", reason)
      }
      guard !source.suites.isEmpty else { throw complain(table, index, "suites", "no suite is named") }
      guard source.series.wholeMatch(of: /\d+\.\d+/) != nil else {
        throw complain(table, index, "series", "series \"\(source.series)\" is not like \"6.1\"")
      }
      found.append(source)
    }
    for (index, kernel) in raw.kernel.enumerated() {
      guard let flavour = Flavour(rawValue: kernel.flavour), flavour != .nobtf else {
        throw complain("kernel", index, "flavour", "flavour \"\(kernel.flavour)\" is not cloud, generic or rt")
      }
      let source = Source(
        name: kernel.name ?? "\(kernel.series)-\(kernel.flavour)", series: kernel.series, flavour: flavour,
        suites: kernel.suites, abi: kernel.abi, sets: kernel.sets ?? [])
      try take(source, "kernel", index)
    }
    for (index, kernel) in (raw.built ?? []).enumerated() {
      guard kernel.config.isFileName else {
        let reason = "config \"\(kernel.config)\" is not the name of a file beside this one"
        throw complain("built", index, "config", reason)
      }
      let source = Source(
        name: kernel.name ?? "\(kernel.series)-nobtf", series: kernel.series, flavour: .nobtf, suites: kernel.suites,
        sets: kernel.sets ?? [], build: Build(package: kernel.package, config: kernel.config))
      try take(source, "built", index)
    }
    return found
  }

  // The structure of the file.
  private struct File: Decodable {
    struct Kernel: Decodable {
      var name: String?
      var series: String
      var flavour: String
      var suites: [String]
      var abi: String?
      var sets: [String]?
    }
    struct Built: Decodable {
      var name: String?
      var series: String
      var package: String
      var suites: [String]
      var config: String
      var sets: [String]?
    }
    struct Expect: Decodable {
      var kernel: String
      var test: String
      var kind: String
      var reason: String
    }
    var packages: [String]
    var modules: String?
    var kernel: [Kernel]
    var built: [Built]?
    var expect: [Expect]?
  }

  private struct Key: CodingKey {
    var stringValue: String
    var intValue: Int?
    init(_ name: String) { stringValue = name }
    init(_ index: Int) { (stringValue, intValue) = ("Index \(index)", index) }
    init?(stringValue: String) { self.init(stringValue) }
    init?(intValue: Int) { self.init(intValue) }
  }
}

extension String {
  /// How many pieces `separator` cuts this into.
  fileprivate func components(_ separator: String) -> Int {
    split(separator: separator, omittingEmptySubsequences: false).count
  }
}

/// A result that `kernels.toml` expects from some tests on some kernels. Any other result than a pass or an expected
/// one is a failure.
struct Expectation: Sendable, Hashable {
  enum Kind: String, Sendable, CaseIterable {
    case skip, xfail
    /// The test passes: an exception to other expectations, which match many tests.
    case pass
  }
  var kind: Kind
  /// A glob over `name@backend` (`t_probe@ebpf`, `t_tty@*`).
  var test: String
  var reason: String
}

/// Reads one of the two TOML files. Every error in them has the form `file:line:column: reason`.
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
      reason = "\"\(path.last?.stringValue ?? "")\" \(type == Int.self ? "is not a number" : "has the wrong type")"
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

/// The line and column of a value. TOMLKit tells them only for syntax errors. For other errors this finds the n-th
/// `[[table]]` header of the coding path and then the key below it; our files have no other structure.
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
