import Foundation
import Testing

@testable import QuarkBTF
@testable import QuarkLinux

/// A BTF with everything that kprobes need, in a form that a test chooses.
struct OffsetsKernel {
  /// Members by structure: name and offset, each of the type `int`.
  var structures: [String: [(name: String, offset: UInt32)]] = [
    "cred": [
      ("uid", 4), ("gid", 8), ("suid", 12), ("sgid", 16), ("euid", 20), ("egid", 24), ("cap_inheritable", 40),
      ("cap_permitted", 48), ("cap_effective", 56), ("cap_bset", 64), ("cap_ambient", 72),
    ],
    "mm_struct": [("start_stack", 280)], "mount": [("mnt_mountpoint", 24), ("mnt", 32)],
    "nsproxy": [("uts_ns", 8), ("ipc_ns", 16), ("mnt_ns", 24), ("net_ns", 40)], "pid": [("numbers", 56)],
    "signal_struct": [("pids", 400), ("tty", 408)],
    "task_struct": [
      ("comm", 1000), ("cred", 1008), ("exit_code", 1016), ("fs", 1024), ("group_leader", 1032), ("mm", 1040),
      ("nsproxy", 1048), ("pid", 1056), ("real_parent", 1064), ("real_start_time", 1072), ("signal", 1080),
      ("tgid", 1088),
    ],
    "tty_driver": [("major", 4), ("minor_start", 8)], "tty_struct": [("driver", 16), ("index", 24)],
    "upid": [("nr", 0)],
    "vfsmount": [("mnt_root", 8)], "mnt_namespace": [("proc_inum", 12)], "ipc_namespace": [("proc_inum", 20)],
    "uts_namespace": [("proc_inum", 28)],
  ]

  func build(_ more: (inout BTFBuilder, UInt32) -> Void = { _, _ in }) -> [UInt8] {
    var builder = BTFBuilder()
    let int = builder.add(.int, "int", 4)
    for (name, members) in structures.sorted(by: { $0.key < $1.key }) {
      builder.structure(name, size: 4096, members.map { ($0.name, int, $0.offset) })
    }
    let path = builder.structure("path", size: 16, [("mnt", int, 0), ("dentry", int, 8)])
    builder.structure("fs_struct", size: 64, [("root", path, 24), ("pwd", path, 40)])
    // As in Linux 6.16: the name is const, and is in a union with another member.
    let qstr = builder.structure("qstr", size: 16, [("hash", int, 0), ("name", int, 8)])
    let names = builder.structure(
      "", size: 16, [("__d_name", qstr, 0), ("d_name", builder.add(.const, "", qstr), 0)], kind: .union)
    builder.structure("dentry", size: 192, [("d_parent", int, 24), ("", names, 32)])
    let common = builder.structure("ns_common", size: 24, [("stashed", int, 0), ("inum", int, 16)])
    builder.structure("net", size: 4096, [("ns", common, 120)])
    let constants = [("PIDTYPE_PID", 0), ("PIDTYPE_TGID", 1), ("PIDTYPE_PGID", 2), ("PIDTYPE_SID", 3)]
    let values = constants.flatMap { [builder.string($0.0), UInt32($0.1)] }
    builder.add(6, "pid_type", 4, count: 4, values)
    more(&builder, int)
    return builder.bytes
  }

  func offsets(_ more: (inout BTFBuilder, UInt32) -> Void = { _, _ in }) throws -> KernelOffsets {
    try Self.offsets(build(more))
  }

  static func offsets(_ bytes: [UInt8]) throws -> KernelOffsets {
    let file = RecorderTests.TemporaryFile()
    try file.write(Data(bytes))
    return try KernelOffsets(btf: file.path)
  }

  /// The offsets in a file that has only these types; all others are missing, so a test can ask for only one name.
  static func resolve(_ bytes: [UInt8]) throws -> OffsetVector {
    let file = RecorderTests.TemporaryFile()
    try file.write(Data(bytes))
    return try DotnameResolver.resolve(FileReader(path: file.path))
  }
}

