import Foundation
import SystemPackage

/// A package as an archive's index describes it, with only the fields that are needed to fetch a kernel.
struct ArchivePackage: Sendable, Hashable {
  var name: String
  var version: String
  var path: String
  var size: Int
  var sha256: String
}

/// Reads Debian's archives through apt. apt's state is in the cache; the machine's own lists and packages are neither
/// read nor changed.
actor AptArchive {
  enum Download: Sendable, Equatable {
    case done
    /// The archive does not have the file, or no longer has it.
    case gone
    case unreachable(String)
    case broken(String)
  }

  static let keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"
  private static let helper = "/usr/lib/apt/apt-helper"
  private static let fetchOptions = [
    // The user `_apt` cannot read root's cache, and apt would warn about that for every file.
    "-o", "APT::Sandbox::User=root", "-o", "Acquire::Retries=2", "-o", "Acquire::http::Timeout=30",
    "-o", "Acquire::https::Timeout=30", "-o", "Acquire::Languages=none",
  ]

  private let cache: KernelCache
  private let environment: [String: String]
  private var known: Mirrors?
  private var indexes: [String: Task<[ArchivePackage], any Error>] = [:]

  init(cache: KernelCache, environment: [String: String], mirrors: Mirrors? = nil) {
    self.cache = cache
    self.environment = environment
    self.known = mirrors
  }

  func mirrors() async throws(KernelStoreError) -> Mirrors {
    if let known { return known }
    let found = try await Mirrors.discover(environment)
    known = found
    return found
  }

  // MARK: Files

  /// Downloads `path` to `file`, and resumes a partial file. apt checks the hash; a file that does not match is
  /// removed.
  func download(_ path: String, suite: String, sha256: String, to file: FilePath) async throws(KernelStoreError)
    -> Download
  {
    // The file is gone only if each mirror says so: one that does not answer may have it.
    var failure = Download.gone
    for base in try await mirrors().addresses(for: suite) {
      var outcome = try await downloadOnce("\(base)/\(path)", sha256: sha256, to: file)
      if case .broken = outcome {
        // The partial file that was resumed may belong to another download.
        outcome = try await downloadOnce("\(base)/\(path)", sha256: sha256, to: file)
      }
      if outcome == .done { return .done }
      if failure == .gone { failure = outcome }
    }
    return failure
  }

  private nonisolated func downloadOnce(_ address: String, sha256: String, to file: FilePath)
    async throws(KernelStoreError) -> Download
  {
    // The download holds its own lock: if its kmatrix is killed it goes on for a while, and the next one must wait.
    let lock = cache.directory.appending("locks").appending("\(sha256).download")
    let download = ["-q", "download-file", address, file.string, "SHA256:\(sha256)"]
    let result = try await Tool.run("flock", ["--no-fork", lock.string, Self.helper] + Self.fetchOptions + download)
    if result.succeeded { return .done }
    let failed = FilePath(file.string + ".FAILED")
    if FileManager.default.fileExists(atPath: failed.string) {
      cache.remove(failed)
      cache.remove(file)
    }
    return Self.outcome(ofComplaint: result.errors)
  }

  /// Says why the archive at `address` does not answer; nil if it does. Every Debian archive has `dists/README`, but an
  /// answer that the file does not exist is an answer, too.
  nonisolated func trouble(reaching address: String) async -> String? {
    let file = FilePath(FileManager.default.temporaryDirectory.appending(path: "kmatrix-probe-\(UUID())").path)
    defer { cache.remove(file) }
    do throws(KernelStoreError) {
      let result = try await Tool.run(
        Self.helper, Self.fetchOptions + ["-q", "download-file", "\(address)/dists/README", file.string])
      if result.succeeded { return nil }
      let outcome = Self.outcome(ofComplaint: result.errors)
      if case .unreachable(let why) = outcome { return why }
      return nil
    } catch {
      return error.description
    }
  }

  /// apt-helper has one exit code for every failure; only its message tells the cause (in English, because of
  /// LC_ALL=C).
  static func outcome(ofComplaint text: String) -> Download {
    let line = text.split(whereSeparator: \.isNewline).first { $0.hasPrefix("E: Failed to fetch") }
    let reason = line.map { String($0.dropFirst("E: Failed to fetch ".count)) } ?? text.trimmingSpaces
    let cause = reason.split(separator: "  ", maxSplits: 1).last.map { $0.trimmingSpaces } ?? reason
    if cause.hasPrefix("404") || cause.hasPrefix("410") || cause.hasPrefix("File not found") { return .gone }
    if cause.contains("Hash Sum mismatch") || cause.contains("unexpected size") { return .broken(cause) }
    return .unreachable(cause)
  }

  // MARK: Indexes

  /// The suite's kernel packages, as its signed index lists them now. The index is fetched once per run.
  func kernelPackages(suite: String) async throws(KernelStoreError) -> [ArchivePackage] {
    let task = indexes[suite] ?? Task { try await readIndex(suite: suite) }
    indexes[suite] = task
    do {
      return try await task.value
    } catch {
      throw KernelStoreError(error)
    }
  }

  private func readIndex(suite: String) async throws(KernelStoreError) -> [ArchivePackage] {
    let mirrors = try await mirrors()
    let addresses = mirrors.addresses(for: suite)
    guard !addresses.isEmpty else {
      throw KernelStoreError("apt has no source for \(suite); set \(Mirrors.securityVariable) to its mirror's address")
    }
    var failure: KernelStoreError?
    for address in addresses {
      do throws(KernelStoreError) {
        return try await readIndex(suite: suite, address: address, trusted: mirrors.trusted)
      } catch {
        // A suite is gone only if each mirror says so.
        if failure == nil || failure?.kind == .gone { failure = error }
      }
    }
    throw failure ?? KernelStoreError("\(suite): no mirror")
  }

  private nonisolated func readIndex(suite: String, address: String, trusted: Bool) async throws(KernelStoreError)
    -> [ArchivePackage]
  {
    try await cache.locked("apt-\(suite)") { () async throws(KernelStoreError) in
      let state = cache.aptState(suite)
      try makeState(state, source: Self.source(address: address, suite: suite, trusted: trusted))
      let options = Self.fetchOptions + Self.isolation(state)
      let update = try await Tool.run("apt-get", options + ["-q", "update", "--error-on=any"])
      guard update.succeeded else { throw Self.cannotUpdate(suite, update) }
      let show = try await Tool.run(
        "apt-cache", options + ["show", "^linux-((image|binary|modules)-[0-9].*-amd64|source-[0-9.]*)$"])
      // apt-cache fails if no package has such a name.
      guard show.succeeded || show.errors.contains("No packages found") else {
        throw KernelStoreError("\(suite): apt-cache: \(show.complaint)")
      }
      return Self.packages(in: show.output)
    }
  }

  /// A suite that does not exist is an answer, and the next suite is tried; any other failure is the mirror's.
  private static func cannotUpdate(_ suite: String, _ update: Tool.Result) -> KernelStoreError {
    let gone = KernelStoreError(.gone, "\(suite): the mirror has no such suite")
    if update.errors.contains("does not have a Release file") { return gone }
    switch outcome(ofComplaint: update.errors) {
    case .gone: return gone
    case .unreachable(let why), .broken(let why):
      return KernelStoreError(.unreachable, "\(suite): its index cannot be fetched: \(why)")
    case .done: return KernelStoreError("\(suite): \(update.complaint)")
    }
  }

  private static func source(address: String, suite: String, trusted: Bool) -> String {
    "deb [\(trusted ? "trusted=yes" : "signed-by=\(keyring)") arch=amd64] \(address) \(suite) main\n"
  }

  private nonisolated func makeState(_ state: FilePath, source: String) throws(KernelStoreError) {
    for folder in ["lists/partial", "cache/archives/partial", "log"] {
      try cache.makeFolder(state.pushing(FilePath(folder)))
    }
    do {
      try Data(source.utf8).write(to: URL(filePath: state.appending("sources.list").string))
      try Data().write(to: URL(filePath: state.appending("status").string))
      try Data(Self.withoutHooks.utf8).write(to: URL(filePath: state.appending("apt.conf").string))
    } catch {
      throw KernelStoreError("\(state): cannot be written: \(error.reason)")
    }
  }

  /// Turns off what the machine does after its own updates, for example cleaning its caches or notifying its desktop. A
  /// list can only be emptied in a file, see apt.conf(5).
  private static let withoutHooks = """
    #clear APT::Update::Pre-Invoke;
    #clear APT::Update::Post-Invoke;
    #clear APT::Update::Post-Invoke-Success;

    """

  /// Replaces everything of the machine that apt would read or write, except its network settings.
  private static func isolation(_ state: FilePath) -> [String] {
    let settings = [
      "Dir::State=\(state)", "Dir::State::Lists=\(state)/lists", "Dir::State::status=\(state)/status",
      "Dir::Cache=\(state)/cache", "Dir::Log=\(state)/log", "Dir::Etc::SourceList=\(state)/sources.list",
      "Dir::Etc::SourceParts=-", "Dir::Etc::PreferencesParts=-", "Dir::Etc::Preferences=-",
      "APT::Architecture=amd64", "APT::Architectures=amd64",
      // The Release file of an unreleased suite may have expired.
      "Acquire::Check-Valid-Until=false", "Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled=false",
    ]
    return ["-c", state.appending("apt.conf").string] + settings.flatMap { ["-o", $0] }
  }

  /// Reads the stanzas that `apt-cache show` prints.
  static func packages(in text: String) -> [ArchivePackage] {
    text.split(separator: "\n\n").compactMap { stanza in
      var fields: [Substring: String] = [:]
      for line in stanza.split(separator: "\n") where line.first != " " {
        let parts = line.split(separator: ":", maxSplits: 1)
        if parts.count == 2 { fields[parts[0]] = parts[1].trimmingSpaces }
      }
      guard let name = fields["Package"], let version = fields["Version"], let path = fields["Filename"],
        let size = fields["Size"].flatMap({ Int($0) }), LockedKernel.sizes.contains(size),
        let sha256 = fields["SHA256"], sha256.isSHA256
      else { return nil }
      return ArchivePackage(name: name, version: version, path: path, size: size, sha256: sha256)
    }
  }
}

