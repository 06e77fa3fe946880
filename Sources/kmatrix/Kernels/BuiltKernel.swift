import Foundation
import Glibc
import SystemPackage

/// Something that is built here from a locked source package: a kernel without BTF, or the BTF that it would have.
///
/// In the cache it is a folder, named after what it was built from. The folder has the file itself, `sum` (its size and
/// hash) and `config` (the complete configuration).
struct BuiltKernel: Sendable {
  enum Part: String, Sendable {
    case image = "vmlinux"
    case btf
  }

  /// Must be raised when `kernel-images/build.sh` begins to make something else from the same source and configuration.
  static let recipe = 1

  let kernel: LockedKernel
  let config: LockedKernel.Config
  let part: Part

  /// nil for a kernel that comes from a package.
  init?(_ kernel: LockedKernel, _ part: Part = .image) {
    guard let config = kernel.config else { return nil }
    (self.kernel, self.config, self.part) = (kernel, config, part)
  }

  var key: String {
    let kind = part == .image ? "" : "-\(part.rawValue)"
    return "\(kernel.sha256.prefix(16))-\(config.sha256.prefix(16))-\(Self.recipe)\(kind)"
  }

  /// Its name in messages.
  var title: String { part == .image ? kernel.release : "\(kernel.release) with BTF" }

  func folder(in cache: KernelCache) -> FilePath { cache.directory.appending("built").appending(key) }
  func file(in cache: KernelCache) -> FilePath { folder(in: cache).appending(part.rawValue) }
}

extension KernelCache {
  func state(of built: BuiltKernel, _ check: Check) async throws(KernelStoreError) -> State {
    let file = built.file(in: self)
    guard let size = Self.size(of: file) else { return .missing }
    guard let sum = try? String(contentsOfFile: sumFile(built).string, encoding: .utf8) else {
      return .corrupt("its sum is missing")
    }
    let parts = sum.split(whereSeparator: \.isWhitespace)
    guard parts.count == 2, let expected = Int(parts[0]) else { return .corrupt("its sum cannot be read") }
    guard size == expected else { return .corrupt("\(size) bytes instead of \(expected)") }
    guard check == .full else { return .present }
    let found = try await Self.sha256(of: file)
    return found == parts[1] ? .present : .corrupt("sha256 \(found) instead of \(parts[1])")
  }

  /// Moves the folder of something built to its place. As with images, the rename makes it appear as a whole.
  func adopt(_ folder: FilePath, as built: BuiltKernel) async throws(KernelStoreError) {
    let file = folder.appending(built.part.rawValue)
    guard let size = Self.size(of: file) else { throw KernelStoreError("\(file): it was not built") }
    let sum = "\(size) \(try await Self.sha256(of: file))\n"
    let place = built.folder(in: self)
    try makeFolder(place.removingLastComponent())
    remove(place)
    do {
      try Data(sum.utf8).write(to: URL(filePath: folder.appending("sum").string))
      // Safe: both paths are NUL-terminated copies that outlive the calls.
      guard unsafe chmod(file.string, 0o444) == 0, unsafe rename(folder.string, place.string) == 0 else {
        throw Errno(rawValue: errno)
      }
    } catch {
      throw KernelStoreError("\(place): cannot be created: \(error.reason)")
    }
  }

  private func sumFile(_ built: BuiltKernel) -> FilePath { built.folder(in: self).appending("sum") }
}

/// Builds kernels with `kernel-images/build.sh`, one at a time, because a build uses all processors.
struct KernelBuilder: Sendable {
  /// What a build needs, in bytes: the unpacked source and the objects with their debug information.
  static let workBytes = 5 << 30

  /// The checkout.
  var root: FilePath
  var maker: ImageMaker

  private var cache: KernelCache { maker.cache }

  /// Returns the file, and builds it first if no other kmatrix has done so meanwhile.
  func make(_ built: BuiltKernel) async throws(KernelStoreError) -> FilePath {
    let progress = maker.progress
    return try await cache.locked("build", waiting: { progress(.waiting(built.title)) }) {
      () async throws(KernelStoreError) in
      if try await cache.state(of: built, .full) != .present {
        try await build(built)
        progress(.ready(built.title, cached: false))
      }
      return built.file(in: cache)
    }
  }

