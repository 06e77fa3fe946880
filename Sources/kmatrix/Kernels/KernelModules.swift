import Foundation
import Glibc
import SystemPackage

/// The modules of a kernel that its guests have in /modules, as an archive that is added to their initramfs. They are
/// as the kernel's package has them; one that is compressed is there a second time, unpacked.
///
/// In the cache it is a folder, named after the package. The folder has the archive and `sum` (its size and hash), or
/// `none` if the package has none of the modules.
struct KernelModules: Sendable {
  enum State: Sendable, Equatable {
    case present, missing
    /// The package has none of them.
    case none
    case corrupt(String)
  }

  /// Must be raised when another archive is to be made from the same package.
  static let recipe = 1
  /// One that does not say its version, one that does, and one whose beginning fails in a guest, which has no disk that
  /// a BIOS knows. None of them needs another one.
  static let names = ["dummy", "hangcheck-timer", "edd"]

  /// The package that has them, in place of the kernel's own.
  let package: LockedKernel

  /// nil for a kernel that is built here, which has none.
  init?(_ kernel: LockedKernel) {
    if kernel.isBuilt { return nil }
    var package = kernel
    if let other = kernel.modules {
      package.package = String(FilePath(other.path).lastComponent?.string.prefix { $0 != "_" } ?? "")
      (package.path, package.size, package.sha256) = (other.path, other.size, other.sha256)
    }
    self.package = package
  }

  func folder(in cache: KernelCache) -> FilePath {
    cache.directory.appending("modules").appending("\(package.sha256.prefix(16))-\(Self.recipe)")
  }

  func archive(in cache: KernelCache) -> FilePath { folder(in: cache).appending("modules.cpio.gz") }

  func state(in cache: KernelCache, _ check: KernelCache.Check) async throws(KernelStoreError) -> State {
    let folder = folder(in: cache)
    if KernelCache.size(of: folder.appending("none")) != nil { return .none }
    guard let size = KernelCache.size(of: archive(in: cache)) else { return .missing }
    let sum = try? String(contentsOfFile: folder.appending("sum").string, encoding: .utf8)
    let parts = (sum ?? "").split(whereSeparator: \.isWhitespace)
    guard parts.count == 2, let expected = Int(parts[0]) else { return .corrupt("its sum cannot be read") }
    guard size == expected else { return .corrupt("\(size) bytes instead of \(expected)") }
    guard check == .full else { return .present }
    let found = try await KernelCache.sha256(of: archive(in: cache))
    return found == parts[1] ? .present : .corrupt("sha256 \(found) instead of \(parts[1])")
  }

  /// Makes the archive from the package's file. Files of its own go to `work`.
  func make(from file: FilePath, in cache: KernelCache, work: FilePath) async throws(KernelStoreError) {
    let tree = work.appending("modules")
    try cache.makeFolder(tree)
    try await unpack(file, into: tree)
    let members = try await members(of: tree)
    let made = work.appending("made")
    try cache.makeFolder(made)
    do {
      if members.isEmpty {
        try Data().write(to: URL(filePath: made.appending("none").string))
      } else {
        let plain = work.appending("modules.cpio")
        try CPIOArchive.data(members).write(to: URL(filePath: plain.string))
        let packed = made.appending("modules.cpio.gz")
        try await Self.filter(["gzip", "-9nc"], plain, packed)
        let size = KernelCache.size(of: packed) ?? 0
        let sum = "\(size) \(try await KernelCache.sha256(of: packed))\n"
        try Data(sum.utf8).write(to: URL(filePath: made.appending("sum").string))
      }
    } catch {
      throw KernelStoreError("\(made): cannot be written: \((error as? KernelStoreError)?.description ?? error.reason)")
    }
    try adopt(made, in: cache)
  }

  /// The rename makes the folder appear as a whole.
  private func adopt(_ made: FilePath, in cache: KernelCache) throws(KernelStoreError) {
    let place = folder(in: cache)
    try cache.makeFolder(place.removingLastComponent())
    cache.remove(place)
    for name in ["modules.cpio.gz", "none"] { _ = unsafe chmod(made.appending(name).string, 0o444) }
    // Safe: both paths are NUL-terminated copies that outlive the call.
    guard unsafe rename(made.string, place.string) == 0 else {
      throw KernelStoreError("\(place): cannot be created: \(Errno(rawValue: errno))")
    }
  }

  /// tar fails if it does not find one of them, which is an answer.
  private func unpack(_ file: FilePath, into tree: FilePath) async throws(KernelStoreError) {
    let pipe = try Tool.pipe()
    let patterns = Self.names.map { "*/kernel/*/\($0).ko*" }
    async let reader = Tool.run(
      "tar", ["-x", "-C", tree.string, "--no-same-owner", "--wildcards"] + patterns, from: pipe.reading,
      handOver: true)
    let writer = try await Tool.run("dpkg-deb", ["--fsys-tarfile", file.string], to: pipe.writing, handOver: true)
    let result: Tool.Result
    do { result = try await reader } catch { throw KernelStoreError(error) }
    guard writer.succeeded else { throw KernelStoreError("dpkg-deb: \(writer.complaint)") }
    let trouble = result.errors.split(whereSeparator: \.isNewline).first {
      !$0.hasSuffix("Not found in archive") && !$0.contains("Exiting with failure status")
    }
    if let trouble { throw KernelStoreError(String(trouble)) }
  }

