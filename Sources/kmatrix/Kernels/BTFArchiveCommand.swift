import ArgumentParser
import Foundation
import SystemPackage

struct BTFArchiveCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "btf-archive",
    abstract: "Write the locked kernels' types into a folder, in the layout of the BTFhub archive.",
    discussion: """
      For a kernel that is built here without types it writes those of the same source built with types. Other kernels \
      without types are named on standard error and skipped.
      """)

  @OptionGroup var root: RootOption
  @OptionGroup var selection: SelectionOptions
  @Flag(help: "Use only what is cached.") var offline = false
  @Argument(help: "The folder.") var folder: String

  func run() async throws { try await Interruption.cancelling { try await write() } }

  private func write() async throws {
    let store = try root.store()
    // The default is all kernels, also those that a usual run leaves out.
    let kernels = try store.select(
      set: selection.set ?? (selection.kernels == nil ? KernelManifest.everything : nil), glob: selection.kernels)
    let reporter = FetchReporter(total: kernels.count)
    defer { reporter.finish() }
    // The offsets table must describe exactly the locked kernels, so replacements are not taken.
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
        StandardOutput.line(archive.path(of: kernel).string)
      } else {
        KMatrix.complain("\(kernel.release): it is built without types")
      }
    }
    guard written > 0 else { throw KernelStoreError("none of the kernels has types") }
  }
}

/// Writes the types of kernels as files in the layout of the BTFhub archive. They are read from the images; nothing is
/// booted.
struct BTFArchive: Sendable {
  /// Every image was checked to be an x86-64 one when it was made.
  private static let machine = "x86_64"

  let root: FilePath

  /// Where a kernel's types go: `debian/<suite>/x86_64/<release>.btf`.
  func path(of kernel: LockedKernel) -> FilePath {
    root.appending("debian").appending(kernel.suite).appending(Self.machine).appending("\(kernel.release).btf")
  }

  /// Writes the types in `file`: the section `.BTF` of an ELF image or, for a kernel that is built here, the whole
  /// file. They are written completely or not at all. Returns false if there are none.
  func write(_ kernel: LockedKernel, from file: FilePath) throws(KernelStoreError) -> Bool {
    guard let types = try kernel.isBuilt ? Self.contents(of: file) : ELFImage.section(".BTF", of: file) else {
      return false
    }
    guard types.starts(with: [0x9f, 0xeb]) else {
      throw KernelStoreError("\(kernel.release): its types do not begin with the magic number of BTF")
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
