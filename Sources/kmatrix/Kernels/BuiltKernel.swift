import Foundation
import Glibc
import SystemPackage

/// Something that is built from a locked source package: a kernel, or the BTF that it would have if it had any.
///
/// In the cache it is a folder named by what went into it, with the file itself, `sum` (its size and hash) and `config`
/// (the configuration as a whole).
struct BuiltKernel: Sendable {
  enum Part: String, Sendable {
    case image = "vmlinux"
    case btf
  }

  /// Goes up when `kernel-images/build.sh` makes something else of the same source and configuration.
  static let recipe = 1

  let kernel: LockedKernel
  let config: LockedKernel.Config
  let part: Part

  /// nil of a kernel that comes from a package.
  init?(_ kernel: LockedKernel, _ part: Part = .image) {
    guard let config = kernel.config else { return nil }
    (self.kernel, self.config, self.part) = (kernel, config, part)
  }

  var key: String {
    let kind = part == .image ? "" : "-\(part.rawValue)"
    return "\(kernel.sha256.prefix(16))-\(config.sha256.prefix(16))-\(Self.recipe)\(kind)"
  }

  /// What people are told of it.
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

  /// Moves the folder of something built to its place: as with images, the rename is what makes it exist.
  func adopt(_ folder: FilePath, as built: BuiltKernel) async throws(KernelStoreError) {
    let file = folder.appending(built.part.rawValue)
    guard let size = Self.size(of: file) else { throw KernelStoreError("\(file): was not made") }
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
      throw KernelStoreError("\(place): cannot be put there: \(error.reason)")
    }
  }

  private func sumFile(_ built: BuiltKernel) -> FilePath { built.folder(in: self).appending("sum") }
}
