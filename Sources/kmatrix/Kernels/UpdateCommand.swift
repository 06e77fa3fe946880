import ArgumentParser
import Foundation
import Subprocess
import SystemPackage

struct UpdateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "update",
    abstract: "Find the current packages of the kernels of kernels.toml, and write kernels.lock.")

  @OptionGroup var root: RootOption
  @Option(help: "Only kernels of this series; the others stay as they are locked.") var series: String?

  func run() async throws {
    let root = try root.path()
    let environment = ProcessInfo.processInfo.environment
    let manifest = try KernelManifest.load(KernelStore.manifestPath(root))
    let path = KernelStore.lockPath(root)
    let exists = FileManager.default.fileExists(atPath: path.string)
    let old = exists ? try KernelLock.load(path) : KernelLock(kernels: [])
    let cache = try KernelCache.standard(environment)
    let archive = AptArchive(cache: cache, environment: environment)
    let update = KernelUpdate(manifest: manifest, cache: cache, archive: archive, root: root)

    let (sources, kept) = try update.split(by: series, old)
    let reporter = FetchReporter(total: sources.count)
    defer { reporter.finish() }
    let found = try await update.resolve(sources, known: old.kernels) { reporter.show($0) }
    reporter.finish()
    let new = KernelLock(kernels: kept + found)
    if new != old { try new.write(to: path) }
    StandardOutput.line(old.changes(to: new))
  }
}

extension KernelUpdate {
  /// The sources to look up, and the locked kernels of the others, which stay.
  func split(by series: String?, _ old: KernelLock) throws(KernelStoreError)
    -> (sources: [KernelManifest.Source], kept: [LockedKernel])
  {
    guard let series else { return (manifest.sources, []) }
    let sources = manifest.sources.filter { $0.series == series }
    guard !sources.isEmpty else {
      let known = Set(manifest.sources.map(\.series)).sorted(by: KernelOrder.isOlder)
      throw KernelStoreError(.usage, "no kernel of series \"\(series)\"; there are \(known.list)")
    }
    let names = Set(sources.map(\.name))
    let kept = old.kernels.filter { !names.contains($0.name) && manifest.source(named: $0.name) != nil }
    return (sources, kept)
  }
}

extension KernelLock {
  /// What an update changed, with a line for each kernel.
  func changes(to new: KernelLock) -> String {
    func byName(_ lock: KernelLock) -> [String: LockedKernel] {
      Dictionary(lock.kernels.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    }
    let (before, after) = (byName(self), byName(new))
    var lines = new.kernels.compactMap { kernel -> String? in
      guard let old = before[kernel.name] else { return "+ \(kernel.name): \(kernel.release) (\(kernel.suite))" }
      if old == kernel { return nil }
      return "~ \(kernel.name): \(old.release) \(old.version) -> \(kernel.release) \(kernel.version) (\(kernel.suite))"
    }
    lines += kernels.filter { after[$0.name] == nil }.map { "- \($0.name): \($0.release)" }
    return lines.isEmpty ? "nothing changed" : lines.joined(separator: "\n")
  }
}

/// Finds the current packages of the kernels of `kernels.toml`.
struct KernelUpdate: Sendable {
  var manifest: KernelManifest
  var cache: KernelCache
  var archive: AptArchive
  /// The checkout, which has the configurations of the kernels that are built.
  var root: FilePath

  /// Finds the current package of `source`, and makes its image. An index may list packages that the archive no longer
  /// has, so the first candidate that can be fetched is taken. A package in `known` whose image is cached is not
  /// fetched again.
  func resolve(
    _ source: KernelManifest.Source, _ options: FetchOptions, known: [LockedKernel],
    progress: @escaping @Sendable (FetchEvent) -> Void
  ) async throws(KernelStoreError) -> LockedKernel {
    let resolver = KernelResolver(manifest: manifest, archive: archive)
    if let build = source.build {
      let kernel = try await resolve(source, build, resolver)
      progress(.ready(kernel.release, cached: true))
      return kernel
    }
    let maker = ImageMaker(cache: cache, archive: archive, options: options, progress: progress)
    var last = KernelStoreError(.gone, "\(source.name): none of its packages can be fetched")
    for candidate in try await resolver.candidates(for: source) {
      let draft = LockedKernel(candidate, name: source.name, series: source.series, flavour: source.flavour)
      if var same = known.first(where: { $0.sha256 == draft.sha256 }),
        try await cache.state(of: same, .full) == .present
      {
        (same.name, same.suite, same.path) = (draft.name, draft.suite, draft.path)
        same.modules = try await resolver.modules(of: draft) ?? same.modules
        progress(.ready(same.release, cached: true))
        return same
      }
      do throws(KernelStoreError) {
        var made = try await maker.makeFirst(draft)
        made.modules = try await resolver.modules(of: draft) ?? known.first { $0.sha256 == draft.sha256 }?.modules
        progress(.ready(made.release, cached: false))
        return made
      } catch {
        guard error.kind == .gone else { throw error }
        last = error
      }
    }
    throw last
  }

