import Foundation
import SystemPackage

@testable import kmatrix

/// The smallest kernels that the code under test accepts.
enum FakeKernel {
  private static func bytes(_ value: Int, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }

  /// An x86-64 ELF file with one note; without `pvh` the note is another one.
  static func elf(_ text: String, pvh: Bool = true) -> Data {
    var data = Data([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1] + Array(repeating: 0, count: 57))
    func put(_ value: Int, _ offset: Int, _ count: Int) {
      data.replaceSubrange(offset..<offset + count, with: bytes(value, count))
    }
    put(62, 18, 2)
    put(64, 32, 8)
    put(56, 54, 2)
    put(1, 56, 2)
    data += Data(repeating: 0, count: 56)
    put(4, 64, 4)
    put(120, 72, 8)
    put(20, 96, 8)
    data += Data(bytes(4, 4) + bytes(4, 4) + bytes(pvh ? 18 : 17, 4)) + Data("Xen\0".utf8) + Data(bytes(0x100_0000, 4))
    return data + Data(String(repeating: text, count: 200).utf8)
  }

  static func bzImage(_ elf: Data, _ compression: BootImage.Compression) async throws -> Data {
    let folder = try TemporaryFolder()
    let input = try FileDescriptor.open(try folder.write(elf, "elf"), .readOnly)
    let packedPath = folder.path.appending("packed")
    let output = try FileDescriptor.open(packedPath, .writeOnly, options: .create, permissions: .ownerReadWrite)
    defer {
      try? input.close()
      try? output.close()
    }
    // The kernel's scripts/Makefile.lib packs them so.
    let command: [String] =
      switch compression {
      case .gzip: ["gzip", "-nc"]
      case .xz: ["xz", "-c", "--check=crc32"]
      case .lz4: ["lz4", "-lcq"]
      case .zstd: ["zstd", "-cq"]
      }
    let result = try await Tool.run(command[0], Array(command.dropFirst()), from: input, to: output)
    guard result.succeeded else { throw KernelStoreError(result.complaint) }
    var payload = try Data(contentsOf: URL(filePath: packedPath.string))
    if compression != .gzip { payload += Data(bytes(elf.count, 4)) }
    return bzImage(payload: payload)
  }

  static func bzImage(payload: Data) -> Data {
    var image = Data(repeating: 0x90, count: 1024 + 0x100)
    image[0x1f1] = 1
    image.replaceSubrange(0x202..<0x206, with: Array("HdrS".utf8))
    image.replaceSubrange(0x206..<0x208, with: bytes(0x20f, 2))
    image.replaceSubrange(0x248..<0x24c, with: bytes(0x100, 4))
    image.replaceSubrange(0x24c..<0x250, with: bytes(payload.count, 4))
    return image + payload + Data(repeating: 0x77, count: 300)
  }
}

/// A Debian archive in a folder, with real packages and an unsigned index. apt's methods `file:` and `copy:` reach it.
final class FakeArchive: Sendable {
  struct Entry: Sendable {
    var suite: String
    var package: String
    var version: String
    var path: String
    var stanza: String
  }

  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  var mirrors: Mirrors { mirrors(method: "file") }

  func mirrors(method: String) -> Mirrors { Mirrors(main: ["\(method):\(folder.path)"], security: [], trusted: true) }

  /// Adds a package with a kernel, and a module of it, to the pool. It still has to be published.
  func add(
    _ release: String, _ version: String, suite: String, kind: String = "image",
    member: String? = nil, compression: BootImage.Compression = .gzip, modules: Bool = true
  ) async throws -> Entry {
    let build = try TemporaryFolder()
    let image = try await FakeKernel.bzImage(FakeKernel.elf("\(release) \(version) "), compression)
    try build.write(image, member ?? "boot/vmlinuz-\(release)")
    let module = "lib/modules/\(release)/kernel/drivers/net/dummy.ko"
    if modules { try build.write(Data("dummy of \(release)".utf8), module) }
    return try await pack(build, "linux-\(kind)-\(release)", version, suite)
  }

  /// Adds a package with nothing but modules, one of them compressed.
  func addModules(_ release: String, _ version: String, suite: String) async throws -> Entry {
    let build = try TemporaryFolder()
    let folder = "usr/lib/modules/\(release)/kernel/drivers"
    let plain = try build.write(Data("edd of \(release)".utf8), "edd.ko")
    let packed = build.path.appending("edd.ko.xz")
    let result = try await Tool.run("xz", ["-c"], reading: plain, writing: packed)
    guard result.succeeded else { throw KernelStoreError(result.complaint) }
    try build.write(Data(contentsOf: URL(filePath: packed.string)), "\(folder)/firmware/edd.ko.xz")
    try build.write(Data("dummy of \(release)".utf8), "\(folder)/net/dummy.ko")
    try build.write(Data("another".utf8), "\(folder)/net/dummy2.ko")
    for file in [plain, packed] { try FileManager.default.removeItem(atPath: file.string) }
    return try await pack(build, "linux-modules-\(release)", version, suite)
  }

