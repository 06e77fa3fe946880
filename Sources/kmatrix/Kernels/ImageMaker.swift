import Foundation
import SystemPackage

/// Turns one package of an archive into one image in the cache.
struct ImageMaker: Sendable {
  /// What the bzImage and its payload need, in bytes, beside the package and the image.
  private static let workBytes = 40 << 20
  /// What an image needs whose size is not known yet, in bytes.
  private static let imageBytes = 70 << 20

  var cache: KernelCache
  var archive: AptArchive
  var options: FetchOptions
  var progress: @Sendable (FetchEvent) -> Void

  /// Makes the locked kernel's image and checks it against the lock. No other kmatrix makes the same one meanwhile.
  func make(_ kernel: LockedKernel) async throws(KernelStoreError) -> LockedKernel {
    let progress = progress
    return try await cache.locked(kernel.sha256, waiting: { progress(.waiting(kernel.release)) }) {
      () async throws(KernelStoreError) in
      switch try await cache.state(of: kernel, .full) {
      case .present:
        progress(.ready(kernel.release, cached: true))
        return kernel
      case .corrupt(let why):
        progress(.note("\(kernel.release): the cached image is corrupt (\(why)); making it again"))
        cache.remove(cache.image(kernel.imageSHA256))
      case .missing: break
      }
      let made = try await build(kernel)
      guard made == kernel else {
        throw KernelStoreError(
          "\(kernel.release): the image in \(kernel.path) is not the locked one (sha256 \(made.imageSHA256)); "
            + "run `kmatrix update`")
      }
      progress(.ready(kernel.release, cached: false))
      return kernel
    }
  }

  /// Makes the image of a package that is seen for the first time. Returns `draft` with the fields of the image filled
  /// in.
  func makeFirst(_ draft: LockedKernel) async throws(KernelStoreError) -> LockedKernel {
    let progress = progress
    return try await cache.locked(draft.sha256, waiting: { progress(.waiting(draft.release)) }) {
      () async throws(KernelStoreError) in try await build(draft)
    }
  }

  /// Makes the archive of a kernel's modules.
  func makeModules(_ modules: KernelModules) async throws(KernelStoreError) {
    let (progress, kernel) = (progress, modules.package)
    try await cache.locked(kernel.sha256, waiting: { progress(.waiting(kernel.release)) }) {
      () async throws(KernelStoreError) in
      switch try await modules.state(in: cache, .full) {
      case .present, .none: return
      case .missing, .corrupt: break
      }
      try await withPackage(kernel) { package, work throws(KernelStoreError) in
        do throws(KernelStoreError) {
          try await modules.make(from: package, in: cache, work: work)
        } catch {
          throw KernelStoreError(error.kind, "\(kernel.release): \(kernel.package): \(error)")
        }
      }
      progress(.ready(kernel.release, cached: false))
    }
  }

  private func build(_ kernel: LockedKernel) async throws(KernelStoreError) -> LockedKernel {
    try await withPackage(kernel) { package, work throws(KernelStoreError) in
      let made = try await extract(kernel, package, work)
      // While the package is there: it is large.
      if kernel.modules == nil, let modules = KernelModules(kernel) {
        try await modules.make(from: package, in: cache, work: work)
      }
      return made
    }
  }

  /// Downloads a package. `body` gets it, and a folder for its own files.
  private func withPackage<R: Sendable>(
    _ kernel: LockedKernel, _ body: (FilePath, FilePath) async throws(KernelStoreError) -> R
  ) async throws(KernelStoreError) -> R {
    for folder in ["tmp", "sha256"] { try cache.makeFolder(cache.directory.appending(folder)) }
    let need = Self.space(for: [kernel], atOnce: 1)
    let partial = KernelCache.size(of: cache.partialPackage(kernel)) ?? 0
    if let free = cache.freeBytes, free + partial < need {
      throw Self.noSpace(kernel.release, cache, need, free)
    }
    let work = cache.workFolder(kernel)
    let package = cache.partialPackage(kernel)
    cache.remove(work)
    defer { cache.remove(work) }
    do throws(KernelStoreError) {
      try await download(kernel, to: package)
      progress(.extracting(kernel.release))
      try cache.makeFolder(work)
      let made = try await body(package, work)
      if options.keepDebs { try keep(package, kernel) } else { cache.remove(package) }
      return made
    } catch {
      // Tools report a full disk in many different words, so the disk itself is asked.
      if error.kind != .gone, let free = cache.freeBytes, free < 1 << 20 {
        cache.remove(package)
        throw Self.noSpace(kernel.release, cache, need, free)
      }
      throw error
    }
  }