  /// Finds the newest source package. Nothing is built, because the result of a build is not locked.
  private func resolve(
    _ source: KernelManifest.Source, _ build: KernelManifest.Build, _ resolver: KernelResolver
  ) async throws(KernelStoreError) -> LockedKernel {
    let config = KernelStore.manifestPath(root).removingLastComponent().appending(build.config)
    guard FileManager.default.isReadableFile(atPath: config.string) else {
      throw KernelStoreError(.usage, "\(source.name): \(config) cannot be read")
    }
    let newest = try await resolver.candidates(for: source)[0]
    var kernel = LockedKernel(newest, name: source.name, series: source.series, flavour: source.flavour)
    kernel.config = .init(file: build.config, sha256: try await KernelCache.sha256(of: config))
    return kernel
  }

  /// Finds the kernels of all `sources`, a few at a time. Returns them in the order in which they were found.
  func resolve(
    _ sources: [KernelManifest.Source], known: [LockedKernel],
    progress: @escaping @Sendable (FetchEvent) -> Void
  ) async throws(KernelStoreError) -> [LockedKernel] {
    var found: [LockedKernel] = []
    do {
      try await withThrowingTaskGroup(of: LockedKernel.self) { group in
        for (index, source) in sources.enumerated() {
          if index >= KernelStore.width, let kernel = try await group.next() { found.append(kernel) }
          group.addTask {
            let kernel = try await resolve(source, FetchOptions(), known: known, progress: progress)
            if let abi = source.abi, KernelResolver.Release(kernel.release)?.abi != abi {
              progress(.note("\(source.name): none of its suites has ABI \(abi); \(kernel.release) is the newest"))
            }
            return kernel
          }
        }
        for try await kernel in group { found.append(kernel) }
      }
    } catch {
      throw KernelStoreError(error)
    }
    return found
  }
}

extension LockedKernel {
  /// A kernel with what the index says about its package. The image in the package is not known yet.
  init(_ candidate: KernelResolver.Candidate, name: String, series: String, flavour: KernelManifest.Flavour) {
    let package = candidate.package
    self.init(
      release: candidate.release, name: name, series: series, flavour: flavour, suite: candidate.suite,
      package: package.name, version: package.version, path: package.path, size: package.size,
      sha256: package.sha256)
  }
}

/// Finds the package that is "the newest of series X, flavour Y" in a suite.
struct KernelResolver: Sendable {
  /// A package that could have the kernel, and the release that its name states.
  struct Candidate: Sendable, Hashable {
    var package: ArchivePackage
    var suite: String
    var release: String
  }

  /// The parts of a release such as `6.12.107+deb13-cloud-amd64`.
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

  /// Selects the source packages of one series, and gives each the release that its kernel will have: the package's
  /// version without Debian's own revision, which follows a dash.
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

  /// The candidates in the first suite that has any, newest first. A pinned ABI, if it is there, comes before newer
  /// ones.
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
        // If the mirror cannot be reached, that is no reason to take another suite's kernel.
        if error.kind == .unreachable { throw error }
        failure = failure ?? error
      }
    }
    if let failure { throw failure }
    throw KernelStoreError(
      .gone, "\(source.name): no \(source.flavour) kernel of series \(source.series) in \(source.suites.list)")
  }

  /// The package with the kernel's modules, where that is one of its own; nil also if the index does not list it, as it
  /// does not when the archive has the modules of a newer version.
  func modules(of kernel: LockedKernel) async throws(KernelStoreError) -> LockedKernel.Modules? {
    let name = manifest.modules.replacing("{release}", with: kernel.release)
    return try await archive.kernelPackages(suite: kernel.suite).first {
      $0.name == name && $0.version == kernel.version
    }.map { LockedKernel.Modules(path: $0.path, size: $0.size, sha256: $0.sha256) }
  }

  /// Selects one candidate per release. From 6.19 on `linux-image-…` is a metapackage, and `linux-binary-…` has the
  /// image; the order of the manifest's patterns decides which of them is taken.
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

  /// Sorts by Debian's versions (deb-version(7)), which dpkg compares.
  private func newestFirst(_ candidates: [Candidate]) async throws(KernelStoreError) -> [Candidate] {
    var sorted: [Candidate] = []
    for candidate in candidates {
      var place = 0
      let version = candidate.package.version
      while place < sorted.count, try await !Self.isNewer(version, than: sorted[place].package.version) { place += 1 }
      sorted.insert(candidate, at: place)
    }
    return sorted
  }

  static func isNewer(_ a: String, than b: String) async throws(KernelStoreError) -> Bool {
    let result = try await Tool.run("dpkg", ["--compare-versions", a, "gt", b])
    switch result.status {
    case .exited(0): return true
    case .exited(1): return false
    default: throw KernelStoreError("dpkg cannot compare the versions \(a) and \(b): \(result.status)")
    }
  }
}
