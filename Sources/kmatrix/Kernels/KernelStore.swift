import Foundation
import Glibc
import SystemPackage

/// The kernels of a checkout: what `kernels.toml` and `kernels.lock` say, and the images in the cache.
struct KernelStore: Sendable {
  let root: FilePath
  let manifest: KernelManifest
  let lock: KernelLock
  let cache: KernelCache
  let archive: AptArchive

  static func manifestPath(_ root: FilePath) -> FilePath { root.appending("kernel-images").appending("kernels.toml") }
  static func lockPath(_ root: FilePath) -> FilePath { root.appending("kernel-images").appending("kernels.lock") }

  /// Reads both files, which must name the same kernels.
  init(
    root: FilePath, cache: KernelCache? = nil, mirrors: Mirrors? = nil,
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws(KernelStoreError) {
    self.root = root
    manifest = try KernelManifest.load(Self.manifestPath(root))
    lock = try KernelLock.load(Self.lockPath(root))
    self.cache = if let cache { cache } else { try .standard(environment) }
    archive = AptArchive(cache: self.cache, environment: environment, mirrors: mirrors)
    try requireAgreement()
  }

  private func requireAgreement() throws(KernelStoreError) {
    let locked = Set(lock.kernels.map(\.name))
    let unlocked = manifest.sources.map(\.name).filter { !locked.contains($0) }
    let unknown = lock.kernels.map(\.name).filter { manifest.source(named: $0) == nil }
    let path = Self.lockPath(root)
    if !unlocked.isEmpty {
      throw KernelStoreError(.usage, "\(path): lacks \(unlocked.list) of kernels.toml; run `kmatrix update`")
    }
    if !unknown.isEmpty {
      throw KernelStoreError(
        .usage, "\(path): has \(unknown.list), which kernels.toml does not have; run `kmatrix update`")
    }
  }

  /// The checkout around `directory`: the nearest folder above with `kernel-images/kernels.toml` in it.
  static func findRoot(
    from directory: String = FileManager.default.currentDirectoryPath
  ) throws(KernelStoreError) -> FilePath {
    var folder = FilePath(directory)
    repeat {
      if FileManager.default.fileExists(atPath: manifestPath(folder).string) { return folder }
    } while folder.removeLastComponent()
    throw KernelStoreError(
      .usage, "no kernel-images/kernels.toml in \(directory) or above it; use --root to name a checkout")
  }

  /// Selects kernels, in the order of the lock, oldest first. Without arguments it selects the default set; with only a
  /// glob it selects from all kernels. `glob` is a comma-separated list, of which each pattern must match the release,
  /// the `series-flavour` or the name of a kernel. A kernel that has to be built, which takes minutes, is selected by a
  /// glob without a set only if the pattern matches no other kernel.
  func select(set: String? = nil, glob: String? = nil) throws(KernelStoreError) -> [LockedKernel] {
    var chosen = lock.kernels
    if let set = set ?? (glob == nil ? KernelManifest.usual : nil) {
      guard manifest.sets.contains(set) else {
        throw KernelStoreError(.usage, "no set is called \"\(set)\"; there are \(manifest.sets.list)")
      }
      chosen = chosen.filter { isMember($0, of: set) }
    }
    guard let glob else { return chosen }
    let globs = Glob.list(glob)
    for one in globs where !chosen.contains(where: { $0.matches(one) }) {
      throw unmatched(one.pattern, chosen)
    }
    guard !globs.isEmpty else { throw unmatched(glob, chosen) }
    let isMeant = globs.map { one in set != nil || chosen.allSatisfy { $0.isBuilt || !$0.matches(one) } }
    return chosen.filter { kernel in
      zip(globs, isMeant).contains { glob, isMeant in kernel.matches(glob) && (isMeant || !kernel.isBuilt) }
    }
  }

  private func isMember(_ kernel: LockedKernel, of set: String) -> Bool {
    set == KernelManifest.everything || manifest.source(named: kernel.name)?.sets.contains(set) ?? false
  }

  private func unmatched(_ glob: String, _ kernels: [LockedKernel]) -> KernelStoreError {
    KernelStoreError(.usage, "no kernel matches \"\(glob)\"; there are \(kernels.map(\.release).list)")
  }
}

/// One bootable kernel of the matrix: what the lock says about it, and where its image is.
struct KernelImage: Sendable, Hashable {
  /// What `uname -r` says in the guest, for example `6.1.0-47-cloud-amd64`.
  var release: String
  /// Upstream series, for example `6.1`.
  var series: String
  /// `cloud`, `generic` or `rt`.
  var flavour: String
  /// Path of the image to boot: a decompressed ELF (PVH) where the kernel has one.
  var path: String
  /// Path of the archive with its modules, which is appended to the initramfs; nil: there is none.
  var modules: String?
  /// The locked release, if its package was gone and its series' current kernel took its place.
  var replaces: String?
  /// The results other than a pass that `kernels.toml` expects from this kernel's tests.
  var expectations: [Expectation]
}

/// A shell pattern, see fnmatch(3).
struct Glob: Sendable, Hashable {
  var pattern: String

  func matches(_ text: String) -> Bool {
    // Safe: both strings are NUL-terminated copies that outlive the call.
    unsafe fnmatch(pattern, text, 0) == 0
  }

  /// The patterns of a comma-separated list, without the blanks around them.
  static func list(_ text: String) -> [Glob] {
    text.split(separator: ",").map { Glob(pattern: $0.trimmingSpaces) }.filter { !$0.pattern.isEmpty }
  }
}