@Suite struct DotnameTests {
  @Test func theNamesAreInTheOrderTheyArePrinted() {
    let names = Dotname.allCases.map { "\($0.name)" }
    #expect(Dotname.requiredCount == 51 && Dotname.count == 76 && names.count == 76 && Set(names).count == 76)
    var required = Array(names[..<51])
    // These two are not in alphabetical order.
    let moved = ["mnt_namespace.proc_inum", "task_struct.start_boottime"]
    #expect(names[firstIndex(names, moved[0]) - 1] == "mount.mnt_mountpoint")
    #expect(names[firstIndex(names, moved[1]) + 1] == "task_struct.signal")
    required.removeAll { moved.contains($0) }
    #expect(required == required.sorted())
    for name in Dotname.allCases { #expect(Dotname("\(name.name)") == name) }
    #expect(Dotname("cred") == nil && Dotname("") == nil && Dotname("net.ns.inum") == nil)
  }

  private func firstIndex(_ names: [String], _ name: String) -> Int { names.firstIndex(of: name) ?? 0 }

  @Test func allOfThem() throws {
    let offsets = try OffsetsKernel().offsets()
    #expect(offsets[.credCapAmbient] == 72 && offsets[.upidNr] == 0 && offsets[.signalStructPids] == 400)
    #expect(offsets[.fsStructPwdDentry] == 48 && offsets[.fsStructPwdMnt] == 40 && offsets[.fsStructRootDentry] == 32)
    #expect(offsets[.dentryDNameName] == 40, "in a union without a name, and constant")
    #expect(offsets[.netNamespaceProcInum] == 136, "by its first alternative")
    #expect(offsets[.taskStructStartBoottime] == 1072, "as it was called before 5.5")
    #expect(offsets[.mntNamespaceProcInum] == 12, "the first spelling counts")
    #expect(offsets[.pidTypePGID] == 2 && offsets[.pidTypeSID] == 3)
    #expect(offsets[.taskStructPids] == nil && offsets[.mmStructArgStart] == nil)
  }

  @Test func theLastAlternative() throws {
    var kernel = OffsetsKernel()
    kernel.structures["mnt_namespace"] = [("count", 0)]
    #expect(throws: QuarkError.self) { try kernel.offsets() }
    let bytes = kernel.build { builder, int in builder.structure("net_namespace", size: 8, [("proc_inum", int, 4)]) }
    #expect(try OffsetsKernel.resolve(bytes)[.netNamespaceProcInum] == 4, "the first spelling wins if it is there")
    var old = BTFBuilder()
    let int = old.add(.int, "int", 4)
    old.structure("net", size: 64, [("proc_inum", int, 60)])
    #expect(try OffsetsKernel.resolve(old.bytes)[.netNamespaceProcInum] == 60)
  }

  /// One of the two kinds of pids may be missing, and nothing else.
  @Test func whatMayBeMissing() throws {
    var kernel = OffsetsKernel()
    kernel.structures["signal_struct"] = [("tty", 408)]
    kernel.structures["task_struct"]!.append(("pids", 1096))
    #expect(try kernel.offsets()[.taskStructPids] == 1096)
    kernel.structures["task_struct"]!.removeLast()
    let both = #expect(throws: QuarkError.self) { try kernel.offsets() }
    #expect(both?.errno == Errno(ENOTSUP))
    kernel = OffsetsKernel()
    kernel.structures["upid"] = [("ns", 8)]
    let other = #expect(throws: QuarkError.self) { try kernel.offsets() }
    #expect(other?.detail.hasSuffix(": it lacks signal_struct.pids upid.nr") == false)
    #expect(other?.detail.contains("upid.nr") == true)
    // With both kinds nothing is missing.
    kernel = OffsetsKernel()
    kernel.structures["task_struct"]!.append(("pids", 1096))
    #expect(try kernel.offsets()[.signalStructPids] == 400)
    // Members that only some kernels have are never missing, and are found if they exist.
    kernel.structures["mount"]!.append(("mnt_parent", 16))
    #expect(try kernel.offsets()[.mountMntParent] == 16)
  }

  @Test(
    arguments: [
      // Members of structures with the flag: the upper 8 bits are the size of a bit-field.
      (true, UInt32(24 * 8), 24), (true, 24 * 8 | 1 << 24, nil), (true, 24 * 8 + 1, nil), (true, 8 << 24 | 24 * 8, nil),
      (false, 24 * 8, 24), (false, 24 * 8 + 4, nil),
    ] as [(Bool, UInt32, Int?)])
  func bitFields(flag: Bool, position: UInt32, expected: Int?) throws {
    var builder = BTFBuilder()
    let int = builder.add(.int, "int", 4)
    builder.add(4 | (flag ? 0x80 : 0), "upid", 64, count: 1, [builder.string("nr"), int, position])
    #expect(try OffsetsKernel.resolve(builder.bytes)[.upidNr] == expected)
  }

  /// The old form of bit-fields without the flag: an integer with fewer bits than its size.
  @Test(arguments: [(UInt32(32), 4), (3, nil), (32 | 8 << 16, nil)] as [(UInt32, Int?)])
  func oldBitFields(encoding: UInt32, expected: Int?) throws {
    var builder = BTFBuilder()
    let int = builder.add(1, "unsigned int", 4, count: 0, [encoding])
    builder.structure("upid", size: 8, [("nr", int, 4)])
    #expect(try OffsetsKernel.resolve(builder.bytes)[.upidNr] == expected)
  }

  @Test func howTypesAreSearched() throws {
    var builder = BTFBuilder()
    let int = builder.add(.int, "int", 4)
    // The order of declarations counts, also inside unnamed members; a name that is repeated later is ignored.
    let inner = builder.structure("", size: 8, [("nr", int, 4)])
    let outer = builder.structure("", size: 16, [("", inner, 8)], kind: .union)
    builder.structure("upid", size: 64, [("x", int, 0), ("", outer, 16), ("nr", int, 60)])
    // A union is used if there is no structure; if there are two with one name, the first is used.
    builder.structure("vfsmount", size: 8, [("mnt_root", int, 4)], kind: .union)
    builder.structure("tty_driver", size: 64, [("major", int, 8)])
    builder.structure("tty_driver", size: 64, [("major", int, 16)])
    // Typedefs and pointers are not followed.
    let path = builder.structure("path", size: 16, [("mnt", int, 0), ("dentry", int, 8)])
    builder.structure(
      "fs_struct", size: 64,
      [("pwd", builder.add(.typedef, "path_t", path), 0), ("root", builder.add(.pointer, "", path), 16)])
    let vector = try OffsetsKernel.resolve(builder.bytes)
    #expect(vector[.upidNr] == 28 && vector[.vfsmountMntRoot] == 4 && vector[.ttyDriverMajor] == 8)
    #expect(vector[.fsStructPwdMnt] == nil && vector[.fsStructRootDentry] == nil)
  }
}

@Suite struct BTFDamageTests {
  private func detail(_ bytes: [UInt8]) -> String {
    do {
      _ = try OffsetsKernel.offsets(bytes)
      return "none"
    } catch let error as QuarkError {
      return String(error.detail.split(separator: ": ", maxSplits: 1).last ?? "")
    } catch { return "\(error)" }
  }

