import ArgumentParser
import Foundation
import SystemPackage

struct BTFArchiveCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "btf-archive",
    abstract: "Write the locked kernels' types into a folder, in the layout of the BTFhub archive.",
    discussion: """
      Of a kernel that is built here without types, those of the same source built with them. Other kernels without \
      are named on standard error and left out.
      """)

  @OptionGroup var root: RootOption
  @OptionGroup var selection: SelectionOptions
  @Flag(help: "Use only what is cached.") var offline = false
  @Argument(help: "The folder.") var folder: String

  func run() async throws { try await Interruption.heeded { try await write() } }

  private func write() async throws {
    let store = try root.store()
    // All of them, also those that the usual run leaves out.
    let kernels = try store.select(
      set: selection.set ?? (selection.kernels == nil ? KernelManifest.everything : nil), glob: selection.kernels)
    let reporter = FetchReporter(total: kernels.count)
    defer { reporter.finish() }
    // A table must hold just what the lock says.
    let options = FetchOptions(locked: true, offline: offline, check: .full)
    _ = try await store.ensureImages(kernels.filter { !$0.isBuilt }, options) { reporter.show($0) }
    var files: [FilePath] = []
    for kernel in kernels {
      let btf = kernel.isBuilt ? try await store.ensureBTF(ofBuilt: kernel, options) { reporter.show($0) } : nil
      files.append(btf ?? store.cache.image(of: kernel))
    }
    reporter.finish()
    let archive = BTFArchive(root: FilePath(folder))
    var written = 0
    for (kernel, file) in zip(kernels, files) {
      if try archive.write(kernel, from: file) {
        written += 1
        print(archive.path(of: kernel))
      } else {
        KMatrix.complain("\(kernel.release): built without types")
      }
    }
    guard written > 0 else { throw KernelStoreError("none of the kernels has types") }
  }
}

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
