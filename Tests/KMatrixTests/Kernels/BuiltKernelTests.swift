import Foundation
import Synchronization
import SystemPackage
import Testing

@testable import kmatrix

/// Kernels that are built here, with a script in place of a compiler.
@Suite struct BuiltKernelTests {
  private static let script = "checkout/kernel-images/build.sh"

  /// Does what build.sh does to whoever calls it, and counts the builds.
  private static let building = """
    #!/bin/sh
    set -eu
    part=vmlinux
    [ "$1" != --btf ] || { part=btf; shift; }
    [ -s "$1" ] && [ -s "$2" ]
    echo "$part of $3" >>"$(dirname "$0")/builds"
    mkdir "$4"
    cp "$(dirname "$0")/elf" "$4/$part"
    cp "$2" "$4/config"

    """

  /// A checkout with a locked 5.10-nobtf, whose source is in the archive, and an empty cache.
  private func ready(_ script: String = building) async throws -> FakeCheckout {
    let checkout = try await FakeCheckout()
    let manifest =
      FakeCheckout.manifest + """

        [[built]]
        series = "5.10"
        package = "linux-source-5.10"
        suites = ["old"]
        config = "small.config"
        sets = ["small"]
        """
    try checkout.folder.write(Data(manifest.utf8), "checkout/kernel-images/kernels.toml")
    try checkout.folder.write(Data("CONFIG_X=y\n".utf8), "checkout/kernel-images/small.config")
    try checkout.folder.write(FakeKernel.elf("built "), "checkout/kernel-images/elf")
    try write(script, in: checkout)
    let archive = checkout.archive
    try await archive.publish(
      FakeCheckout.usual(archive) + [
        archive.addEmpty("linux-source-5.10", "5.10.9-1", suite: "old"),
        archive.addEmpty("linux-source-5.10", "5.10.223-1", suite: "old"),
        archive.addEmpty("linux-source-6.1", "6.1.176-1", suite: "old"),
      ])
    try await checkout.update()
    checkout.emptyCache()
    return checkout
  }

