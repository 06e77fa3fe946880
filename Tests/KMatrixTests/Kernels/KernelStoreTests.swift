import Foundation
import Glibc
import Subprocess
import Synchronization
import SystemPackage
import Testing

@testable import kmatrix

/// Collects what a store reports.
private final class Told: Sendable {
  private let list = Mutex<[FetchEvent]>([])
  var events: [FetchEvent] { list.withLock { $0 } }
  var notes: [String] { events.compactMap { if case .note(let text) = $0 { text } else { nil } } }
  func add(_ event: FetchEvent) { list.withLock { $0.append(event) } }
}

/// Fetching, against archives in a folder.
@Suite struct KernelStoreTests {
  private func fetch(
    _ checkout: FakeCheckout, set: String = "full", glob: String? = nil, _ options: FetchOptions = FetchOptions(),
    _ told: Told = Told()
  ) async throws(KernelStoreError) -> [KernelImage] {
    let store: KernelStore
    do { store = try checkout.store() } catch { throw KernelStoreError(error) }
    return try await store.ensureImages(store.select(set: set, glob: glob), options) { told.add($0) }
  }

  private func complaint(_ body: () async throws(KernelStoreError) -> [KernelImage]) async -> KernelStoreError? {
    do { _ = try await body() } catch { return error }
    return nil
  }

  private func files(_ folder: FilePath) -> [String] {
    ((try? FileManager.default.subpathsOfDirectory(atPath: folder.string)) ?? [])
  }

  @Test func fetches() async throws {
    let checkout = try await FakeCheckout.ready()
    let images = try await fetch(checkout)
    #expect(images.map(\.release) == ["5.10.0-30-cloud-amd64", "6.1.0-47-amd64", "7.2.12+deb13-rt-amd64"])
    #expect(images[0].expectations.count == 1 && images[1].expectations.isEmpty)
    #expect(images.allSatisfy { $0.replaces == nil })
    let link = checkout.root.appending("kernel-images/amd64/linux-6.1.0-47-amd64")
    #expect(images[1].path == link.string)
    #expect(try Data(contentsOf: URL(filePath: link.string)) == FakeKernel.elf("6.1.0-47-amd64 6.1.170-3 "))
    #expect(files(checkout.cache.directory.appending("tmp")).isEmpty)

    // The cache alone is enough now.
    try FileManager.default.removeItem(atPath: checkout.archive.folder.path.string)
    let told = Told()
    #expect(try await fetch(checkout, FetchOptions(offline: true), told) == images)
    #expect(told.events.count == 3)
  }

  @Test func updateIsRepeatable() async throws {
    let checkout = try await FakeCheckout.ready()
    let first = try checkout.store().lock.text
    try await checkout.update()
    #expect(try checkout.store().lock.text == first)
  }

  @Test func keepsPackagesIfAsked() async throws {
    let checkout = try await FakeCheckout.ready()
    _ = try await fetch(checkout, FetchOptions(keepDebs: true))
    #expect(files(checkout.cache.directory.appending("debs")).count == 3)
  }

  // MARK: What the mirror dropped