/// The addresses of Debian's archives, best first, taken from the configuration of the machine's apt.
struct Mirrors: Sendable, Equatable {
  var main: [String]
  var security: [String]
  /// Accepts unsigned indexes. Only tests set this, for archives of their own.
  var trusted = false

  /// Environment variables that name mirrors to use instead of apt's.
  static let mainVariable = "QUARK_MIRROR"
  static let securityVariable = "QUARK_SECURITY_MIRROR"

  func addresses(for suite: String) -> [String] { suite.hasSuffix("-security") ? security : main }

  static func discover(
    _ environment: [String: String], aptOptions: [String] = []
  ) async throws(KernelStoreError) -> Mirrors {
    func value(_ name: String) -> [String] {
      environment[name].flatMap { $0.isEmpty ? nil : [$0.droppingSlash] } ?? []
    }
    let (main, security) = (value(mainVariable), value(securityVariable))
    // This prints what an update would fetch. apt reads both formats of its sources with all their options, and needs
    // neither root nor lists that were fetched before.
    let result = try await Tool.run("apt-get", aptOptions + ["update", "--print-uris"])
    guard result.succeeded || !main.isEmpty else {
      throw KernelStoreError("apt-get cannot list its sources: \(result.complaint)")
    }
    let found = Mirrors(uris: result.output)
    guard !main.isEmpty || !found.main.isEmpty else {
      throw KernelStoreError("apt has no source of Debian packages; set \(mainVariable) to a Debian mirror's address")
    }
    return Mirrors(
      main: main.isEmpty ? found.main : main, security: security.isEmpty ? found.security : security)
  }

  /// Finds the archives in the output of `apt-get update --print-uris`, which has a line for each index of packages:
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
    // Other publishers may name their suites as Debian does, but they have no `-updates`. So the archive with the most
    // suites is Debian's, and comes first.
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
