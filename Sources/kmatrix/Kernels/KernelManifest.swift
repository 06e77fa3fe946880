import SystemPackage

/// `kernels.toml`: which kernels there shall be, as people wrote it.
struct KernelManifest: Sendable {
  /// One kernel, named by what it is; `kmatrix update` finds the package that is this kernel today.
  struct Source: Sendable, Hashable {
    var name: String
    var series: String
    var flavour: Flavour
    /// Where to look, best first.
    var suites: [String]
    /// Exactly this ABI (`5.10.0-30`) rather than the newest.
    var abi: String?
    var sets: [String]
  }

  enum Flavour: String, Sendable, Hashable, Codable, CaseIterable { case cloud, generic, rt }

  /// Package names with `{release}` for the release; of two that are the same kernel the first is the one to use.
  var packages: [String]
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
      throw KernelStoreError(.usage, "\(file):\(place): \"\(package)\" must have {release} in it, once")
    }
    sources = []
    var seen: Set<String> = []
    for (index, kernel) in raw.kernel.enumerated() {
      let name = kernel.name ?? "\(kernel.series)-\(kernel.flavour)"
      guard seen.insert(name).inserted else {
        throw complain("kernel", index, "name", "a second kernel is called \"\(name)\": give one a name of its own")
      }
      guard let flavour = Flavour(rawValue: kernel.flavour) else {
        throw complain("kernel", index, "flavour", "flavour \"\(kernel.flavour)\" is not cloud, generic or rt")
      }
      guard !kernel.suites.isEmpty else { throw complain("kernel", index, "suites", "no suite is named") }
      guard kernel.series.wholeMatch(of: /\d+\.\d+/) != nil else {
        throw complain("kernel", index, "series", "series \"\(kernel.series)\" is not like \"6.1\"")
      }
      sources.append(
        Source(
          name: name, series: kernel.series, flavour: flavour, suites: kernel.suites, abi: kernel.abi,
          sets: kernel.sets ?? []))
    }
    guard !sources.isEmpty else { throw KernelStoreError(.usage, "\(file):1:1: no [[kernel]] in it") }
    expectations = []
    for (index, expect) in (raw.expect ?? []).enumerated() {
      guard let kind = Expectation.Kind(rawValue: expect.kind) else {
        throw complain("expect", index, "kind", "kind \"\(expect.kind)\" is neither \"skip\" nor \"xfail\"")
      }
      let expectation = Expectation(kind: kind, test: expect.test, reason: expect.reason)
      expectations.append((Glob(pattern: expect.kernel), expectation))
    }
  }

  // The file as it is written.
  private struct File: Decodable {
    struct Kernel: Decodable {
      var name: String?
      var series: String
      var flavour: String
      var suites: [String]
      var abi: String?
      var sets: [String]?
    }
    struct Expect: Decodable {
      var kernel: String
      var test: String
      var kind: String
      var reason: String
    }
    var packages: [String]
    var kernel: [Kernel]
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
