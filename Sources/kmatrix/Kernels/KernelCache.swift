import Foundation
import Glibc
import SystemPackage

/// The store of images. It is outside any checkout, and all checkouts share it:
///
///     sha256/<2>/<hash>       images, read-only, named by their own hash
///     modules/<key>/          modules of kernels, named by the package that has them (KernelModules)
///     built/<key>/            what was built here, named by what it was built from (BuiltKernel)
///     replacements/<hash>     what replaces a package that the mirror has dropped (the hash is that package's)
///     debs/                   packages, only with --keep-debs
///     apt/<suite>/            the isolated apt states
///     locks/ tmp/             one lock per package; what is being made
struct KernelCache: Sendable {
  enum Check: Sendable {
    /// Compares only the size. Every run can afford that.
    case quick
    /// Compares every byte.
    case full
  }
  enum State: Sendable, Equatable {
    case present, missing
    case corrupt(String)
  }

  let directory: FilePath

  init(directory: FilePath) { self.directory = directory }

  /// `$QUARK_CACHE`, else `$XDG_CACHE_HOME/quark`, else `~/.cache/quark`.
  static func standard(_ environment: [String: String]) throws(KernelStoreError) -> KernelCache {
    func value(_ name: String) -> FilePath? { environment[name].flatMap { $0.isEmpty ? nil : FilePath($0) } }
    if let path = value("QUARK_CACHE") {
      let here = FilePath(FileManager.default.currentDirectoryPath)
      return KernelCache(directory: here.pushing(path).lexicallyNormalized())
    }
    // The XDG specification says to ignore a relative path.
    if let path = value("XDG_CACHE_HOME"), path.isAbsolute {
      return KernelCache(directory: path.appending("quark"))
    }
    guard let home = value("HOME") else {
      throw KernelStoreError(.usage, "no place for a cache: set QUARK_CACHE or HOME")
    }
    return KernelCache(directory: home.appending(".cache").appending("quark"))
  }

  func image(_ sha256: String) -> FilePath {
    directory.appending("sha256").appending(String(sha256.prefix(2))).appending(sha256)
  }

  /// Where a package is while it is downloaded. What an earlier try left there is resumed.
  func partialPackage(_ kernel: LockedKernel) -> FilePath {
    directory.appending("tmp").appending("\(kernel.sha256).deb")
  }

  func workFolder(_ kernel: LockedKernel) -> FilePath { directory.appending("tmp").appending("\(kernel.sha256).d") }

  func keptPackage(_ kernel: LockedKernel) -> FilePath {
    directory.appending("debs").appending("\(kernel.package)_\(kernel.version)_amd64.deb")
  }

  func aptState(_ suite: String) -> FilePath { directory.appending("apt").appending(suite) }

  /// Where the kernel's image is, or will be.
  func image(of kernel: LockedKernel) -> FilePath {
    BuiltKernel(kernel)?.file(in: self) ?? image(kernel.imageSHA256)
  }

  func state(of kernel: LockedKernel, _ check: Check) async throws(KernelStoreError) -> State {
    if let built = BuiltKernel(kernel) { return try await state(of: built, check) }
    let path = image(kernel.imageSHA256)
    guard let size = Self.size(of: path) else { return .missing }
    guard size == kernel.imageSize else { return .corrupt("\(size) bytes instead of \(kernel.imageSize)") }
    guard check == .full else { return .present }
    let found = try await Self.sha256(of: path)
    return found == kernel.imageSHA256 ? .present : .corrupt("sha256 \(found) instead of \(kernel.imageSHA256)")
  }

  /// Moves a finished image to its place. The rename makes it appear as a whole, so there is never half an image.
  func adopt(_ file: FilePath, sha256: String) throws(KernelStoreError) {
    let place = image(sha256)
    try makeFolder(place.removingLastComponent())
    // Safe: both paths are NUL-terminated copies that outlive the calls.
    guard unsafe chmod(file.string, 0o444) == 0, unsafe rename(file.string, place.string) == 0 else {
      throw KernelStoreError("\(place): cannot be created: \(Errno(rawValue: errno))")
    }
  }

