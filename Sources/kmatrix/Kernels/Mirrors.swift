import SystemPackage

/// Addresses of Debian's archives, best first, as the machine's apt is configured.
struct Mirrors: Sendable, Equatable {
  var main: [String]
  var security: [String]
  /// Take unsigned indexes: for the tests' own archives only.
  var trusted = false

  /// Environment variables that name other mirrors than apt's.
  static let mainVariable = "QUARK_MIRROR"
  static let securityVariable = "QUARK_SECURITY_MIRROR"

  func addresses(for suite: String) -> [String] { suite.hasSuffix("-security") ? security : main }

  static func discover(
    _ environment: [String: String], aptOptions: [String] = []
  ) async throws(KernelStoreError) -> Mirrors {
    let main = environment[mainVariable].map { [$0.droppingSlash] } ?? []
    let security = environment[securityVariable].map { [$0.droppingSlash] } ?? []
    // What an update would ask for: apt itself reads both formats with all their options, and needs neither
    // root nor lists that were fetched before.
    let result = try await Tool.run("apt-get", aptOptions + ["update", "--print-uris"])
    guard result.succeeded || !main.isEmpty else {
      throw KernelStoreError("apt-get cannot tell its sources: \(result.complaint)")
    }
    let found = Mirrors(uris: result.output)
    guard !main.isEmpty || !found.main.isEmpty else {
      throw KernelStoreError("apt has no source of Debian packages; set \(mainVariable) to a Debian mirror's address")
    }
    return Mirrors(
      main: main.isEmpty ? found.main : main, security: security.isEmpty ? found.security : security)
  }

  /// Picks the archives out of `apt-get update --print-uris`, where what has packages has lines
  /// `'BASE/dists/SUITE/main/binary-ARCHITECTURE/Packages.xz' name size`.
  init(uris: String) {
    var suites: [String: Set<String>] = [:]
    var order: [String] = []
    for line in uris.split(whereSeparator: \.isNewline) {
      guard let match = line.firstMatch(of: /^'([^']+)\/dists\/([^']+)\/main\/binary-[^\/]+\/Packages/) else {
        continue
      }
      let (base, suite) = (String(match.1), String(match.2))
      if suites[base] == nil { order.append(base) }
      suites[base, default: []].insert(suite)
    }
    func isSecurity(_ suite: String) -> Bool { suite.hasSuffix("-security") || suite.hasSuffix("/updates") }
    // Other publishers name their suites like Debian's, but do not also have `-updates`: the more suites, the better.
    let debian = order.filter { base in suites[base]?.contains(where: Self.isDebianSuite) ?? false }
    let ranked = debian.enumerated().sorted { a, b in
      let (x, y) = (suites[a.element]?.count ?? 0, suites[b.element]?.count ?? 0)
      return x == y ? a.offset < b.offset : x > y
    }.map(\.element)
    main = ranked.filter { suites[$0]?.contains { !isSecurity($0) } ?? false }
    security = ranked.filter { suites[$0]?.contains(where: isSecurity) ?? false }
  }

  init(main: [String], security: [String], trusted: Bool = false) {
    (self.main, self.security, self.trusted) = (main, security, trusted)
  }

  private static func isDebianSuite(_ suite: String) -> Bool {
    let names = [
      "bullseye", "bookworm", "trixie", "forky", "sid", "oldoldstable", "oldstable", "stable", "testing", "unstable",
    ]
    return names.contains { suite == $0 || suite.hasPrefix("\($0)-") || suite.hasPrefix("\($0)/") }
  }
}

extension String {
  fileprivate var droppingSlash: String { hasSuffix("/") ? String(dropLast()) : self }
}