  private func patched(_ bytes: [UInt8], _ offset: Int, _ byte: UInt8) -> [UInt8] {
    var bytes = bytes
    bytes[offset] = byte
    return bytes
  }

  @Test func theHeader() {
    let bytes = OffsetsKernel().build()
    #expect(detail([]) == "at byte 0: shorter than a BTF's header")
    #expect(detail(Array(bytes[..<20])) == "at byte 0: shorter than a BTF's header")
    #expect(detail(Array("just some words of a text".utf8)) == "at byte 0: this is not BTF")
    #expect(detail(patched(patched(bytes, 0, 0xeb), 1, 0x9f)) == "at byte 0: a BTF of the other byte order")
    #expect(detail(patched(bytes, 2, 9)) == "at byte 2: a version of BTF that is not known here")
    #expect(detail(patched(bytes, 4, 8)) == "at byte 4: the header has an impossible size")
    #expect(detail(patched(bytes, 8, 1)) == "at byte 8: the types do not begin at a multiple of 4")
    #expect(detail(patched(bytes, 11, 0x7f)).hasPrefix("at byte 12: the types run into the strings"))
    #expect(detail(patched(bytes, 23, 0x7f)) == "at byte 20: larger than any kernel's")
    #expect(
      detail(Array(bytes.dropLast()))
        == "at byte \(bytes.count - 1): the last string has no end, or the file is cut off")
  }