  @Test func replacesWhatTheMirrorDropped() async throws {
    let checkout = try await FakeCheckout.ready()
    let locked = try checkout.store().lock.kernels[0]
    try checkout.archive.drop(locked.path)
    let told = Told()
    let images = try await fetch(checkout, glob: "5.10*", FetchOptions(), told)
    #expect(images.map(\.release) == ["5.10.0-9-cloud-amd64"])
    #expect(images.map(\.replaces) == ["5.10.0-30-cloud-amd64"])
    #expect(
      told.notes == [
        "5.10.0-30-cloud-amd64: the mirror no longer has it; 5.10.0-9-cloud-amd64 of old takes its place"
      ])
    // The replacement is still used when there is no mirror.
    try FileManager.default.removeItem(atPath: checkout.archive.folder.path.string)
    #expect(try await fetch(checkout, glob: "5.10*") == images)
    #expect(try await fetch(checkout, glob: "5.10*", FetchOptions(offline: true)) == images)
  }

  @Test func replacesFromAnotherSuite() async throws {
    let checkout = try await FakeCheckout.ready()
    for kernel in ["linux-image-5.10.0-30-cloud-amd64_5.10.218-1", "linux-image-5.10.0-9-cloud-amd64_5.10.70-1"] {
      try checkout.archive.drop("pool/main/l/linux/\(kernel)_amd64.deb")
    }
    let other = try await checkout.archive.add("6.1.0-47-amd64", "6.1.170-3", suite: "old", compression: .xz)
    let old = try await checkout.archive.add("5.10.0-46-cloud-amd64", "5.10.262-1", suite: "older")
    try await checkout.archive.publish([old, other])
    let images = try await fetch(checkout, glob: "5.10*")
    #expect(images.map(\.release) == ["5.10.0-46-cloud-amd64"])
  }

  @Test func lockedForbidsReplacements() async throws {
    let checkout = try await FakeCheckout.ready()
    let locked = try checkout.store().lock.kernels[0]
    try checkout.archive.drop(locked.path)
    let error = await complaint { () async throws(KernelStoreError) in
      try await fetch(checkout, FetchOptions(locked: true))
    }
    #expect(error?.description == "5.10.0-30-cloud-amd64: the mirror no longer has \(locked.path) (--locked)")
    #expect(error?.exitCode == 1)
  }

  @Test func nothingReplacesIt() async throws {
    let checkout = try await FakeCheckout.ready()
    let locked = try checkout.store().lock.kernels[2]
    try checkout.archive.drop(locked.path)
    let error = await complaint { () async throws(KernelStoreError) in try await fetch(checkout, glob: "7.2*") }
    #expect(error?.kind == .gone)
    #expect(
      error?.description.hasPrefix("7.2.12+deb13-rt-amd64: the mirror no longer has \(locked.path), and nothing")
        == true)
  }

  @Test func othersAreFetchedNevertheless() async throws {
    let checkout = try await FakeCheckout.ready()
    let store = try checkout.store()
    try checkout.archive.drop(store.lock.kernels[2].path)
    let result = try await store.fetchImages(store.select(set: "full"))
    #expect(result.images.map(\.series) == ["5.10", "6.1"])
    #expect(result.missing.map(\.kernel.series) == ["7.2"])
  }

  // MARK: Trouble

  @Test func mirrorOutOfReach() async throws {
    var checkout = try await FakeCheckout.ready()
    // Nothing listens on the discard port.
    checkout.mirrors = Mirrors(main: ["http://127.0.0.1:9/debian"], security: [])
    let error = await complaint { () async throws(KernelStoreError) in try await fetch(checkout, glob: "5.10*") }
    let path = try checkout.store().lock.kernels[0].path
    #expect(error?.kind == .unreachable)
    #expect(error?.description.hasPrefix("5.10.0-30-cloud-amd64: cannot fetch \(path): Could not connect") == true)
    let offline = await complaint { () async throws(KernelStoreError) in
      try await fetch(checkout, glob: "5.10*", FetchOptions(offline: true))
    }
    #expect(offline?.description == "5.10.0-30-cloud-amd64: not cached, and --offline does not allow fetching \(path)")
  }

  @Test func corruptImageIsMadeAgain() async throws {
    let checkout = try await FakeCheckout.ready()
    _ = try await fetch(checkout)
    let kernel = try checkout.store().lock.kernels[1]
    let image = checkout.cache.image(kernel.imageSHA256)
    let good = try Data(contentsOf: URL(filePath: image.string))
    var bad = good
    bad[200] ^= 1
    try FileManager.default.removeItem(atPath: image.string)
    try bad.write(to: URL(filePath: image.string))
    #expect(try await checkout.cache.state(of: kernel, .quick) == .present)
    guard case .corrupt = try await checkout.cache.state(of: kernel, .full) else { throw KernelStoreError("not found") }
    let told = Told()
    _ = try await fetch(checkout, FetchOptions(), told)
    #expect(told.notes.count == 1)
    #expect(told.notes.first?.hasPrefix("6.1.0-47-amd64: the cached image is corrupt (sha256 ") == true)
    #expect(try Data(contentsOf: URL(filePath: image.string)) == good)

    // The quick check finds a truncated image, too.
    try FileManager.default.removeItem(atPath: image.string)
    try good.prefix(100).write(to: URL(filePath: image.string))
    _ = try await fetch(checkout, FetchOptions(check: .quick))
    #expect(try Data(contentsOf: URL(filePath: image.string)) == good)
  }

  @Test(arguments: ["file", "copy"])
  func interruptedDownload(_ method: String) async throws {
    var checkout = try await FakeCheckout.ready()
    checkout.mirrors = checkout.archive.mirrors(method: method)
    let kernel = try checkout.store().lock.kernels[0]
    for rest in [
      Data("rubbish".utf8), Data(repeating: 1, count: kernel.size), Data(repeating: 1, count: kernel.size * 2),
    ] {
      checkout.emptyCache()
      let partial = checkout.cache.partialPackage(kernel)
      try checkout.cache.makeFolder(partial.removingLastComponent())
      try rest.write(to: URL(filePath: partial.string))
      #expect(try await fetch(checkout, glob: "5.10*").count == 1)
      #expect(files(checkout.cache.directory.appending("tmp")).isEmpty)
    }
  }

  @Test func mirrorWithOtherBytes() async throws {
    let checkout = try await FakeCheckout.ready()
    let kernel = try checkout.store().lock.kernels[0]
    let file = checkout.archive.folder.path.pushing(FilePath(kernel.path))
    try FileManager.default.removeItem(atPath: file.string)
    try Data(repeating: 1, count: kernel.size).write(to: URL(filePath: file.string))
    let error = await complaint { () async throws(KernelStoreError) in try await fetch(checkout, glob: "5.10*") }
    #expect(
      error?.description.contains("is not the locked package: Hash Sum mismatch") == true, "\(error?.description ?? "")"
    )
    #expect(files(checkout.cache.directory.appending("sha256")).isEmpty)
    #expect(files(checkout.cache.directory.appending("tmp")).isEmpty)
  }

  @Test func packageWithoutKernel() async throws {
    let checkout = try await FakeCheckout.ready()
    let empty = try await checkout.archive.addEmpty("linux-image-6.1.0-99-amd64", "6.1.999-1", suite: "old")
    try await checkout.archive.publish(FakeCheckout.usual(checkout.archive) + [empty])
    let error = await #expect(throws: KernelStoreError.self) { try await checkout.update() }
    #expect(error?.description.hasPrefix("6.1.0-99-amd64: linux-image-6.1.0-99-amd64: no kernel image in it") == true)
  }

  @Test func concurrentFetches() async throws {
    let checkout = try await FakeCheckout.ready()
    let told = Told()
    try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<6 { group.addTask { try await fetch(checkout, FetchOptions(), told).count } }
      for try await count in group { #expect(count == 3) }
    }
    let made = told.events.filter { if case .extracting = $0 { true } else { false } }
    #expect(made.count == 3)
    #expect(files(checkout.cache.directory.appending("tmp")).isEmpty)
  }

  @Test func readOnlyCheckout() async throws {
    let checkout = try await FakeCheckout.ready()
    // A file takes the place of the folder, because root may write despite permissions.
    try checkout.folder.write(Data(), "checkout/kernel-images/amd64")
    let told = Told()
    let images = try await fetch(checkout, FetchOptions(), told)
    #expect(
      images.map(\.path) == (try checkout.store().lock.kernels.map { checkout.cache.image($0.imageSHA256).string }))
    #expect(told.notes.count == 1)
    #expect(told.notes.first?.contains("no links can be made there") == true)
  }

  @Test func noSpace() async throws {
    let checkout = try await FakeCheckout.ready()
    let text = try checkout.store().lock.text.replacing(/image_size = \d+/, with: "image_size = \(1 << 50)")
    try Data(text.utf8).write(to: URL(filePath: KernelStore.lockPath(checkout.root).string))
    let error = await complaint { () async throws(KernelStoreError) in try await fetch(checkout, glob: "5.10*") }
    #expect(error?.kind == .noSpace)
    #expect(error?.description.hasPrefix("5.10.0-30-cloud-amd64: no space in \(checkout.cache.directory): ") == true)
    #expect(files(checkout.cache.directory).isEmpty)
  }

  @Test func unwritableCache() async throws {
    let checkout = try await FakeCheckout.ready()
    try checkout.folder.write(Data(), "cache")
    let error = await complaint { () async throws(KernelStoreError) in try await fetch(checkout) }
    #expect(error?.description.contains("cannot be created") == true, "\(error?.description ?? "")")
  }

  /// The cache may be shared, and what is in it may be damaged.
  @Test func aReplacementThatLeadsElsewhereIsNone() async throws {
    let checkout = try await FakeCheckout.ready()
    let kernels = try checkout.store().select()
    try checkout.cache.setReplacement(kernels[1], for: kernels[0])
    #expect(checkout.cache.replacement(for: kernels[0])?.kernel == kernels[1])
    var elsewhere = kernels[1]
    elsewhere.release = "../../x"
    try checkout.cache.setReplacement(elsewhere, for: kernels[0])
    #expect(checkout.cache.replacement(for: kernels[0]) == nil)
  }

  /// Messages that cannot be written are no reason to end.
  @Test func fullDiskForMessages() async throws {
    let checkout = try await FakeCheckout.ready()
    let store = try checkout.store()
    _ = try await store.ensureImages(store.select())
    // No links can be made, which is a message.
    checkout.cache.remove(checkout.root.appending("kernel-images").appending("amd64"))
    try checkout.folder.write(Data(), "checkout/kernel-images/amd64")
    let script = #"exec "$0" fetch --offline --root "$1" 2>/dev/full"#
    let words = ["-c", script, KMatrixProcess.executable.string, checkout.root.string]
    let result = try await Subprocess.run(
      .path("/bin/sh"), arguments: Arguments(words),
      environment: .inherit.updating(["QUARK_CACHE": checkout.cache.directory.string]),
      output: .string(limit: 1 << 16), error: .discarded)
    #expect(result.terminationStatus == .exited(0))
    #expect(result.standardOutput.split(separator: "\n").count == 2)
  }

  @Test func movedCacheMovesTheLinks() async throws {
    let checkout = try await FakeCheckout.ready()
    _ = try await fetch(checkout)
    let other = KernelCache(directory: checkout.folder.path.appending("elsewhere"))
    let store = try KernelStore(root: checkout.root, cache: other, mirrors: checkout.mirrors, environment: [:])
    checkout.emptyCache()
    for image in try await store.ensureImages(store.select(set: "full")) {
      #expect(try FileManager.default.destinationOfSymbolicLink(atPath: image.path).hasPrefix(other.directory.string))
    }
  }
}
