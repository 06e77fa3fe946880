import Foundation
import SystemPackage
import Testing

@testable import kmatrix

@Suite struct BootImageTests {
  @Test(arguments: BootImage.Compression.allCases)
  func unpacks(_ compression: BootImage.Compression) async throws {
    let folder = try TemporaryFolder()
    let elf = FakeKernel.elf("\(compression)")
    let image = try folder.write(try await FakeKernel.bzImage(elf, compression), "vmlinuz")
    let out = folder.path.appending("elf")
    try await BootImage.unpack(image, to: out, folder: folder.path)
    #expect(try Data(contentsOf: URL(filePath: out.string)) == elf)
  }

  private func complaint(_ image: Data) async throws -> String? {
    let folder = try TemporaryFolder()
    do {
      try await BootImage.unpack(
        try folder.write(image, "vmlinuz"), to: folder.path.appending("elf"), folder: folder.path)
      return nil
    } catch {
      return (error as? KernelStoreError)?.description
    }
  }

  @Test func badImages() async throws {
    let good = try await FakeKernel.bzImage(FakeKernel.elf("x"), .gzip)
    #expect(try await complaint(good) == nil)
    #expect(try await complaint(Data()) == "vmlinuz: not a bzImage")
    #expect(try await complaint(Data(good.prefix(0x267))) == "vmlinuz: not a bzImage")
    #expect(try await complaint(Data(good.prefix(1300))) == "vmlinuz: its payload is cut off")
    let odd = FakeKernel.bzImage(payload: Data("no known magic here".utf8))
    #expect(try await complaint(odd) == "vmlinuz: its payload has an unknown compression")
    let broken = FakeKernel.bzImage(payload: Data([0x1f, 0x8b] + Array(repeating: 7, count: 40)))
    #expect(try await complaint(broken)?.hasPrefix("gzip: ") == true)
    let text = try await FakeKernel.bzImage(Data("just text, and enough of it to be compressed".utf8), .xz)
    #expect(try await complaint(text) == "not an x86-64 ELF file")
    let plain = try await FakeKernel.bzImage(FakeKernel.elf("x", pvh: false), .zstd)
    #expect(try await complaint(plain) == "the kernel has no PVH entry, so qemu cannot boot it")
  }

  @Test func wrongSizeIsFound() async throws {
    var image = try await FakeKernel.bzImage(FakeKernel.elf("x"), .lz4)
    let payload = try BootImage.payload(in: image)
    image[payload.range.upperBound] ^= 1
    #expect(try await complaint(image) == "lz4: the unpacked kernel does not have the size that its image states")
  }

  /// No offset, wherever it is, may lead outside the file.
  @Test func hostileHeaders() async throws {
    let folder = try TemporaryFolder()
    var generator = SystemRandomNumberGenerator()
    let good = FakeKernel.elf("x")
    for round in 0..<300 {
      var bad = good
      for _ in 0..<4 { bad[Int.random(in: 6..<140, using: &generator)] = UInt8.random(in: 0...255, using: &generator) }
      if round % 3 == 0 { bad = bad.prefix(Int.random(in: 0..<200, using: &generator)) }
      let file = try folder.write(bad, "elf")
      do throws(KernelStoreError) { try ELFImage.check(file) } catch { #expect(!error.description.isEmpty) }
    }
  }
}