  private func members(of tree: FilePath) async throws(KernelStoreError) -> [CPIOArchive.Member] {
    let tools = ["xz": ["xz", "-dc"], "zst": ["zstd", "-dcq"], "gz": ["gzip", "-dc"]]
    var files: [String: FilePath] = [:]
    let found = FileManager.default.enumerator(atPath: tree.string)
    while let path = found?.nextObject() as? String {
      let file = tree.pushing(FilePath(path))
      if KernelCache.size(of: file) != nil, let name = file.lastComponent?.string { files[name] = file }
    }
    for name in Self.names where files["\(name).ko"] == nil {
      guard let (ending, tool) = tools.first(where: { files["\(name).ko.\($0.key)"] != nil }),
        let packed = files["\(name).ko.\(ending)"]
      else { continue }
      let plain = tree.appending("\(name).ko")
      try await Self.filter(tool, packed, plain)
      files["\(name).ko"] = plain
    }
    var members: [CPIOArchive.Member] = []
    for (name, file) in files.sorted(by: { $0.key < $1.key }) {
      do {
        members.append(.init(name: "modules/\(name)", content: try Data(contentsOf: URL(filePath: file.string))))
      } catch {
        throw KernelStoreError("\(name): cannot be read: \(error.reason)")
      }
    }
    return members
  }

  private static func filter(_ tool: [String], _ input: FilePath, _ output: FilePath) async throws(KernelStoreError) {
    let result = try await Tool.run(tool[0], Array(tool.dropFirst()), reading: input, writing: output)
    guard result.succeeded else { throw KernelStoreError("\(tool[0]): \(result.complaint)") }
  }
}

/// An archive as the kernel unpacks it into its initramfs: Documentation/driver-api/early-userspace/buffer-format.rst.
enum CPIOArchive {
  struct Member {
    var name: String
    var content: Data
  }

  /// Files that anybody may read, in a folder that they name. The same members give the same bytes.
  static func data(_ members: [Member]) -> Data {
    var data = Data()
    var folders: Set<String> = []
    for member in members {
      let folder = member.name.prefix { $0 != "/" }
      if folder.count < member.name.count, folders.insert(String(folder)).inserted {
        append(String(folder), mode: 0o40755, Data(), to: &data)
      }
      append(member.name, mode: 0o100644, member.content, to: &data)
    }
    append("TRAILER!!!", mode: 0, Data(), to: &data)
    return data
  }

  private static func append(_ name: String, mode: Int, _ content: Data, to data: inout Data) {
    let isTrailer = mode == 0
    // Inode, mode, owner, group, links, time, size, two pairs of device numbers, size of the name with its NUL, no check.
    let fields = [isTrailer ? 0 : data.count + 1, mode, 0, 0, 1, 0, content.count, 0, 0, 0, 0, name.utf8.count + 1, 0]
    data += Data("070701".utf8)
    for field in fields {
      let digits = String(field, radix: 16)
      data += Data((String(repeating: "0", count: 8 - digits.count) + digits).utf8)
    }
    data += Data(name.utf8) + [0]
    pad(&data)
    data += content
    pad(&data)
  }

  private static func pad(_ data: inout Data) { data += Data(repeating: 0, count: -data.count & 3) }
}

extension KernelStore {
  /// The archive of a kernel's modules, which is made if it is not cached; nil: there is none, and why. What keeps the
  /// kernel itself from nothing is no error, unless `options` want the lock followed to the letter.
  func ensureModules(
    _ kernel: LockedKernel, _ options: FetchOptions, progress: @escaping @Sendable (FetchEvent) -> Void
  ) async throws(KernelStoreError) -> ModuleFiles {
    guard let modules = KernelModules(kernel) else { return .none("a kernel that is built here has no modules") }
    switch try await modules.state(in: cache, options.check) {
    case .present: return .archive(modules.archive(in: cache))
    case .none: return .none("\(modules.package.package) has none of \(KernelModules.names.list)")
    case .missing where options.offline: return .none("they are not cached, and --offline does not allow fetching them")
    case .corrupt(let why) where options.offline: return .none("the cached ones are corrupt (\(why))")
    case .corrupt(let why): progress(.note("\(kernel.release): the cached modules are corrupt (\(why))"))
    case .missing: break
    }
    do throws(KernelStoreError) {
      try await ImageMaker(cache: cache, archive: archive, options: options, progress: progress).makeModules(modules)
    } catch {
      let isLost = error.kind == .unreachable || error.kind == .gone && !options.locked
      guard isLost else { throw error }
      return .none(error.description.dropping(prefix: "\(kernel.release): ").map(String.init) ?? error.description)
    }
    return try await ensureModules(kernel, options.offlineOnce, progress: progress)
  }
}

/// Where the archive of a kernel's modules is, or why there is none.
enum ModuleFiles: Sendable, Hashable {
  case archive(FilePath)
  case none(String)

  /// The test that loads modules, which is skipped without any.
  static let test = "t_module_load@*"
}

extension FetchOptions {
  fileprivate var offlineOnce: FetchOptions {
    var options = self
    options.offline = true
    return options
  }
}
