import Foundation
import SystemPackage
import Testing

@testable import kmatrix

/// kernels.toml and kernels.lock, and the selection of kernels.
@Suite struct KernelFilesTests {
  private func complaint<T>(_ body: () throws -> T) -> KernelStoreError? {
    do { _ = try body() } catch { return error as? KernelStoreError }
    return nil
  }

  @Test func manifest() throws {
    let manifest = try KernelManifest(parsing: FakeCheckout.manifest, file: "kernels.toml")
    #expect(manifest.sources.map(\.name) == ["5.10-cloud", "7.2-rt", "6.1-generic"])
    #expect(manifest.sets == ["default", "full", "quick"])
    #expect(manifest.source(named: "7.2-rt")?.suites == ["new"])
    let expected = [Expectation(kind: .skip, test: "t_x@*", reason: "too old")]
    #expect(manifest.expectations(release: "5.10.0-30-cloud-amd64", name: "5.10-cloud") == expected)
    #expect(manifest.expectations(release: "6.1.0-47-amd64", name: "6.1-generic").isEmpty)
  }

  private static let good = """
    packages = ["linux-image-{release}"]
    [[kernel]]
    series = "5.10"
    flavour = "cloud"
    suites = ["old"]

    """

  @Test(arguments: [
    (good + "series = \n", "k.toml:6:10: "),
    (good.replacing("cloud", with: "fog"), "k.toml:4:1: flavour \"fog\" is not cloud, generic or rt"),
    (good.replacing("{release}", with: "x"), "k.toml:1:1: \"linux-image-x\" must contain {release} exactly once"),
    (good.replacing("series = \"5.10\"\n", with: ""), "k.toml:2:1: key \"series\" is missing"),
    (good.replacing("\"5.10\"", with: "5.10"), "k.toml:3:1: "),
    (good.replacing("\"5.10\"", with: "\"five\""), "k.toml:3:1: series \"five\" is not like \"6.1\""),
    (good.replacing("[\"old\"]", with: "[]"), "k.toml:5:1: no suite is named"),
    (good + "colour = 1\n", "k.toml:6:1: unknown key \"colour\""),
    (
      good + good.replacing("packages = [\"linux-image-{release}\"]\n", with: ""),
      "k.toml:6:1: a second kernel is called"
    ),
    (
      good + "[[expect]]\nkernel=\"*\"\ntest=\"*\"\n  kind = \"maybe\"\nreason=\"\"\n", "k.toml:9:3: kind \"maybe\" is "
    ),
    ("packages = [\"{release}\"]\nkernel = []\n", "k.toml:1:1: no [[kernel]] in it"),
    ("packages = []\nkernel = []\n", "k.toml:1:1: no package is named in \"packages\""),
    (good.replacing("cloud", with: "nobtf"), "k.toml:4:1: flavour \"nobtf\" is not cloud, generic or rt"),
    (
      good + "[[built]]\nseries = \"5.10\"\npackage = \"x\"\nsuites = [\"old\"]\nconfig = \"../c\"\n",
      "k.toml:10:1: config \"../c\" is not the name of a file beside this one"
    ),
    (
      good + "[[built]]\nname = \"5.10-cloud\"\nseries = \"5.10\"\npackage = \"x\"\nsuites = [\"o\"]\nconfig = \"c\"\n",
      "k.toml:7:1: a second kernel is called"
    ),
    (good + "[[built]]\nseries = \"5.10\"\n", "k.toml:6:1: key \""),
    ("\u{0}", "k.toml:1:1: "),
    ("", "k.toml:1:1: key \"packages\" is missing"),
  ])
  func badManifest(_ text: String, _ beginning: String) throws {
    let error = try #require(complaint { try KernelManifest(parsing: text, file: "k.toml") })
    #expect(error.description.hasPrefix(beginning), "\(error)")
    #expect(!error.description.contains("\n"))
    #expect(error.exitCode == 2)
  }

  static func kernel(_ release: String, _ name: String, _ series: String, _ flavour: KernelManifest.Flavour)
    -> LockedKernel
  {
    LockedKernel(
      release: release, name: name, series: series, flavour: flavour, suite: "old", package: "linux-image-\(release)",
      version: "1", path: "pool/main/l/x.deb", size: 1, sha256: String(repeating: "a", count: 64),
      member: "boot/vmlinuz",
      imageSize: 2, imageSHA256: String(repeating: "b", count: 64))
  }

