import Foundation
import Testing

@testable import QuarkBTF
@testable import QuarkLinux
@testable import btfhub

/// Trees made by hand, with a BTF made by hand.
@Suite struct GeneratorTests {
  final class Tree {
    let root = FileManager.default.temporaryDirectory.appending(path: "btfhub-tests-\(UUID().uuidString)/archive")

    deinit { try? FileManager.default.removeItem(at: root.deletingLastPathComponent()) }

    func write(_ path: String, _ bytes: [UInt8]) throws {
      let file = root.appending(path: path)
      try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(bytes).write(to: file)
    }

    /// `members`: the content of the archive.
    func pack(_ path: String, _ members: [String: [UInt8]]) async throws {
      let folder = root.deletingLastPathComponent().appending(path: UUID().uuidString)
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      for (name, bytes) in members { try Data(bytes).write(to: folder.appending(path: name)) }
      try write(path, [])
      let file = root.appending(path: path).path
      try await Command.run(
        "tar", ["-cJf", file, "-C", folder.path] + (members.isEmpty ? ["-T", "/dev/null"] : Array(members.keys)))
    }

    func read() async throws -> Generator.Result {
      try await Generator(trees: [try await ArchiveTree(root.path)]).read()
    }

    func reasons() async throws -> [String] { try await read().refused.map(\.reason) }
  }