  /// What making these images needs, in bytes: the images themselves, and packages and work files for the `width` of
  /// them that are made at the same time.
  static func space(for kernels: [LockedKernel], atOnce width: Int) -> Int {
    let images = kernels.reduce(0) { $0 + ($1.imageSize == 0 ? imageBytes : $1.imageSize) }
    let build = kernels.contains(where: \.isBuilt) ? KernelBuilder.workBytes : 0
    let packages = kernels.map(\.size).sorted(by: >).prefix(width)
    return images + build + packages.reduce(0) { $0 + $1 + workBytes }
  }

  static func noSpace(_ what: String, _ cache: KernelCache, _ need: Int, _ free: Int) -> KernelStoreError {
    KernelStoreError(
      .noSpace,
      "\(what): no space in \(cache.directory): \(need.megabytes) needed, \(free.megabytes) free; set "
        + "QUARK_CACHE to use another cache")
  }

  func download(_ kernel: LockedKernel, to package: FilePath) async throws(KernelStoreError) {
    let kept = cache.keptPackage(kernel)
    if KernelCache.size(of: kept) == kernel.size, try await KernelCache.sha256(of: kept) == kernel.sha256 {
      cache.remove(package)
      try? FileManager.default.linkItem(atPath: kept.string, toPath: package.string)
      if KernelCache.size(of: package) == kernel.size { return }
    }
    progress(.downloading(kernel.release, done: 0, total: kernel.size))
    let watch = Task { [progress] in
      while !Task.isCancelled {
        try? await Task.sleep(for: .milliseconds(200))
        let done = min(KernelCache.size(of: package) ?? 0, kernel.size)
        if done > 0, !Task.isCancelled { progress(.downloading(kernel.release, done: done, total: kernel.size)) }
      }
    }
    defer { watch.cancel() }
    let outcome = try await archive.download(kernel.path, suite: kernel.suite, sha256: kernel.sha256, to: package)
    switch outcome {
    case .done: return
    case .gone: throw KernelStoreError(.gone, "\(kernel.release): the mirror does not have \(kernel.path)")
    case .unreachable(let why):
      throw KernelStoreError(.unreachable, "\(kernel.release): cannot fetch \(kernel.path): \(why)")
    case .broken(let why):
      throw KernelStoreError("\(kernel.release): the mirror's \(kernel.path) is not the locked package: \(why)")
    }
  }

  private func keep(_ package: FilePath, _ kernel: LockedKernel) throws(KernelStoreError) {
    let place = cache.keptPackage(kernel)
    try cache.makeFolder(place.removingLastComponent())
    cache.remove(place)
    do {
      try FileManager.default.moveItem(atPath: package.string, toPath: place.string)
    } catch {
      throw KernelStoreError("\(place): cannot be created: \(error.reason)")
    }
  }

  private func extract(_ kernel: LockedKernel, _ package: FilePath, _ work: FilePath) async throws(KernelStoreError)
    -> LockedKernel
  {
    do throws(KernelStoreError) {
      let member = try await unpackImage(package, into: work)
      let elf = work.appending("elf")
      try await BootImage.unpack(work.pushing(FilePath(member)), to: elf, folder: work)
      var made = kernel
      made.member = member
      made.imageSize = KernelCache.size(of: elf) ?? 0
      made.imageSHA256 = try await KernelCache.sha256(of: elf)
      if kernel.imageSHA256.isEmpty || made == kernel { try cache.adopt(elf, sha256: made.imageSHA256) }
      return made
    } catch {
      throw KernelStoreError(error.kind, "\(kernel.release): \(kernel.package): \(error)")
    }
  }

  /// The bzImage is `/boot/vmlinuz-<release>` or, since 7.2, `/usr/lib/modules/<release>/vmlinuz`. One pattern matches
  /// both, so that tar can stop at the first match: it is near the beginning, and the rest of the package is large.
  private func unpackImage(_ package: FilePath, into work: FilePath) async throws(KernelStoreError) -> String {
    let pipe = try Tool.pipe()
    async let reader = Tool.run(
      "tar", ["-x", "-C", work.string, "--occurrence=1", "--no-same-owner", "--wildcards", "./*/vmlinuz*"],
      from: pipe.reading, handOver: true)
    let writer = try await Tool.run(
      "dpkg-deb", ["--fsys-tarfile", package.string], to: pipe.writing, handOver: true)
    // tar exits as soon as it has the image, and dpkg-deb then complains about the closed pipe: only tar's status
    // counts.
    let result: Tool.Result
    do { result = try await reader } catch { throw KernelStoreError(error) }
    guard result.succeeded else {
      throw KernelStoreError("no kernel image in it: \(writer.succeeded ? result.complaint : writer.complaint)")
    }
    let files = FileManager.default.enumerator(atPath: work.string)
    while let file = files?.nextObject() as? String {
      if KernelCache.size(of: work.pushing(FilePath(file))) != nil { return file }
    }
    throw KernelStoreError("no kernel image in it")
  }
}