  private static let three = [
    kernel("7.2.12+deb13-rt-amd64", "7.2-rt", "7.2", .rt),
    kernel("5.10.0-30-cloud-amd64", "5.10-cloud", "5.10", .cloud),
    kernel("6.1.0-47-amd64", "6.1-generic", "6.1", .generic),
  ]

  @Test func lockIsOldestFirstAndReadsBack() throws {
    let lock = KernelLock(kernels: Self.three)
    #expect(lock.kernels.map(\.series) == ["5.10", "6.1", "7.2"])
    #expect(try KernelLock(parsing: lock.text, file: "l") == lock)
    #expect(try KernelLock(parsing: lock.text, file: "l").text == lock.text)
    let releases = ["6.12.107+deb13-cloud-amd64", "6.12.94+deb13-cloud-amd64"]
    let sameSeries = KernelLock(kernels: releases.map { Self.kernel($0, $0, "6.12", .cloud) })
    #expect(sameSeries.kernels.map(\.release) == releases.reversed())
  }

  private static let elsewhere =
    "l: 5.10.0-30-cloud-amd64: its release, suite, package, version, path or config would lead to another folder"

  @Test(arguments: [
    ("sha256 = \"aa", "l: 5.10.0-30-cloud-amd64: a sha256 is not 64 hexadecimal digits"),
    ("path = \"../", elsewhere), ("path = \"/pool", elsewhere), ("suite = \"..", elsewhere),
    ("package = \"a/\u{301}b", elsewhere), ("version = \"1/../2", elsewhere),
    ("release = \".6.1", "l: .6.1: its release"),
    ("size = 9223372036854775807 #", "l: 5.10.0-30-cloud-amd64: a size is not that of a file"),
    ("size = -1 #", "l: 5.10.0-30-cloud-amd64: a size is not that of a file"),
    ("image_size = 0 #", "l: 5.10.0-30-cloud-amd64: a size is not that of a file"),
    ("size = \"", "l:15:1: "),
    ("flavour = \"x", "l:10:1: "),
    ("series = \"5.10\"\nseries = \"", "l:10:"),
  ])
  func badLock(_ change: String, _ beginning: String) throws {
    let key = change.prefix { $0 != "=" }
    let lines = KernelLock(kernels: [Self.three[1]]).text.split(separator: "\n", omittingEmptySubsequences: false)
    let bad = lines.map { $0.hasPrefix(key) ? "\(change)\"" : String($0) }.joined(separator: "\n")
    let error = try #require(complaint { try KernelLock(parsing: bad, file: "l") })
    #expect(error.description.hasPrefix(beginning), "\(error)")
  }

  @Test(arguments: [
    ("config_sha256 = \"aa", "l: 5.10.223-nobtf: a sha256 is not 64 hexadecimal digits"),
    ("config = \"../x", "l: 5.10.223-nobtf: its release, suite, package, version, path or config would lead to"),
    ("configuration = \"x", "l:"),
  ])
  func badLockOfABuiltKernel(_ change: String, _ beginning: String) throws {
    var kernel = Self.kernel("5.10.223-nobtf", "5.10-nobtf", "5.10", .nobtf)
    (kernel.member, kernel.imageSize, kernel.imageSHA256) = ("", 0, "")
    kernel.config = .init(file: "nobtf.config", sha256: String(repeating: "c", count: 64))
    let text = KernelLock(kernels: [kernel]).text
    #expect(try KernelLock(parsing: text, file: "l").kernels == [kernel])
    let key = change.hasPrefix("configuration") ? "config " : String(change.prefix { $0 != "=" })
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    let bad = lines.map { $0.hasPrefix(key) ? "\(change)\"" : String($0) }.joined(separator: "\n")
    let error = try #require(complaint { try KernelLock(parsing: bad, file: "l") })
    #expect(error.description.hasPrefix(beginning), "\(error)")
  }

