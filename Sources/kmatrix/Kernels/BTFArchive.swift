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

  /// Writes the types in `file`: the section `.BTF` of an ELF image, or of a kernel that is built here all of it. All of
  /// them or nothing; false: there are none.
  func write(_ kernel: LockedKernel, from file: FilePath) throws(KernelStoreError) -> Bool {
    guard let types = try kernel.isBuilt ? Self.contents(of: file) : ELFImage.section(".BTF", of: file) else {
      return false
    }
    guard types.starts(with: [0x9f, 0xeb]) else {
      throw KernelStoreError("\(kernel.release): its types do not begin as BTF does")
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

  private static func contents(of file: FilePath) throws(KernelStoreError) -> Data {
    do { return try Data(contentsOf: URL(filePath: file.string)) } catch {
      throw KernelStoreError("\(file): cannot be read: \(error.reason)")
    }
  }
}
