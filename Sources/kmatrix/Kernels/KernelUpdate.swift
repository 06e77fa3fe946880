import Foundation
import SystemPackage

/// Finds out anew what the kernels of `kernels.toml` are today.
struct KernelUpdate: Sendable {
  var manifest: KernelManifest
  var cache: KernelCache
  var archive: AptArchive
  /// The checkout, for the configurations of kernels that are built.
  var root: FilePath

  /// What `source` is today, with its image made. An index may list what the archive no longer has: the first
  /// candidate that can be had is taken. A package among `known` whose image is cached is not fetched again.
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
    var last = KernelStoreError(.gone, "\(source.name): none can be had")
    for candidate in try await resolver.candidates(for: source) {
      let draft = LockedKernel(candidate, name: source.name, series: source.series, flavour: source.flavour)
      if var same = known.first(where: { $0.sha256 == draft.sha256 }),
        try await cache.state(of: same, .full) == .present
      {
        (same.name, same.suite, same.path) = (draft.name, draft.suite, draft.path)
        progress(.ready(same.release, cached: true))
        return same
      }
      do throws(KernelStoreError) {
        let made = try await maker.makeFirst(draft)
        progress(.ready(made.release, cached: false))
        return made
      } catch {
        guard error.kind == .gone else { throw error }
        last = error
      }
    }
    throw last
  }

  /// The newest source package. Nothing is built: what comes of it is not locked.
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

  /// All of `sources`, a few at a time, in the order they are done.
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
              progress(.note("\(source.name): ABI \(abi) is in none of its suites; \(kernel.release) is the newest"))
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
  /// What the index says of a package; what is in it is not known yet.
  init(_ candidate: KernelResolver.Candidate, name: String, series: String, flavour: KernelManifest.Flavour) {
    let package = candidate.package
    self.init(
      release: candidate.release, name: name, series: series, flavour: flavour, suite: candidate.suite,
      package: package.name, version: package.version, path: package.path, size: package.size,
      sha256: package.sha256)
  }
}