  @Test func changes() {
    let old = KernelLock(kernels: Array(Self.three[0...1]))
    var newer = Self.three[1]
    (newer.release, newer.version) = ("5.10.0-32-cloud-amd64", "2")
    let new = KernelLock(kernels: [newer, Self.three[2]])
    #expect(
      old.changes(to: new) == """
        ~ 5.10-cloud: 5.10.0-30-cloud-amd64 1 -> 5.10.0-32-cloud-amd64 2 (old)
        + 6.1-generic: 6.1.0-47-amd64 (old)
        - 7.2-rt: 7.2.12+deb13-rt-amd64
        """)
    #expect(old.changes(to: old) == "nothing changed")
  }

  private func store(_ folder: TemporaryFolder, _ kernels: [LockedKernel] = three) throws -> KernelStore {
    try folder.write(Data(FakeCheckout.manifest.utf8), "kernel-images/kernels.toml")
    try KernelLock(kernels: kernels).write(to: KernelStore.lockPath(folder.path))
    return try KernelStore(root: folder.path, environment: ["HOME": folder.path.string])
  }

  @Test func selection() throws {
    let store = try store(TemporaryFolder())
    func chosen(_ set: String?, _ glob: String?) throws -> [String] {
      try store.select(set: set, glob: glob).map(\.series)
    }
    #expect(try chosen(nil, nil) == ["5.10", "7.2"])
    #expect(try chosen("quick", nil) == ["5.10"])
    #expect(try chosen("full", nil) == ["5.10", "6.1", "7.2"])
    #expect(try chosen(nil, "6.1-generic") == ["6.1"])
    #expect(try chosen(nil, " *-rt*, 5.1[0-9]* ") == ["5.10", "7.2"])
    #expect(try chosen("quick", "*") == ["5.10"])
  }

  @Test(arguments: ["5.1O*", "", " , ", "7.2-rt,nope"])
  func unknownGlob(_ glob: String) throws {
    let store = try store(TemporaryFolder())
    let error = try #require(complaint { try store.select(glob: glob) })
    #expect(error.exitCode == 2)
    #expect(
      error.description.hasPrefix("no kernel matches \"\(glob == "7.2-rt,nope" ? "nope" : glob)\"; there are 5.10.0-30")
    )
  }

  @Test func unknownSet() throws {
    let store = try store(TemporaryFolder())
    let error = try #require(complaint { try store.select(set: "small") })
    #expect(error.description == "no set is called \"small\"; there are default, full and quick")
  }

  @Test func lockAndManifestMustAgree() throws {
    let lacking = try #require(complaint { try store(TemporaryFolder(), Array(Self.three[0...1])) })
    #expect(lacking.description.hasSuffix("kernels.lock: lacks 6.1-generic of kernels.toml; run `kmatrix update`"))
    let extra = Self.three + [Self.kernel("9.0-amd64", "9.0-generic", "9.0", .generic)]
    let unknown = try #require(complaint { try store(TemporaryFolder(), extra) })
    #expect(unknown.description.hasSuffix("has 9.0-generic, which kernels.toml does not have; run `kmatrix update`"))
  }

  @Test func committedFilesAgree() throws {
    let root = try KernelStore.findRoot(from: #filePath)
    let store = try KernelStore(root: root, environment: ["HOME": "/nowhere"])
    let usual = try store.select()
    #expect(usual.count >= 12)
    #expect(Set(usual.map(\.series)).count >= 8)
    #expect(usual.map(\.series).first == "5.10")
    #expect(try store.select(set: "quick").map(\.series) == ["5.10", "6.12", "7.3"])
    let built = try store.select(set: "nobtf")
    #expect(built.map(\.series) == ["5.10", "6.1"])
    #expect(try store.select(set: "full").filter(\.isBuilt) == built)
    #expect(usual.filter(\.isBuilt).isEmpty, "the usual run must not build kernels")
    let text = try String(contentsOfFile: KernelStore.lockPath(root).string, encoding: .utf8)
    #expect(store.lock.text == text)
    #expect(!text.contains("://"))
  }

  @Test func cacheFolder() throws {
    #expect(try KernelCache.standard(["HOME": "/h"]).directory == "/h/.cache/quark")
    #expect(try KernelCache.standard(["HOME": "/h", "XDG_CACHE_HOME": "/x"]).directory == "/x/quark")
    #expect(try KernelCache.standard(["HOME": "/h", "XDG_CACHE_HOME": "x"]).directory == "/h/.cache/quark")
    #expect(try KernelCache.standard(["QUARK_CACHE": "/c", "XDG_CACHE_HOME": "/x"]).directory == "/c")
    let here = FileManager.default.currentDirectoryPath
    #expect(try KernelCache.standard(["QUARK_CACHE": "c"]).directory.string == "\(here)/c")
    #expect(complaint { try KernelCache.standard([:]) }?.exitCode == 2)
  }
}
