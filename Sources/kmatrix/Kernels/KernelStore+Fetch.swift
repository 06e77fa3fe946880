import Foundation
import Glibc
import SystemPackage

/// What `KernelStore` reports while it works.
enum FetchEvent: Sendable, Equatable {
  /// Another kmatrix is making this image.
  case waiting(String)
  case downloading(String, done: Int, total: Int)
  case extracting(String)
  /// A compiler is running, which takes minutes.
  case building(String)
  /// The image exists; `cached` says that it existed before.
  case ready(String, cached: Bool)
  /// Something that the user should know: a replacement, a corrupt image that is made again, links that cannot be made.
  case note(String)
}

struct FetchResult: Sendable {
  var images: [KernelImage] = []
  /// Kernels that the mirror has dropped and nothing replaces, each with the error.
  var missing: [(kernel: LockedKernel, error: KernelStoreError)] = []
}

struct FetchOptions: Sendable {
  /// A package that the mirror has dropped is an error, and is not replaced.
  var locked = false
  /// Use only what is cached.
  var offline = false
  var keepDebs = false
  /// How thoroughly cached images are checked.
  var check = KernelCache.Check.full
}

extension KernelStore {
  /// How many images are made at the same time. Most of the time is spent on unpacking, and two keep two cores busy.
  static let width = 2

  /// Returns the images of all `kernels`, in the same order, and fetches those that are not cached. It is an error if
  /// one of them cannot be fetched.
  func ensureImages(
    _ kernels: [LockedKernel], _ options: FetchOptions = FetchOptions(),
    progress: @escaping @Sendable (FetchEvent) -> Void = { _ in }
  ) async throws(KernelStoreError) -> [KernelImage] {
    let result = try await fetchImages(kernels, options, progress: progress)
    if let missing = result.missing.first { throw missing.error }
    return result.images
  }

  /// As above, but a kernel that the mirror has dropped and that nothing replaces is reported beside the images of the
  /// others. A problem that would affect all kernels, such as no network or no space, is still an error.
  func fetchImages(
    _ kernels: [LockedKernel], _ options: FetchOptions = FetchOptions(),
    progress: @escaping @Sendable (FetchEvent) -> Void = { _ in }
  ) async throws(KernelStoreError) -> FetchResult {
    if !options.offline { try await requireSpace(kernels) }
    var found: [Int: Result<(LockedKernel, ModuleFiles), KernelStoreError>] = [:]
    do {
      try await withThrowingTaskGroup(of: (Int, Result<(LockedKernel, ModuleFiles), KernelStoreError>).self) { group in
        for (index, kernel) in kernels.enumerated() {
          if index >= Self.width, let (done, image) = try await group.next() { found[done] = image }
          group.addTask {
            do throws(KernelStoreError) {
              let made = try await ensureImage(kernel, options, progress: progress)
              return (index, .success((made, try await ensureModules(made, options, progress: progress))))
            } catch  where error.kind == .gone {
              return (index, .failure(error))
            }
          }
        }
        for try await (done, image) in group { found[done] = image }
      }
    } catch {
      throw KernelStoreError(error)
    }
    var linker = ImageLinker(root: root)
    var result = FetchResult()
    for (index, kernel) in kernels.enumerated() {
      switch found[index] {
      case .success((let made, let modules)):
        if case .none(let why) = modules, !made.isBuilt { progress(.note("\(made.release): no modules: \(why)")) }
        result.images.append(image(of: made, modules, locked: kernel, linker: &linker))
      case .failure(let error): result.missing.append((kernel, error))
      case nil: break
      }
    }
    if let warning = linker.warning { progress(.note(warning)) }
    return result
  }

  /// Checks, before anything is downloaded, that everything will fit on the disk.
  private func requireSpace(_ kernels: [LockedKernel]) async throws(KernelStoreError) {
    var missing: [LockedKernel] = []
    for kernel in kernels where try await cache.state(of: kernel, .quick) == .missing {
      if cache.replacement(for: kernel) == nil { missing.append(kernel) }
    }
    let need = ImageMaker.space(for: missing, atOnce: Self.width)
    if let free = cache.freeBytes, free < need {
      let what = missing.count == 1 ? missing[0].release : "\(missing.count) kernels"
      throw ImageMaker.noSpace(what, cache, need, free)
    }
  }