  private func build(_ built: BuiltKernel) async throws(KernelStoreError) {
    try cache.makeFolder(cache.directory.appending("tmp"))
    if let free = cache.freeBytes, free < Self.workBytes {
      throw ImageMaker.noSpace(built.title, cache, Self.workBytes, free)
    }
    let package = cache.partialPackage(built.kernel)
    try await maker.download(built.kernel, to: package)
    maker.progress(.building(built.title))
    let out = cache.directory.appending("tmp").appending(built.key)
    defer { cache.remove(out) }
    let images = KernelStore.manifestPath(root).removingLastComponent()
    let result = try await Tool.run(
      images.appending("build.sh").string,
      (built.part == .btf ? ["--btf"] : [])
        + [package.string, images.appending(built.config.file).string, built.kernel.release, out.string])
    guard result.succeeded else { throw failure(built, result) }
    do throws(KernelStoreError) {
      if built.part == .image { try ELFImage.check(out.appending(built.part.rawValue)) }
      try await cache.adopt(out, as: built)
    } catch {
      throw KernelStoreError(error.kind, "\(built.title): \(error)")
    }
    // The same source is seldom built twice, and the package is large.
    if !maker.options.keepDebs { cache.remove(package) }
  }

  /// The last line of the script's errors says what failed; the lines before it are the compiler's.
  private func failure(_ built: BuiltKernel, _ result: Tool.Result) -> KernelStoreError {
    let lines = result.errors.split(whereSeparator: \.isNewline).map(String.init)
    for line in lines.dropLast() { maker.progress(.note("\(built.title): \(line)")) }
    let last = lines.last?.dropping(prefix: "build.sh: ").map(String.init) ?? lines.last
    let isFull = last?.hasPrefix("no space left") ?? false
    return KernelStoreError(isFull ? .noSpace : .failure, "\(built.title): \(last ?? "build.sh: \(result.status)")")
  }
}

extension KernelStore {
  /// Returns what was built earlier, or builds it now.
  func ensureBuilt(
    _ built: BuiltKernel, _ options: FetchOptions = FetchOptions(),
    progress: @escaping @Sendable (FetchEvent) -> Void = { _ in }
  ) async throws(KernelStoreError) -> FilePath {
    try await requireConfig(built)
    let state = try await cache.state(of: built, options.check)
    switch state {
    case .present:
      progress(.ready(built.title, cached: true))
      return built.file(in: cache)
    case .corrupt(let why):
      if !options.offline { progress(.note("\(built.title): the cached build is corrupt (\(why)); building it again")) }
    case .missing: break
    }
    if options.offline { throw offlineError(built.kernel, state) }
    let maker = ImageMaker(cache: cache, archive: archive, options: options, progress: progress)
    return try await KernelBuilder(root: root, maker: maker).make(built)
  }

  /// Returns the BTF of a kernel that is built without it, for the offsets table.
  func ensureBTF(
    ofBuilt kernel: LockedKernel, _ options: FetchOptions = FetchOptions(),
    progress: @escaping @Sendable (FetchEvent) -> Void = { _ in }
  ) async throws(KernelStoreError) -> FilePath {
    guard let built = BuiltKernel(kernel, .btf) else {
      throw KernelStoreError("\(kernel.release): it is not built here, and has its own BTF")
    }
    return try await ensureBuilt(built, options, progress: progress)
  }

  /// An edited configuration makes another kernel, for which the lock is out of date.
  private func requireConfig(_ built: BuiltKernel) async throws(KernelStoreError) {
    let path = Self.manifestPath(root).removingLastComponent().appending(built.config.file)
    guard try await KernelCache.sha256(of: path) == built.config.sha256 else {
      throw KernelStoreError(.usage, "\(path): not the locked configuration; run `kmatrix update`")
    }
  }
}