  func makeFolder(_ path: FilePath) throws(KernelStoreError) {
    do {
      try FileManager.default.createDirectory(atPath: path.string, withIntermediateDirectories: true)
    } catch {
      throw KernelStoreError("\(path): cannot be created: \(error.reason); set QUARK_CACHE to use another cache")
    }
  }

  func remove(_ path: FilePath) { try? FileManager.default.removeItem(atPath: path.string) }

  /// The free bytes on the cache's file system; nil if they are not known.
  var freeBytes: Int? {
    var existing = directory
    while !FileManager.default.fileExists(atPath: existing.string), existing.removeLastComponent() {}
    return FileManager.default.freeBytes(at: existing.string)
  }

  static func size(of path: FilePath) -> Int? {
    let attributes = try? FileManager.default.attributesOfItem(atPath: path.string)
    guard attributes?[.type] as? FileAttributeType == .typeRegular else { return nil }
    return (attributes?[.size] as? NSNumber)?.intValue
  }

  static func sha256(of path: FilePath) async throws(KernelStoreError) -> String {
    // --zero also keeps sha256sum from marking odd file names with a backslash before the digits.
    let result = try await Tool.run("sha256sum", ["--zero", "--", path.string])
    guard result.succeeded else { throw KernelStoreError("\(path): cannot be read: \(result.complaint)") }
    return String(result.output.prefix(64))
  }
}

// MARK: - Replacements

extension KernelCache {
  /// How long a replacement is used before the mirror is asked for the locked package again.
  static let replacementLifetimeSeconds = 24.0 * 3600

  func replacement(for kernel: LockedKernel) -> (kernel: LockedKernel, isFresh: Bool)? {
    let path = replacementPath(kernel).string
    guard let data = FileManager.default.contents(atPath: path),
      let found = try? JSONDecoder().decode(LockedKernel.self, from: data), found.fault == nil
    else { return nil }
    let written = (try? FileManager.default.attributesOfItem(atPath: path))?[.modificationDate] as? Date
    let age = written.map { -$0.timeIntervalSinceNow } ?? .infinity
    return (found, age < Self.replacementLifetimeSeconds)
  }

  func setReplacement(_ replacement: LockedKernel, for kernel: LockedKernel) throws(KernelStoreError) {
    let path = replacementPath(kernel)
    try makeFolder(path.removingLastComponent())
    do {
      try JSONEncoder().encode(replacement).write(to: URL(filePath: path.string), options: .atomic)
    } catch {
      throw KernelStoreError("\(path): cannot be written: \(error.reason)")
    }
  }

  private func replacementPath(_ kernel: LockedKernel) -> FilePath {
    directory.appending("replacements").appending(kernel.sha256)
  }
}

// MARK: - Locks

extension KernelCache {
  /// Runs `body` while no other kmatrix, in this process or another, holds the lock `name`.
  func locked<R: Sendable>(
    _ name: String, waiting: @Sendable () -> Void = {},
    _ body: @Sendable () async throws(KernelStoreError) -> R
  ) async throws(KernelStoreError) -> R {
    let folder = directory.appending("locks")
    try makeFolder(folder)
    let path = folder.appending(name)
    let file: FileDescriptor
    do {
      file = try FileDescriptor.open(
        path, .readWrite, options: [.create, .closeOnExec], permissions: [.ownerReadWrite, .groupRead, .otherRead])
    } catch {
      throw KernelStoreError("\(path): cannot be opened: \(error.reason)")
    }
    // Closing the file releases the lock, and so does the end of the process, however it ends.
    defer { try? file.close() }
    var said = false
    while flock(file.rawValue, LOCK_EX | LOCK_NB) != 0 {
      guard errno == EWOULDBLOCK || errno == EINTR else {
        throw KernelStoreError("\(path): cannot be locked: \(Errno(rawValue: errno))")
      }
      if !said { waiting() }
      said = true
      do { try await Task.sleep(for: .milliseconds(50)) } catch { throw KernelStoreError("interrupted") }
    }
    return try await body()
  }
}

extension FileManager {
  /// The free bytes on the file system of `path`; nil if they are not known.
  func freeBytes(at path: String) -> Int? {
    (try? attributesOfFileSystem(forPath: path)[.systemFreeSize] as? NSNumber)?.intValue
  }
}
