import Foundation
import SystemPackage
import Testing

@testable import kmatrix

/// Writing the types in images as files.
@Suite struct BTFArchiveTests {
  private func number(_ value: Int, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }

  /// An ELF file with two sections: the names of sections, and one that is called `name`.
  private func elf(_ name: String, _ types: [UInt8]) -> Data {
    let names = [0] + Array(name.utf8) + [0] + Array(".names".utf8) + [0]
    func section(_ name: Int, _ start: Int, _ size: Int) -> [UInt8] {
      number(name, 4) + [UInt8](repeating: 0, count: 20) + number(start, 8) + number(size, 8) + number(0, 24)
    }
    var header: [UInt8] = [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1] + [UInt8](repeating: 0, count: 57)
    header.replaceSubrange(40..<48, with: number(64 + names.count + types.count, 8))
    header.replaceSubrange(58..<64, with: number(64, 2) + number(2, 2) + number(0, 2))
    let sections = section(name.utf8.count + 2, 64, names.count) + section(1, 64 + names.count, types.count)
    return Data(header + names + types + sections)
  }

  private func complaint<T>(_ body: () throws -> T) -> String {
    do { _ = try body() } catch { return (error as? KernelStoreError)?.description ?? "\(error)" }
    return "none"
  }

  private let kernel = KernelFilesTests.kernel("6.1.0-47-amd64", "6.1-generic", "6.1", .generic)

  @Test func writesTheSection() throws {
    let folder = try TemporaryFolder()
    let archive = BTFArchive(root: folder.path.appending("archive"))
    let types: [UInt8] = [0x9f, 0xeb, 1, 0] + (0..<100).map { UInt8($0) }
    #expect(try archive.write(kernel, from: folder.write(elf(".BTF", types), "image")))
    let path = folder.path.appending("archive/debian/old/x86_64/6.1.0-47-amd64.btf")
    #expect(archive.path(of: kernel) == path)
    #expect(try Data(contentsOf: URL(filePath: path.string)) == Data(types))
  }

  @Test func aKernelWithoutTypesIsLeftOut() throws {
    let folder = try TemporaryFolder()
    let archive = BTFArchive(root: folder.path.appending("archive"))
    #expect(try !archive.write(kernel, from: folder.write(elf(".BTF_ids", [0x9f, 0xeb]), "image")))
    #expect(!FileManager.default.fileExists(atPath: archive.root.string))
  }

  @Test func badImages() throws {
    let folder = try TemporaryFolder()
    let archive = BTFArchive(root: folder.path.appending("archive"))
    let good = elf(".BTF", [0x9f, 0xeb, 1, 0])
    func write(_ data: Data) -> String {
      complaint { try archive.write(kernel, from: try folder.write(data, "image")) }
    }
    #expect(write(elf(".BTF", [1, 2, 3, 4])) == "6.1.0-47-amd64: its types do not begin with the magic number of BTF")
    #expect(write(Data("text".utf8)).hasSuffix("image: not a 64-bit ELF file with sections"))
    // The last section header says where that section begins, and how long it is.
    for (offset, value) in [(24, 0x7f), (32, 0x7f)] {
      var cut = good
      cut[cut.count - 64 + offset + 2] = UInt8(value)
      #expect(write(cut).hasSuffix("image: its section .BTF is cut off"))
    }
    for length in good.indices { _ = write(good.prefix(length)) }
    #expect(
      complaint { try archive.write(kernel, from: "/nowhere/image") }.hasPrefix("/nowhere/image: cannot be read"))
    let file = BTFArchive(root: try folder.write(Data(), "file"))
    #expect(complaint { try file.write(kernel, from: try folder.write(good, "image")) }.contains("cannot be written"))
  }
}
