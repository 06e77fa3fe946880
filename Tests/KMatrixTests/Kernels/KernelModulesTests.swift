import Foundation
import SystemPackage
import Testing

@testable import kmatrix

/// Modules of kernels, from archives in a folder.
@Suite struct KernelModulesTests {
  private let release = "7.2.12+deb13-rt-amd64"

  /// A checkout whose kernel is in one package and its modules, if there are any, in another.
  private func checkout(hasModules: Bool) async throws -> FakeCheckout {
    let checkout = try await FakeCheckout()
    let manifest = """
      packages = ["linux-binary-{release}", "linux-image-{release}"]
      [[kernel]]
      series = "7.2"
      flavour = "rt"
      suites = ["new"]
      sets = ["default"]
      """
    try checkout.folder.write(Data(manifest.utf8), "checkout/kernel-images/kernels.toml")
    let archive = checkout.archive
    var entries = [
      try await archive.add(
        release, "7.2.12-1~bpo13+1", suite: "new", kind: "binary", member: "usr/lib/modules/\(release)/vmlinuz",
        compression: .zstd, modules: false)
    ]
    if hasModules { entries.append(try await archive.addModules(release, "7.2.12-1~bpo13+1", suite: "new")) }
    try await archive.publish(entries)
    try await checkout.update()
    checkout.emptyCache()
    return checkout
  }

  private func fetch(_ checkout: FakeCheckout, _ options: FetchOptions = FetchOptions()) async throws -> KernelImage {
    let store = try checkout.store()
    return try await store.ensureImages(store.lock.kernels, options)[0]
  }

  /// The archive, unpacked: as GNU cpio lists it, and its bytes.
  private func unpack(_ path: String) async throws -> (names: [String], bytes: Data) {
    let folder = try TemporaryFolder()
    let plain = folder.path.appending("cpio")
    #expect(try await Tool.run("gzip", ["-dc"], reading: FilePath(path), writing: plain).succeeded)
    let list = folder.path.appending("list")
    #expect(try await Tool.run("cpio", ["-it", "--quiet"], reading: plain, writing: list).succeeded)
    let names = try String(contentsOfFile: list.string, encoding: .utf8).split(separator: "\n").map(String.init)
    return (names, try Data(contentsOf: URL(filePath: plain.string)))
  }

  @Test func areInAPackageOfTheirOwn() async throws {
    let checkout = try await checkout(hasModules: true)
    let image = try await fetch(checkout)
    #expect(image.expectations.isEmpty)
    let path = try #require(image.modules)
    #expect(path.hasSuffix("kernel-images/amd64/modules-\(release).cpio.gz"))
    let (names, bytes) = try await unpack(path)
    #expect(names == ["modules", "modules/dummy.ko", "modules/edd.ko", "modules/edd.ko.xz"])
    #expect(bytes.firstRange(of: Data("edd of \(release)".utf8)) != nil)
    // The lock reads back as it was written.
    let text = try checkout.store().lock.text
    #expect(text.contains("modules_path = \"pool/main/l/linux/linux-modules-\(release)_"))
    #expect(try KernelLock(parsing: text, file: "lock").text == text)
    // The cache alone is enough now, and an older one is not.
    try FileManager.default.removeItem(atPath: checkout.archive.folder.path.string)
    #expect(try await fetch(checkout, FetchOptions(locked: true)) == image)
    checkout.cache.remove(checkout.cache.directory.appending("modules"))
    let without = try await fetch(checkout, FetchOptions(offline: true))
    #expect(without.modules == nil && without.path == image.path)
    #expect(without.expectations.map(\.test) == ["t_module_load@*"] && without.expectations[0].kind == .skip)
  }

  @Test(arguments: [
    ("modules_path = \"", "modules_path = \"../../", "another folder"), ("modules_size = ", "modules_size = -", "a size is not"),
    ("modules_sha256 = \"", "modules_sha256 = \"x", "a sha256 is not"),
  ])
  func aLockMayBeBad(place: String, change: String, complaint: String) async throws {
    let text = try await checkout(hasModules: true).store().lock.text
    do throws(KernelStoreError) {
      _ = try KernelLock(parsing: text.replacing(place, with: change), file: "l")
      Issue.record("it was read")
    } catch { #expect(error.description.contains(complaint), "\(error)") }
  }

  @Test func anOlderCacheGetsThem() async throws {
    let checkout = try await FakeCheckout.ready()
    let store = try checkout.store()
    let kernels = try store.select(set: "full", glob: "6.1*")
    let image = try await store.ensureImages(kernels)[0]
    let (names, _) = try await unpack(try #require(image.modules))
    #expect(names == ["modules", "modules/dummy.ko"])
    checkout.cache.remove(checkout.cache.directory.appending("modules"))
    #expect(try await store.ensureImages(kernels) == [image])
    #expect(FileManager.default.isReadableFile(atPath: try #require(image.modules)))
  }

  @Test func corruptOnesAreMadeAgain() async throws {
    let checkout = try await checkout(hasModules: true)
    let path = try #require(try await fetch(checkout).modules)
    let bytes = try Data(contentsOf: URL(filePath: path))
    let real = URL(filePath: path).resolvingSymlinksInPath()
    try FileManager.default.removeItem(at: real)
    try Data(repeating: 1, count: bytes.count).write(to: real)
    #expect(try await fetch(checkout).modules == path)
    #expect(try Data(contentsOf: URL(filePath: path)) == bytes)
  }

  @Test func aDroppedPackageIsNoErrorUnlessAskedFor() async throws {
    let checkout = try await checkout(hasModules: true)
    try checkout.archive.drop(try #require(try checkout.store().lock.kernels[0].modules).path)
    let image = try await fetch(checkout)
    #expect(image.modules == nil && image.replaces == nil)
    #expect(try #require(image.expectations.first).reason.contains("does not have"))
    do {
      _ = try await fetch(checkout, FetchOptions(locked: true))
      Issue.record("it is gone")
    } catch {
      #expect((error as? KernelStoreError)?.kind == .gone)
    }
  }

  @Test func aPackageMayHaveNone() async throws {
    let checkout = try await checkout(hasModules: false)
    #expect(try checkout.store().lock.kernels[0].modules == nil)
    for _ in 0..<2 {
      let image = try await fetch(checkout)
      #expect(image.modules == nil)
      #expect(try #require(image.expectations.first).reason.contains("linux-binary-\(release) has none of"))
    }
  }
}
