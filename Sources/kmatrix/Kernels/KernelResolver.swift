/// Finds the package that is "the newest of series X, flavour Y" in a suite.
struct KernelResolver: Sendable {
  /// A package that could be the kernel, with what its name says.
  struct Candidate: Sendable, Hashable {
    var package: ArchivePackage
    var suite: String
    var release: String
  }

  /// What a release such as `6.12.107+deb13-cloud-amd64` is made of.
  struct Release: Equatable {
    var abi: String
    var series: String
    var flavour: KernelManifest.Flavour

    init?(_ text: String) {
      guard let match = text.wholeMatch(of: /((\d+\.\d+)[^-]*(?:-[0-9][^-]*)*?)(-cloud|-rt)?-amd64/) else { return nil }
      abi = String(match.1)
      series = String(match.2)
      flavour =
        switch match.3 {
        case "-cloud": .cloud
        case "-rt": .rt
        default: .generic
        }
    }
  }

  var manifest: KernelManifest
  var archive: AptArchive

  /// The sources of one series, as packages are called and as the kernel itself will be: Debian adds only its own
  /// revision to the version, after a dash.
  static func selectSources(
    _ source: KernelManifest.Source, _ build: KernelManifest.Build, from packages: [ArchivePackage], suite: String
  ) -> [Candidate] {
    packages.compactMap { package in
      guard package.name == build.package, let match = package.version.firstMatch(of: /^(\d+\.\d+)\.\d+(?=-)/),
        match.1 == source.series
      else { return nil }
      return Candidate(package: package, suite: suite, release: "\(match.0)-\(source.flavour.rawValue)")
    }
  }

  /// Newest first, of the first suite that has any. A pinned ABI, where there, comes before all newer ones.
  func candidates(for source: KernelManifest.Source) async throws(KernelStoreError) -> [Candidate] {
    var failure: KernelStoreError?
    for suite in source.suites {
      do throws(KernelStoreError) {
        let packages = try await archive.kernelPackages(suite: suite)
        let all =
          if let build = source.build {
            Self.selectSources(source, build, from: packages, suite: suite)
          } else {
            Self.select(source, from: packages, suite: suite, patterns: manifest.packages)
          }
        var found = try await newestFirst(all)
        if let abi = source.abi, let pinned = found.firstIndex(where: { Release($0.release)?.abi == abi }) {
          found.insert(found.remove(at: pinned), at: 0)
        }
        if !found.isEmpty { return found }
      } catch {
        // Trouble on the way is no reason to take another suite's kernel.
        if error.kind == .unreachable { throw error }
        failure = failure ?? error
      }
    }
    if let failure { throw failure }
    throw KernelStoreError(
      .gone, "\(source.name): no \(source.flavour) kernel of series \(source.series) in \(source.suites.list)")
  }

  /// One candidate per release: from 6.19 on `linux-image-…` is a metapackage beside `linux-binary-…`, which has the
  /// image; the order of the manifest's patterns says which one to take.
  static func select(
    _ source: KernelManifest.Source, from packages: [ArchivePackage], suite: String, patterns: [String]
  ) -> [Candidate] {
    var best: [String: (rank: Int, candidate: Candidate)] = [:]
    for package in packages {
      for (rank, pattern) in patterns.enumerated() {
        guard let text = release(in: package.name, pattern: pattern), let release = Release(text),
          release.series == source.series, release.flavour == source.flavour
        else { continue }
        if let other = best[text], other.rank <= rank { continue }
        best[text] = (rank, Candidate(package: package, suite: suite, release: text))
      }
    }
    return best.values.map(\.candidate).sorted { $0.release < $1.release }
  }

  private static func release(in name: String, pattern: String) -> String? {
    let parts = pattern.split(separator: "{release}", omittingEmptySubsequences: false)
    guard parts.count == 2, name.hasPrefix(parts[0]), name.hasSuffix(parts[1]),
      name.utf8.count > parts[0].utf8.count + parts[1].utf8.count
    else { return nil }
    return String(name.dropFirst(parts[0].count).dropLast(parts[1].count))
  }

  /// By the order of Debian's versions, which dpkg knows (deb-version(7)).
  private func newestFirst(_ candidates: [Candidate]) async throws(KernelStoreError) -> [Candidate] {
    var sorted: [Candidate] = []
    for candidate in candidates {
      var place = 0
      while place < sorted.count, try await !isNewer(candidate.package.version, than: sorted[place].package.version) {
        place += 1
      }
      sorted.insert(candidate, at: place)
    }
    return sorted
  }

  private func isNewer(_ a: String, than b: String) async throws(KernelStoreError) -> Bool {
    try await Tool.run("dpkg", ["--compare-versions", a, "gt", b]).succeeded
  }
}

extension [String] {
  /// `a, b and c`.
  var list: String {
    count < 2 ? joined() : dropLast().joined(separator: ", ") + " and " + self[count - 1]
  }
}