  private func image(
    of kernel: LockedKernel, _ modules: ModuleFiles, locked: LockedKernel, linker: inout ImageLinker
  ) -> KernelImage {
    var expectations = manifest.expectations(release: kernel.release, name: kernel.name)
    var archive: String?
    switch modules {
    case .archive(let file): archive = linker.link(ImageLinker.modules(kernel.release), to: file).string
    case .none(let why): expectations.append(Expectation(kind: .skip, test: ModuleFiles.test, reason: why))
    }
    return KernelImage(
      release: kernel.release, series: kernel.series, flavour: kernel.flavour.rawValue,
      path: linker.link("linux-\(kernel.release)", to: cache.image(of: kernel)).string, modules: archive,
      replaces: kernel == locked ? nil : locked.release, expectations: expectations)
  }

  /// Makes the image of `kernel`, or of what replaces it. Returns the kernel whose image it is.
  private func ensureImage(
    _ kernel: LockedKernel, _ options: FetchOptions, progress: @escaping @Sendable (FetchEvent) -> Void
  ) async throws(KernelStoreError) -> LockedKernel {
    if let built = BuiltKernel(kernel) {
      _ = try await ensureBuilt(built, options, progress: progress)
      return kernel
    }
    let state = try await cache.state(of: kernel, options.check)
    if state == .present {
      progress(.ready(kernel.release, cached: true))
      return kernel
    }
    let earlier = options.locked ? nil : try await cachedReplacement(kernel, options)
    if let earlier, earlier.isFresh || options.offline {
      return announce(earlier.kernel, for: kernel, progress)
    }
    if options.offline { throw offlineError(kernel, state) }
    do throws(KernelStoreError) {
      return try await ImageMaker(cache: cache, archive: archive, options: options, progress: progress).make(kernel)
    } catch  where error.kind == .gone && options.locked {
      throw KernelStoreError(.gone, "\(kernel.release): the mirror no longer has \(kernel.path) (--locked)")
    } catch  where error.kind == .gone {
      return try await replace(kernel, options, progress: progress)
    } catch {
      guard let earlier, error.kind == .unreachable else { throw error }
      return announce(earlier.kernel, for: kernel, progress)
    }
  }

  func offlineError(_ kernel: LockedKernel, _ state: KernelCache.State) -> KernelStoreError {
    var what = "not cached"
    if case .corrupt(let why) = state { what = "the cached image is corrupt (\(why))" }
    return KernelStoreError(
      .unreachable, "\(kernel.release): \(what), and --offline does not allow fetching \(kernel.path)")
  }

  private func cachedReplacement(_ kernel: LockedKernel, _ options: FetchOptions) async throws(KernelStoreError)
    -> (kernel: LockedKernel, isFresh: Bool)?
  {
    guard let earlier = cache.replacement(for: kernel) else { return nil }
    return try await cache.state(of: earlier.kernel, options.check) == .present ? earlier : nil
  }

  private func announce(
    _ replacement: LockedKernel, for kernel: LockedKernel, _ progress: @Sendable (FetchEvent) -> Void
  ) -> LockedKernel {
    let (new, suite) = (replacement.release, replacement.suite)
    progress(.ready(new, cached: true))
    progress(.note("\(kernel.release): the mirror no longer has it; \(new) of \(suite) takes its place"))
    return replacement
  }

  /// Makes the image of the series' current kernel, in place of one that the mirror has dropped.
  private func replace(
    _ kernel: LockedKernel, _ options: FetchOptions, progress: @escaping @Sendable (FetchEvent) -> Void
  ) async throws(KernelStoreError) -> LockedKernel {
    guard let source = manifest.source(named: kernel.name) else {
      throw KernelStoreError(.gone, "\(kernel.release): the mirror no longer has \(kernel.path)")
    }
    let replacement: LockedKernel
    do {
      replacement = try await KernelUpdate(manifest: manifest, cache: cache, archive: archive, root: root)
        .resolve(source, options, known: lock.kernels, progress: progress)
    } catch {
      throw KernelStoreError(
        error.kind, "\(kernel.release): the mirror no longer has \(kernel.path), and nothing replaces it: \(error)")
    }
    try cache.setReplacement(replacement, for: kernel)
    return announce(replacement, for: kernel, progress)
  }
}

/// Makes `kernel-images/amd64/linux-<release>` and `modules-<release>.cpio.gz` symbolic links into the cache.
struct ImageLinker {
  private let folder: FilePath
  private(set) var warning: String?

  init(root: FilePath) { folder = root.appending("kernel-images").appending("amd64") }

  static func modules(_ release: String) -> String { "modules-\(release).cpio.gz" }

  /// Returns the link, or the file itself if the checkout cannot be written.
  mutating func link(_ name: String, to image: FilePath) -> FilePath {
    let link = folder.appending(name)
    let files = FileManager.default
    if (try? files.destinationOfSymbolicLink(atPath: link.string)) == image.string { return link }
    // The link is made under another name and then renamed, so that another kmatrix always sees one.
    let fresh = folder.appending(".\(name).\(getpid())")
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
