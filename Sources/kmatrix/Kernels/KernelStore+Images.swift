import SystemPackage

extension KernelStore {
  /// Images made at the same time. Unpacking is what takes the time, and two keep two cores busy.
  static let width = 2

  /// Sees to it that every kernel's image is there, in the order given: from the cache, else from the mirror. All or
  /// an error.
  func ensureImages(
    _ kernels: [LockedKernel], _ options: FetchOptions = FetchOptions(),
    progress: @escaping @Sendable (FetchEvent) -> Void = { _ in }
  ) async throws(KernelStoreError) -> [KernelImage] {
    let result = try await fetchImages(kernels, options, progress: progress)
    if let missing = result.missing.first { throw missing.error }
    return result.images
  }

  /// As above, but a kernel that the mirror dropped and that nothing replaces is reported with the others' images.
  /// What would keep all of them from being had, such as no network or no space, is an error here too.
  func fetchImages(
    _ kernels: [LockedKernel], _ options: FetchOptions = FetchOptions(),
    progress: @escaping @Sendable (FetchEvent) -> Void = { _ in }
  ) async throws(KernelStoreError) -> FetchResult {
    if !options.offline { try await requireSpace(kernels) }
    var found: [Int: Result<LockedKernel, KernelStoreError>] = [:]
    do {
      try await withThrowingTaskGroup(of: (Int, Result<LockedKernel, KernelStoreError>).self) { group in
        for (index, kernel) in kernels.enumerated() {
          if index >= Self.width, let (done, image) = try await group.next() { found[done] = image }
          group.addTask {
            do throws(KernelStoreError) {
              return (index, .success(try await ensureImage(kernel, options, progress: progress)))
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
      case .success(let made): result.images.append(image(of: made, locked: kernel, linker: &linker))
      case .failure(let error): result.missing.append((kernel, error))
      case nil: break
      }
    }
    if let warning = linker.warning { progress(.note(warning)) }
    return result
  }

  /// Before anything is downloaded: whether all of it will fit.
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

  private func image(of kernel: LockedKernel, locked: LockedKernel, linker: inout ImageLinker) -> KernelImage {
    KernelImage(
      release: kernel.release, series: kernel.series, flavour: kernel.flavour.rawValue,
      path: linker.link(kernel.release, to: cache.image(of: kernel)).string,
      replaces: kernel == locked ? nil : locked.release,
      expectations: manifest.expectations(release: kernel.release, name: kernel.name))
  }

  /// The kernel whose image now is there: `kernel`, or what replaces it.
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
    return KernelStoreError(.unreachable, "\(kernel.release): \(what), and --offline forbids to fetch \(kernel.path)")
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

  /// The series' current kernel in place of one that the mirror dropped.
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
