import Foundation
import SystemPackage

/// The kernels' types as files in the layout of the BTFhub archive, taken from the images without booting them.
struct BTFArchive: Sendable {
  /// The images are checked to be x86-64 ones when they are made.
  private static let machine = "x86_64"

  let root: FilePath

  /// Where a kernel's types go: `debian/<suite>/x86_64/<release>.btf`.
  func path(of kernel: LockedKernel) -> FilePath {
    root.appending("debian").appending(kernel.suite).appending(Self.machine).appending("\(kernel.release).btf")
  }

  /// Writes the section `.BTF` of `image`, an ELF file, all of it or nothing. False: there is none.
  func write(_ kernel: LockedKernel, image: FilePath) throws(KernelStoreError) -> Bool {
    guard let types = try ELFImage.section(".BTF", of: image) else { return false }
    guard types.starts(with: [0x9f, 0xeb]) else {
      throw KernelStoreError("\(kernel.release): its section .BTF does not begin as BTF does")
    }
    let path = path(of: kernel)
    do {
      try FileManager.default.createDirectory(
        atPath: path.removingLastComponent().string, withIntermediateDirectories: true)
      try types.write(to: URL(filePath: path.string), options: .atomic)
    } catch {
      throw KernelStoreError("\(path): cannot be written: \(error.reason)")
    }
    return true
  }
}