  /// The smallest BTF with all names: a structure for each, whose members are one after the other.
  static func types(_ base: UInt32 = 0) -> [UInt8] {
    var (strings, types, offsets, ids): ([UInt8], [UInt32], [String: UInt32], UInt32) = ([0], [], ["": 0], 0)
    func string(_ name: String) -> UInt32 {
      if let offset = offsets[name] { return offset }
      offsets[name] = UInt32(strings.count)
      strings += Array(name.utf8) + [0]
      return offsets[name]!
    }
    func structure(_ name: String, _ members: [(String, UInt32)]) -> UInt32 {
      types += [string(name), 4 << 24 | UInt32(members.count), 8192]
      for (index, member) in members.enumerated() {
        types += [string(member.0), member.1, (base + UInt32(index) * 8) * 8]
      }
      ids += 1
      return ids
    }
    func integer() -> UInt32 {
      types += [string("int"), 1 << 24, 4, 32]
      ids += 1
      return ids
    }
    let int = integer()
    var members: [String: [(String, UInt32)]] = [:]
    for name in Dotname.allCases where name != .taskStructPids {
      let parts = "\(name.name)".split(separator: ".").map(String.init)
      if parts[0] == "pid_type" { continue }
      if members[parts[0], default: []].contains(where: { $0.0 == parts[1] }) { continue }
      var type = int
      if parts.count == 3 { type = structure("", [("name", int), ("dentry", int), ("mnt", int)]) }
      members[parts[0], default: []].append((parts[1], type))
    }
    for (name, list) in members.sorted(by: { $0.key < $1.key }) { _ = structure(name, list) }
    types += [string("pid_type"), 6 << 24 | 2, 4, string("PIDTYPE_PGID"), 2, string("PIDTYPE_SID"), 3]
    let header: [UInt32] = [
      0xeb9f | 1 << 16, 24, 0, UInt32(4 * types.count), UInt32(4 * types.count), UInt32(strings.count),
    ]
    return (header + types).flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } } + strings
  }

  @Test func plainAndPackedGiveTheSame() async throws {
    let (plain, packed) = (Tree(), Tree())
    let (first, second) = (Self.types(), Self.types(64))
    try plain.write("debian/12/x86_64/6.1.0-1-amd64.btf", first)
    try plain.write("centos/8/aarch64/4.18.0-1.el8.aarch64.btf", second)
    try plain.write("README.md", [65])
    try await packed.pack("debian/12/x86_64/6.1.0-1-amd64.btf.tar.xz", ["6.1.0-1-amd64.btf": first])
    // BTFhub's name for the machine.
    try packed.write("centos/8/arm64/4.18.0-1.el8.aarch64.btf", second)
    try await Command.run("xz", [packed.root.appending(path: "centos/8/arm64/4.18.0-1.el8.aarch64.btf").path])
    try await Command.run("git", ["init", "-q", packed.root.path])
    let (one, other) = (try await plain.read(), try await packed.read())
    #expect(one.refused.isEmpty && other.refused.isEmpty)
    let writer = TableWriter(one.kernels)
    #expect(writer.kernels.count == 2 && writer.sets.count == 2)
    let bytes = writer.bytes(source: writer.source)
    #expect(TableWriter(other.kernels).bytes(source: writer.source) == bytes)
    #expect(try await TableWriter(plain.read().kernels).bytes(source: writer.source) == bytes)
    #expect(other.kernels.map(\.sha256).sorted() == one.kernels.map(\.sha256).sorted())
    let listing = Listing.text(writer, trees: [try await ArchiveTree(plain.root.path)], refused: [])
    #expect(listing.contains("archive: 2 files\n") && listing.contains("\tcred.cap_ambient 0\n"))
  }

  @Test func damageIsReportedPerFile() async throws {
    let tree = Tree()
    let types = Self.types()
    try tree.write("debian/12/x86_64/a-good.btf", types)
    try await tree.pack("debian/12/x86_64/b-empty.btf.tar.xz", [:])
    try await tree.pack("debian/12/x86_64/c-cut.btf.tar.xz", ["c-cut.btf": Array(types.dropLast(30))])
    try await tree.pack("debian/12/x86_64/d-name.btf.tar.xz", ["other.btf": types])
    try await tree.pack(
      "debian/12/x86_64/e-text.btf.tar.xz", ["e-text.btf": Array("these are some words, and no types".utf8)])
    try tree.write("debian/12/x86_64/f-packing.btf.tar.xz", Array("not packed".utf8))
    try tree.write("debian/12/x86_64/g-zero.btf", [])
    try await tree.pack("debian/12/x86_64/h-two.btf.tar.xz", ["h-two.btf": types, "more": [1]])
    try tree.write("debian/12/s390x/i-machine.btf", types)
    try tree.write("debian/j-shallow.btf", types)
    let result = try await tree.read()
    #expect(result.kernels.map(\.release) == ["a-good"])
    let reasons = Dictionary(
      uniqueKeysWithValues: result.refused.map { ($0.path.split(separator: "/").last!.first!, $0.reason) })
    #expect(result.refused.count == 9 && result.report.count == 10)
    #expect(reasons["b"] == "an archive with nothing in it")
    #expect(reasons["c"]?.hasPrefix("at byte ") == true && reasons["c"]?.contains("cut off") == true)
    #expect(reasons["d"] == "has other.btf in it, and not just d-name.btf")
    #expect(reasons["e"] == "at byte 0: this is not BTF")
    #expect(reasons["f"]?.contains("xz") == true)
    #expect(reasons["g"] == "at byte 0: shorter than a BTF's header")
    #expect(reasons["h"] == "has 2 files, h-two.btf among them, in it, and not just h-two.btf")
    #expect(reasons["i"] == "s390x is no machine of this table")
    #expect(reasons["j"] == "not in a folder <distro>/<release>/<machine>")
    #expect(result.report.first == "debian/12/s390x/i-machine.btf: s390x is no machine of this table")
    #expect(result.report.contains("debian/12/x86_64/a-good.btf: ok"))
    for reason in reasons.values { #expect(!reason.contains("\n") && !reason.contains(tree.root.path)) }
  }

  @Test func whatIsMissingIsNamed() async throws {
    let tree = Tree()
    var text = Self.types()
    let name = Array("mnt_root".utf8)
    let place = try #require(text.indices.first { text[$0...].starts(with: name) })
    text[place] = UInt8(ascii: "M")
    try tree.write("debian/12/x86_64/6.1.0.btf", text)
    #expect(try await tree.reasons() == ["it lacks task_struct.pids vfsmount.mnt_root"])
  }

  @Test func twoFilesOfOneKernel() async throws {
    let (tree, other) = (Tree(), Tree())
    try tree.write("debian/12/x86_64/6.1.0.btf", Self.types())
    try other.write("debian/12/x86_64/6.1.0.btf", Self.types())
    var trees = [try await ArchiveTree(tree.root.path), try await ArchiveTree(other.root.path)]
    let result = try await Generator(trees: trees).read()
    #expect(result.kernels.count == 1 && result.report.count == 2)
    try other.write("debian/12/x86_64/6.1.0.btf", Self.types(8))
    trees[1] = try await ArchiveTree(other.root.path)
    let generator = Generator(trees: trees)
    await #expect(throws: Generator.Conflict.self) { try await generator.read() }
  }

  @Test func noTree() async throws {
    await #expect(throws: ArchiveTree.Unusable.self) { try await ArchiveTree("/nowhere/archive") }
    await #expect(throws: ArchiveTree.Unusable.self) { try await ArchiveTree("/etc/passwd") }
    let tree = Tree()
    try tree.write("README.md", [65])
    await #expect(throws: ArchiveTree.Unusable.self) { try await ArchiveTree(tree.root.path) }
  }
}
