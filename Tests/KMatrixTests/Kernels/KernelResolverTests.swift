import Foundation
import Testing

@testable import kmatrix

@Suite struct KernelResolverTests {
  @Test(arguments: [
    ("5.10.0-30-cloud-amd64", "5.10.0-30", "5.10", KernelManifest.Flavour.cloud),
    ("5.10.0-32-amd64", "5.10.0-32", "5.10", .generic),
    ("6.1.0-0.deb11.48-rt-amd64", "6.1.0-0.deb11.48", "6.1", .rt),
    ("6.12.107+deb13-amd64", "6.12.107+deb13", "6.12", .generic),
    ("7.3.4+deb13-cloud-amd64", "7.3.4+deb13", "7.3", .cloud),
  ])
  func releases(_ text: String, _ abi: String, _ series: String, _ flavour: KernelManifest.Flavour) throws {
    let release = try #require(KernelResolver.Release(text))
    #expect((release.abi, release.series, release.flavour) == (abi, series, flavour))
  }

  @Test(arguments: [
    "amd64", "6.1.0-47-amd64-dbg", "6.1.0-47-amd64-unsigned", "6.1.0-47-686-pae", "6.1.0-47-foo-amd64", "",
  ])
  func notReleases(_ text: String) {
    #expect(KernelResolver.Release(text) == nil)
  }

  private func candidates(_ kernel: String, _ entries: (FakeArchive) async throws -> [FakeArchive.Entry]) async throws
    -> [KernelResolver.Candidate]
  {
    let folder = try TemporaryFolder()
    let archive = try FakeArchive()
    try await archive.publish(entries(archive))
    let text = "packages = [\"linux-binary-{release}\", \"linux-image-{release}\"]\n[[kernel]]\n\(kernel)\n"
    let manifest = try KernelManifest(parsing: text, file: "k")
    let apt = AptArchive(cache: KernelCache(directory: folder.path), environment: [:], mirrors: archive.mirrors)
    return try await KernelResolver(manifest: manifest, archive: apt).candidates(for: manifest.sources[0])
  }

  @Test func newestFirst() async throws {
    let found = try await candidates("series = \"6.12\"\nflavour = \"cloud\"\nsuites = [\"old\"]") { archive in
      var entries: [FakeArchive.Entry] = []
      for version in ["6.12.9", "6.12.107", "6.12.94"] {
        entries.append(
          try await archive.addEmpty("linux-image-\(version)+deb13-cloud-amd64", "\(version)-1", suite: "old"))
      }
      // A backport is older than the version that it was made from.
      entries.append(
        try await archive.addEmpty("linux-image-6.12.107+deb12-cloud-amd64", "6.12.107-1~bpo12+1", suite: "old"))
      entries.append(try await archive.addEmpty("linux-image-6.12.200+deb13-amd64", "6.12.200-1", suite: "old"))
      return entries
    }
    #expect(found.map(\.package.version) == ["6.12.107-1", "6.12.107-1~bpo12+1", "6.12.94-1", "6.12.9-1"])
  }

  /// dpkg's third exit code is no "no".
  @Test func versionsThatCannotBeCompared() async throws {
    #expect(try await KernelResolver.isNewer("2", than: "1"))
    #expect(try await !KernelResolver.isNewer("1", than: "2"))
    await #expect(throws: KernelStoreError.self) { try await KernelResolver.isNewer("--2", than: "1") }
  }

  @Test func pinnedABIFirst() async throws {
    let kernel = "series = \"5.10\"\nflavour = \"cloud\"\nsuites = [\"old\"]\nabi = \"5.10.0-9\""
    let found = try await candidates(kernel, FakeCheckout.usual)
    #expect(found.map(\.release) == ["5.10.0-9-cloud-amd64", "5.10.0-30-cloud-amd64"])
  }

  @Test func imageNotMetapackage() async throws {
    let found = try await candidates("series = \"7.2\"\nflavour = \"rt\"\nsuites = [\"new\"]", FakeCheckout.usual)
    #expect(found.map(\.package.name) == ["linux-binary-7.2.12+deb13-rt-amd64"])
  }

  @Test func nextSuite() async throws {
    let found = try await candidates(
      "series = \"6.1\"\nflavour = \"generic\"\nsuites = [\"gone\", \"new\", \"old\"]", FakeCheckout.usual)
    #expect(found.map(\.suite) == ["old"])
  }

  @Test func nowhere() async throws {
    let error = await #expect(throws: KernelStoreError.self) {
      try await candidates("series = \"9.9\"\nflavour = \"rt\"\nsuites = [\"new\", \"old\"]", FakeCheckout.usual)
    }
    #expect(error?.description == "9.9-rt: no rt kernel of series 9.9 in new and old")
  }

  /// Another suite's kernel is taken only if the first suite has none, not if the mirror cannot be reached.
  @Test func outOfReachIsNotNextSuite() async throws {
    let folder = try TemporaryFolder()
    let manifest = try KernelManifest(parsing: FakeCheckout.manifest, file: "k")
    let mirrors = Mirrors(main: ["http://127.0.0.1:9/debian"], security: [])
    let apt = AptArchive(cache: KernelCache(directory: folder.path), environment: [:], mirrors: mirrors)
    let error = await #expect(throws: KernelStoreError.self) {
      try await KernelResolver(manifest: manifest, archive: apt).candidates(for: manifest.sources[0])
    }
    #expect(error?.kind == .unreachable)
    #expect(error?.description.hasPrefix("old: its index cannot be fetched: Could not connect") == true)
  }
}