  /// Adds a package without any file.
  func addEmpty(_ name: String, _ version: String, suite: String) async throws -> Entry {
    try await pack(TemporaryFolder(), name, version, suite)
  }

  private func pack(_ build: TemporaryFolder, _ name: String, _ version: String, _ suite: String) async throws -> Entry
  {
    let control = """
      Package: \(name)
      Version: \(version)
      Architecture: amd64
      Maintainer: Nobody <nobody@localhost>
      Description: a kernel for tests

      """
    try build.write(Data(control.utf8), "DEBIAN/control")
    let path = "pool/main/l/linux/\(name)_\(version)_amd64.deb"
    _ = try folder.folder("pool/main/l/linux")
    let file = folder.path.pushing(FilePath(path))
    let result = try await Tool.run(
      "dpkg-deb", ["-Znone", "--root-owner-group", "--build", build.path.string, file.string])
    guard result.succeeded else { throw KernelStoreError(result.complaint) }
    let size = KernelCache.size(of: file) ?? 0
    let stanza = control + "Filename: \(path)\nSize: \(size)\nSHA256: \(try await KernelCache.sha256(of: file))\n"
    return Entry(suite: suite, package: name, version: version, path: path, stanza: stanza)
  }

  /// Writes the indexes of the entries' suites.
  func publish(_ entries: [Entry]) async throws {
    for (suite, entries) in Dictionary(grouping: entries, by: \.suite) {
      let index = Data(entries.map(\.stanza).joined(separator: "\n").utf8)
      let file = try folder.write(index, "dists/\(suite)/main/binary-amd64/Packages")
      let release = """
        Suite: \(suite)
        Codename: \(suite)
        Date: Sat, 01 Jan 2022 00:00:00 UTC
        Valid-Until: Sun, 02 Jan 2022 00:00:00 UTC
        Architectures: amd64
        Components: main
        SHA256:
         \(try await KernelCache.sha256(of: file)) \(index.count) main/binary-amd64/Packages

        """
      try folder.write(Data(release.utf8), "dists/\(suite)/Release")
    }
  }

  func drop(_ path: String) throws {
    try FileManager.default.removeItem(atPath: folder.path.pushing(FilePath(path)).string)
  }
}

/// A checkout with a lock made from a fake archive, and an empty cache.
struct FakeCheckout: Sendable {
  let folder: TemporaryFolder
  let archive: FakeArchive
  let cache: KernelCache
  var mirrors: Mirrors

  static let manifest = """
    packages = ["linux-binary-{release}", "linux-image-{release}"]
    [[kernel]]
    series = "5.10"
    flavour = "cloud"
    suites = ["old", "older"]
    sets = ["default", "quick"]
    [[kernel]]
    series = "7.2"
    flavour = "rt"
    suites = ["new"]
    sets = ["default"]
    [[kernel]]
    series = "6.1"
    flavour = "generic"
    suites = ["old"]
    [[expect]]
    kernel = "5.10*-cloud*"
    test = "t_x@*"
    kind = "skip"
    reason = "too old"
    """

  init() async throws {
    folder = try TemporaryFolder()
    archive = try FakeArchive()
    cache = KernelCache(directory: folder.path.appending("cache"))
    mirrors = archive.mirrors
    try folder.write(Data(Self.manifest.utf8), "checkout/kernel-images/kernels.toml")
  }

  var root: FilePath { folder.path.appending("checkout") }

  /// What the archive has by default.
  static func usual(_ archive: FakeArchive) async throws -> [FakeArchive.Entry] {
    try await [
      archive.add("5.10.0-30-cloud-amd64", "5.10.218-1", suite: "old", compression: .lz4),
      archive.add("5.10.0-9-cloud-amd64", "5.10.70-1", suite: "old", compression: .lz4),
      archive.add("6.1.0-47-amd64", "6.1.170-3", suite: "old", compression: .xz),
      archive.add(
        "7.2.12+deb13-rt-amd64", "7.2.12-1~bpo13+1", suite: "new", kind: "binary",
        member: "usr/lib/modules/7.2.12+deb13-rt-amd64/vmlinuz", compression: .zstd),
      archive.addEmpty("linux-image-7.2.12+deb13-rt-amd64", "7.2.12-1~bpo13+1", suite: "new"),
    ]
  }

  func update() async throws {
    let manifest = try KernelManifest.load(KernelStore.manifestPath(root))
    let apt = AptArchive(cache: cache, environment: [:], mirrors: mirrors)
    let update = KernelUpdate(manifest: manifest, cache: cache, archive: apt, root: root)
    let kernels = try await update.resolve(manifest.sources, known: []) { _ in }
    try KernelLock(kernels: kernels).write(to: KernelStore.lockPath(root))
  }

  func emptyCache() { cache.remove(cache.directory) }

  func store() throws -> KernelStore { try KernelStore(root: root, cache: cache, mirrors: mirrors, environment: [:]) }

  /// Archive, lock and checkout; the cache is empty again.
  static func ready() async throws -> FakeCheckout {
    let checkout = try await FakeCheckout()
    try await checkout.archive.publish(usual(checkout.archive))
    try await checkout.update()
    checkout.emptyCache()
    return checkout
  }
}