  @Test func theTypes() {
    let build = OffsetsKernel().build
    #expect(detail(build { builder, _ in builder.add(31, "future", 0) }).hasSuffix("of an unknown kind"))
    #expect(detail(build { builder, _ in builder.add(4, "", 8, count: 9, []) }).hasSuffix("longer than the types are"))
    var kernel = OffsetsKernel()
    kernel.structures["upid"] = nil
    let behind = kernel.build { builder, int in builder.structure("upid", size: 8, [("nr", int, 16)]) }
    #expect(detail(behind).hasSuffix("a member begins behind the end"))
    let missing = kernel.build { builder, _ in builder.structure("upid", size: 8, [("", 9999, 0)]) }
    #expect(
      detail(missing).hasPrefix("type 9999, at byte ")
        && detail(missing).hasSuffix("named by another, but there are fewer"))
    let itself = kernel.build { builder, _ in builder.structure("upid", size: 8, [("", builder.count + 1, 0)]) }
    #expect(detail(itself).hasSuffix("nested too deeply"))
    let const = kernel.build { builder, _ in
      builder.add(.const, "", builder.count + 1)
      builder.structure("upid", size: 8, [("", builder.count, 0)])
    }
    #expect(detail(const).hasSuffix("const of itself"))
    // Each level has two ways to the next one: 2^30 in all.
    let ways = kernel.build { builder, int in
      var level = builder.structure("", size: 8, [("x", int, 0)])
      for _ in 0..<30 { level = builder.structure("", size: 8, [("", level, 0), ("", level, 0)]) }
      builder.structure("upid", size: 8, [("", level, 0)])
    }
    #expect(detail(ways).hasSuffix("nested in more ways than can be tried"))
    let name = kernel.build { builder, int in builder.add(4, "upid", 8, count: 1, [1 << 30, int, 0]) }
    #expect(detail(name).hasSuffix("a member's name is outside of the strings"))
  }

  /// A file that is cut, or has a byte changed, at some places (make fuzz tries others), gives an answer or an error
  /// and never ends the program.
  @Test func nothingTraps() throws {
    let bytes = OffsetsKernel().build()
    for length in stride(from: 0, to: bytes.count, by: 11) { #expect(detail(Array(bytes[..<length])) != "none") }
    for index in stride(from: 0, to: bytes.count, by: 7) {
      for value in [0, 1, 0x80, 0xff] as [UInt8] { _ = detail(patched(bytes, index, value)) }
    }
  }

  @Test func anELFFile() throws {
    let types = OffsetsKernel().build()
    let elf = Self.elf(types)
    #expect(try OffsetsKernel.offsets(elf)[.upidNr] == 0)
    #expect(detail(Self.elf(types, name: ".BTX")).hasSuffix("the ELF file has no section .BTF"))
    #expect(detail(Self.elf(types, flags: 0x800)).hasSuffix("the section is compressed"))
    #expect(detail(Self.elf(Array(types.dropLast(8)))).hasSuffix("the strings end behind the section"))
    #expect(detail(patched(elf, 4, 1)) == "at byte 4: not an ELF file of 64 bits, little-endian")
    for length in stride(from: 0, to: elf.count, by: 97) { #expect(detail(Array(elf[..<length])) != "none") }
    for index in 0..<64 { for value in [0, 0x7f, 0xff] as [UInt8] { _ = detail(patched(elf, index, value)) } }
  }

  static func elf(_ types: [UInt8], name: String = ".BTF", flags: UInt64 = 0) -> [UInt8] {
    func number(_ value: UInt64, _ bytes: Int) -> [UInt8] {
      (0..<bytes).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
    func section(_ name: UInt64, _ flags: UInt64, _ offset: Int, _ size: Int) -> [UInt8] {
      number(name, 4) + number(1, 4) + number(flags, 8) + number(0, 8) + number(UInt64(offset), 8)
        + number(UInt64(size), 8) + number(0, 24)
    }
    let names = [0] + Array(name.utf8) + [0] + Array(".names".utf8) + [0] + [UInt8](repeating: 0, count: 16)
    let table = 64 + names.count + types.count
    var bytes = [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1] + [UInt8](repeating: 0, count: 9)
    bytes += number(2, 2) + number(62, 2) + number(1, 4) + number(0, 16) + number(UInt64(table), 8) + number(0, 4)
    bytes += number(64, 2) + number(0, 4) + number(64, 2) + number(3, 2) + number(1, 2)
    bytes += names + types
    bytes += section(0, 0, 0, 0) + section(UInt64(name.utf8.count) + 2, 0, 64, names.count)
    return bytes + section(1, flags, 64 + names.count, types.count)
  }

  @Test func theReasonNamesTheFile() {
    let error = #expect(throws: QuarkError.self) { try KernelOffsets(btf: "/nowhere/vmlinux") }
    #expect(error?.message == "cannot find the kernel's offsets: No such file or directory: /nowhere/vmlinux")
    #expect(throws: QuarkError.self) { try KernelOffsets(btf: "/") }
  }
}