  private func write(_ script: String, in checkout: FakeCheckout) throws {
    let file = try checkout.folder.write(Data(script.utf8), Self.script)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file.string)
  }

  private func fetch(
    _ checkout: FakeCheckout, _ options: FetchOptions = FetchOptions(),
    progress: @escaping @Sendable (FetchEvent) -> Void = { _ in }
  ) async throws -> [KernelImage] {
    let store = try checkout.store()
    return try await store.ensureImages(store.select(set: "small"), options, progress: progress)
  }

  private func builds(_ checkout: FakeCheckout) -> [String] {
    let path = checkout.root.appending("kernel-images/builds").string
    return ((try? String(contentsOfFile: path, encoding: .utf8)) ?? "").split(separator: "\n").map(String.init)
  }

  @Test func theNewestSourceIsLocked() async throws {
    let lock = try await ready().store().lock
    let kernel = try #require(lock.kernels.first { $0.isBuilt })
    #expect((kernel.release, kernel.name) == ("5.10.223-nobtf", "5.10-nobtf"))
    #expect((kernel.package, kernel.version, kernel.flavour) == ("linux-source-5.10", "5.10.223-1", .nobtf))
    #expect(kernel.config?.file == "small.config")
    #expect(try KernelLock(parsing: lock.text, file: "l") == lock)
    let encoded = try JSONEncoder().encode(kernel)
    #expect(try JSONDecoder().decode(LockedKernel.self, from: encoded) == kernel)
  }

  @Test func itIsBuiltOnce() async throws {
    let checkout = try await ready()
    let images = try await fetch(checkout)
    #expect(images.map(\.release) == ["5.10.223-nobtf"])
    #expect(images.map(\.flavour) == ["nobtf"])
    #expect(try Data(contentsOf: URL(filePath: images[0].path)) == FakeKernel.elf("built "))
    #expect(try await fetch(checkout) == images)
    #expect(try await fetch(checkout, FetchOptions(offline: true)) == images)
    #expect(builds(checkout) == ["vmlinux of 5.10.223-nobtf"])
    let rest = try FileManager.default.contentsOfDirectory(atPath: checkout.cache.directory.appending("tmp").string)
    #expect(rest.isEmpty)
  }

  @Test func itsBTFIsApart() async throws {
    let checkout = try await ready()
    let store = try checkout.store()
    let kernel = try store.select(set: "small")[0]
    let btf = try await store.ensureBTF(ofBuilt: kernel)
    #expect(try await store.ensureBTF(ofBuilt: kernel) == btf)
    #expect(try Data(contentsOf: URL(filePath: btf.string)) == FakeKernel.elf("built "))
    #expect(try await store.cache.state(of: kernel, .quick) == .missing)
    #expect(builds(checkout) == ["btf of 5.10.223-nobtf"])
    let other = try store.select(glob: "6.1-generic")[0]
    await #expect(throws: KernelStoreError.self) { try await store.ensureBTF(ofBuilt: other) }
  }

  @Test func severalWantItAtOnce() async throws {
    let checkout = try await ready()
    try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<4 { group.addTask { try await fetch(checkout).count } }
      for try await count in group { #expect(count == 1) }
    }
    #expect(builds(checkout).count == 1)
  }

  @Test func aDamagedOneIsBuiltAgain() async throws {
    let checkout = try await ready()
    let path = try await fetch(checkout)[0].path
    let file = try FileManager.default.destinationOfSymbolicLink(atPath: path)
    let good = try Data(contentsOf: URL(filePath: file))
    try FileManager.default.removeItem(atPath: file)
    try (good.dropLast() + [0]).write(to: URL(filePath: file))
    _ = try await fetch(checkout)
    #expect(builds(checkout).count == 2)
    #expect(try Data(contentsOf: URL(filePath: file)) == good)
  }

  @Test func anEditedConfigurationIsNotTheLockedOne() async throws {
    let checkout = try await ready()
    _ = try await fetch(checkout)
    try checkout.folder.write(Data("CONFIG_X=n\n".utf8), "checkout/kernel-images/small.config")
    let error = await #expect(throws: KernelStoreError.self) { try await fetch(checkout) }
    #expect(error?.description.hasSuffix("small.config: not the locked configuration; run `kmatrix update`") == true)
    #expect(error?.exitCode == 2)
    try await checkout.update()
    _ = try await fetch(checkout)
    #expect(builds(checkout).count == 2)
  }

  @Test func aFailureIsTheCompilersLastWords() async throws {
    let checkout = try await ready(
      "#!/bin/sh\necho 'x.c:1: error: y' >&2\necho 'build.sh: the build failed' >&2\nexit 1\n")
    let notes = Mutex<[String]>([])
    let error = await #expect(throws: KernelStoreError.self) {
      try await fetch(checkout) { event in
        if case .note(let text) = event { notes.withLock { $0.append(text) } }
      }
    }
    #expect(error?.description == "5.10.223-nobtf: the build failed")
    #expect(notes.withLock { $0 } == ["5.10.223-nobtf: x.c:1: error: y"])
    try write("#!/bin/sh\necho 'build.sh: no space left for x' >&2\nexit 1\n", in: checkout)
    let full = await #expect(throws: KernelStoreError.self) { try await fetch(checkout) }
    #expect(full == KernelStoreError(.noSpace, "5.10.223-nobtf: no space left for x"))
    try write(Self.building, in: checkout)
    #expect(try await fetch(checkout).count == 1)
  }

  /// A script that is interrupted puts away what it has made.
  @Test(.timeLimit(.minutes(15))) func anInterruptionReachesTheScript() async throws {
    let checkout = try await ready(
      """
      #!/bin/sh
      trap 'rm -r "$4.build"; exit 1' TERM
      mkdir "$4.build"
      # A shell that is about to wait can miss a signal; between two commands it cannot.
      while :; do sleep 0.1; done

      """)
    let temporary = checkout.cache.directory.appending("tmp").string
    func names() -> [String] { (try? FileManager.default.contentsOfDirectory(atPath: temporary)) ?? [] }
    let fetching = Task { try await fetch(checkout) }
    while !names().contains(where: { $0.hasSuffix(".build") }) { try await Task.sleep(for: .milliseconds(10)) }
    fetching.cancel()
    await #expect(throws: KernelStoreError.self) { try await fetching.value }
    #expect(names().allSatisfy { $0.hasSuffix(".deb") })
  }

  @Test func whatDoesNotBootIsRefused() async throws {
    let checkout = try await ready()
    try checkout.folder.write(FakeKernel.elf("built ", pvh: false), "checkout/kernel-images/elf")
    let error = await #expect(throws: KernelStoreError.self) { try await fetch(checkout) }
    #expect(error?.description == "5.10.223-nobtf: the kernel has no PVH entry, so qemu cannot boot it")
    #expect(!FileManager.default.fileExists(atPath: checkout.cache.directory.appending("built").string))
  }

  @Test func offlineNothingIsBuilt() async throws {
    let checkout = try await ready()
    let error = await #expect(throws: KernelStoreError.self) { try await fetch(checkout, FetchOptions(offline: true)) }
    #expect(error?.description.hasPrefix("5.10.223-nobtf: not cached, and --offline forbids to fetch ") == true)
  }

  @Test func onlyASetOrItsOwnNameChoosesIt() async throws {
    let store = try await ready().store()
    func chosen(_ set: String?, _ glob: String?) throws -> [String] {
      try store.select(set: set, glob: glob).map(\.name)
    }
    #expect(try chosen(nil, nil) == ["5.10-cloud", "7.2-rt"])
    #expect(try chosen("small", nil) == ["5.10-nobtf"])
    #expect(try chosen("full", "5.10*") == ["5.10-cloud", "5.10-nobtf"])
    #expect(try chosen(nil, "5.10*") == ["5.10-cloud"], "a glob for others builds nothing")
    #expect(try chosen(nil, "*nobtf") == ["5.10-nobtf"])
    #expect(try chosen(nil, "5.10*,5.10-nobtf") == ["5.10-cloud", "5.10-nobtf"])
  }
}
