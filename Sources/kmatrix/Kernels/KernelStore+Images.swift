import Foundation
import Glibc
import SystemPackage

extension KernelStore {
  /// Images made at the same time. Unpacking is what takes the time, and two keep two cores busy.
  private static let width = 2

  /// Sees to it that every kernel's image is there, in the order given: from the cache, else from the mirror.
  func ensureImages(
    _ kernels: [LockedKernel], _ options: FetchOptions = FetchOptions(),
    progress: @escaping @Sendable (FetchEvent) -> Void = { _ in }
  ) async throws(KernelStoreError) -> [KernelImage] {
    var found: [Int: LockedKernel] = [:]
    do {
      try await withThrowingTaskGroup(of: (Int, LockedKernel).self) { group in
        for (index, kernel) in kernels.enumerated() {
          if index >= Self.width, let (done, image) = try await group.next() { found[done] = image }
          group.addTask { (index, try await ensureImage(kernel, options, progress: progress)) }
        }
        for try await (done, image) in group { found[done] = image }
      }
    } catch {
      throw KernelStoreError(error)
    }
    var linker = ImageLinker(root: root)
    let images = kernels.enumerated().compactMap { index, kernel in
      found[index].map { image(of: $0, locked: kernel, linker: &linker) }
    }
    if let warning = linker.warning { progress(.note(warning)) }
    return images
  }

  private func image(of kernel: LockedKernel, locked: LockedKernel, linker: inout ImageLinker) -> KernelImage {
    KernelImage(
      release: kernel.release, series: kernel.series, flavour: kernel.flavour.rawValue,
      path: linker.link(kernel.release, to: cache.image(kernel.imageSHA256)).string,
      replaces: kernel == locked ? nil : locked.release,
      expectations: manifest.expectations(release: kernel.release, name: kernel.name))
  }

  /// The kernel whose image now is there: `kernel`, or what replaces it.
  private func ensureImage(
    _ kernel: LockedKernel, _ options: FetchOptions, progress: @escaping @Sendable (FetchEvent) -> Void
  ) async throws(KernelStoreError) -> LockedKernel {
    if try await cache.state(of: kernel, options.check) == .present {
      progress(.ready(kernel.release, cached: true))
      return kernel
    }
    let earlier = options.locked ? nil : try await cachedReplacement(kernel, options)
    if let earlier, earlier.isFresh || options.offline {
      return announce(earlier.kernel, for: kernel, cached: true, progress)
    }
    if options.offline {
      throw KernelStoreError(.unreachable, "\(kernel.release): not cached, and --offline forbids to fetch \(kernel.path)")
    }
    do throws(KernelStoreError) {
      return try await obtain(kernel, options, progress: progress)
    } catch {
      switch error.kind {
      case .gone where options.locked:
        throw KernelStoreError(.gone, "\(kernel.release): the mirror no longer has \(kernel.path) (--locked)")
      case .gone:
        return try await replace(kernel, options, progress: progress)
      case .unreachable:
        guard let earlier else { throw error }
        return announce(earlier.kernel, for: kernel, cached: true, progress)
      default:
        throw error
      }
    }
  }

  private func cachedReplacement(_ kernel: LockedKernel, _ options: FetchOptions) async throws(KernelStoreError)
    -> (kernel: LockedKernel, isFresh: Bool)?
  {
    guard let earlier = cache.replacement(for: kernel) else { return nil }
    return try await cache.state(of: earlier.kernel, options.check) == .present ? earlier : nil
  }

  private func announce(
    _ replacement: LockedKernel, for kernel: LockedKernel, cached: Bool, _ progress: @Sendable (FetchEvent) -> Void
  ) -> LockedKernel {
    progress(
      .note(
        "\(kernel.release): the mirror no longer has it; \(replacement.release) of \(replacement.suite) takes its place"))
    progress(.ready(replacement.release, cached: cached))
    return replacement
  }

  /// The series' current kernel in place of one that the mirror dropped.
  private func replace(
    _ kernel: LockedKernel, _ options: FetchOptions, progress: @escaping @Sendable (FetchEvent) -> Void
  ) async throws(KernelStoreError) -> LockedKernel {
    guard let source = manifest.source(named: kernel.name) else {
      throw KernelStoreError(.gone, "\(kernel.release): the mirror no longer has \(kernel.path)")
    }
    let replacement: LockedKernel
    do {
      replacement = try await resolve(source, options, progress: progress)
    } catch {
      throw KernelStoreError(
        error.kind, "\(kernel.release): the mirror no longer has \(kernel.path), and nothing replaces it: \(error)")
    }
    try cache.setReplacement(replacement, for: kernel)
    return announce(replacement, for: kernel, cached: false, progress)
  }

  /// What `source` is today, with its image made: an index may list what the archive no longer has, so the first
  /// candidate that can be had.
  func resolve(
    _ source: KernelManifest.Source, _ options: FetchOptions, progress: @escaping @Sendable (FetchEvent) -> Void
  ) async throws(KernelStoreError) -> LockedKernel {
    try await KernelUpdate(manifest: manifest, cache: cache, archive: archive)
      .resolve(source, options, known: lock.kernels, progress: progress)
  }

  private func obtain(
    _ kernel: LockedKernel, _ options: FetchOptions, progress: @escaping @Sendable (FetchEvent) -> Void
  ) async throws(KernelStoreError) -> LockedKernel {
    try await ImageMaker(cache: cache, archive: archive, options: options, progress: progress).make(kernel)
  }
}

/// Makes `kernel-images/amd64/linux-<release>` point into the cache.
struct ImageLinker {
  private let folder: FilePath
  private(set) var warning: String?

  init(root: FilePath) { folder = root.appending("kernel-images").appending("amd64") }

  /// The link, or in a checkout that cannot be written the image itself.
  mutating func link(_ release: String, to image: FilePath) -> FilePath {
    let link = folder.appending("linux-\(release)")
    let files = FileManager.default
    if (try? files.destinationOfSymbolicLink(atPath: link.string)) == image.string { return link }
    // Made beside and renamed, so that another kmatrix always sees one.
    let fresh = folder.appending(".linux-\(release).\(getpid())")
    do {
      try files.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
      try? files.removeItem(atPath: fresh.string)
      try files.createSymbolicLink(atPath: fresh.string, withDestinationPath: image.string)
      // Safe: both paths are NUL-terminated copies that outlive the call.
      guard unsafe rename(fresh.string, link.string) == 0 else { throw Errno(rawValue: errno) }
      return link
    } catch {
      try? files.removeItem(atPath: fresh.string)
      warning = warning ?? "\(folder): no links can be made there: \(error.reason); the images are used from the cache"
      return image
    }
  }
}
