import Foundation
import SystemPackage
import Testing

@testable import kmatrix

@Suite struct MirrorsTests {
  /// Lets apt read these sources instead of the machine's.
  private func discover(_ files: [String: String], _ environment: [String: String] = [:]) async throws -> Mirrors {
    let folder = try TemporaryFolder()
    for (name, text) in files { try folder.write(Data(text.utf8), "etc/\(name)") }
    let options = [
      "Dir::Etc=\(folder.path)/etc", "Dir::State=\(folder.path)/state", "Dir::State::status=/dev/null",
      "Dir::Cache=\(folder.path)/cache",
    ]
    return try await Mirrors.discover(environment, aptOptions: options.flatMap { ["-o", $0] })
  }

  @Test func oneLineSources() async throws {
    let mirrors = try await discover([
      "sources.list": """
      # deb http://commented.invalid/debian bookworm main
      deb [arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://m.invalid/debian/ bookworm main
      deb-src http://source.invalid/debian bookworm main
      """,
      "sources.list.d/security.list": "deb http://s.invalid/debian-security bookworm-security main contrib\n",
      "sources.list.d/other.list": "deb [trusted=yes] http://o.invalid/nodejs nodistro main\n",
    ])
    #expect(mirrors == Mirrors(main: ["http://m.invalid/debian"], security: ["http://s.invalid/debian-security"]))
  }

  @Test func stanzaSources() async throws {
    let mirrors = try await discover([
      "sources.list.d/debian.sources": """
      Types: deb deb-src
      URIs: https://m.invalid/debian
      Suites: trixie trixie-updates
      Components: main
      Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

      Enabled: no
      Types: deb
      URIs: http://off.invalid/debian
      Suites: trixie
      Components: main

      Types: deb
      URIs: http://s.invalid/debian-security
      Suites: trixie-security
      Components: main
      """,
      // Another publisher that names its suites as Debian does comes after Debian, which has more suites.
      "sources.list.d/a.list": "deb http://other.invalid/linux/debian trixie main\n",
    ])
    #expect(mirrors.main == ["https://m.invalid/debian", "http://other.invalid/linux/debian"])
    #expect(mirrors.security == ["http://s.invalid/debian-security"])
    #expect(mirrors.addresses(for: "bookworm-security") == mirrors.security)
    #expect(mirrors.addresses(for: "sid") == mirrors.main)
  }

  @Test func environmentWins() async throws {
    let environment = [
      "QUARK_MIRROR": "http://e.invalid/debian/", "QUARK_SECURITY_MIRROR": "http://f.invalid/security",
    ]
    let mirrors = try await discover([:], environment)
    #expect(mirrors == Mirrors(main: ["http://e.invalid/debian"], security: ["http://f.invalid/security"]))
  }

  /// Empty is as good as not set, as for the cache.
  @Test func anEmptyVariableIsNoMirror() async throws {
    let sources = ["sources.list": "deb http://m.invalid/debian bookworm main\n"]
    let mirrors = try await discover(sources, ["QUARK_MIRROR": "", "QUARK_SECURITY_MIRROR": ""])
    #expect(mirrors == Mirrors(main: ["http://m.invalid/debian"], security: []))
  }

  /// A mirror that does not answer may have what the next one lacks.
  @Test func goneIsWhatNoMirrorHas() async throws {
    let archive = try FakeArchive()
    let cache = KernelCache(directory: archive.folder.path.appending("cache"))
    try cache.makeFolder(cache.directory.appending("locks"))
    let silent = "http://127.0.0.1:9/debian"
    let mirrors = Mirrors(main: [silent] + archive.mirrors.main, security: [], trusted: true)
    let apt = AptArchive(cache: cache, environment: [:], mirrors: mirrors)
    let file = archive.folder.path.appending("x.deb")
    let outcome = try await apt.download("x.deb", suite: "old", sha256: String(repeating: "0", count: 64), to: file)
    guard case .unreachable(let why) = outcome else { return #expect(outcome == .unreachable("…")) }
    #expect(why.contains("127.0.0.1"))
    let error = await #expect(throws: KernelStoreError.self) { try await apt.kernelPackages(suite: "none") }
    #expect(error?.kind == .unreachable)
    let reversed = Mirrors(main: mirrors.main.reversed(), security: [], trusted: true)
    let other = AptArchive(cache: cache, environment: [:], mirrors: reversed)
    let otherError = await #expect(throws: KernelStoreError.self) { try await other.kernelPackages(suite: "none") }
    #expect(otherError?.kind == .unreachable)
  }

  @Test(arguments: ["9223372036854775807", "0", "-1", "x"]) func aSizeThatNoPackageHas(_ size: String) {
    func packages(_ size: String) -> [ArchivePackage] {
      AptArchive.packages(
        in: "Package: a\nVersion: 1\nFilename: p\nSize: \(size)\nSHA256: \(String(repeating: "a", count: 64))\n")
    }
    #expect(packages("1").map(\.size) == [1])
    #expect(packages(size) == [])
  }

  @Test func noSources() async throws {
    await #expect(throws: KernelStoreError.self) { try await discover([:]) }
  }

  @Test(arguments: [
    (
      "E: Failed to fetch http://m.invalid/x.deb  404  Not Found [IP: 192.0.2.1 80]\nE: Download Failed",
      AptArchive.Download.gone
    ),
    ("E: Failed to fetch file:/m/x.deb  File not found - /m/x.deb (2: No such file or directory)", .gone),
    (
      "E: Failed to fetch http://m.invalid/x  Could not resolve 'm.invalid'",
      .unreachable("Could not resolve 'm.invalid'")
    ),
    ("E: Failed to fetch copy:/m/x.deb  Hash Sum mismatch\n   Hashes of expected file:", .broken("Hash Sum mismatch")),
    (
      "E: The method driver /usr/lib/apt/methods/x could not be found.",
      .unreachable("E: The method driver /usr/lib/apt/methods/x could not be found.")
    ),
  ])
  func complaints(_ text: String, _ outcome: AptArchive.Download) {
    #expect(AptArchive.outcome(ofComplaint: text) == outcome)
  }
}
