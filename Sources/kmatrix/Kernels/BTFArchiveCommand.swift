import ArgumentParser
import SystemPackage

extension KMatrix {
  struct BTFArchiveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "btf-archive",
      abstract: "Write the locked kernels' types into a folder, in the layout of the BTFhub archive.",
      discussion: "Kernels built without types are named on standard error and left out.")

    @OptionGroup var root: RootOption
    @OptionGroup var selection: SelectionOptions
    @Flag(help: "Use only what is cached.") var offline = false
    @Argument(help: "The folder.") var folder: String

    func run() async throws {
      let store = try root.store()
      // All of them, also those that the usual run leaves out.
      let kernels = try store.select(
        set: selection.set ?? (selection.kernels == nil ? KernelManifest.everything : nil), glob: selection.kernels)
      let reporter = FetchReporter(total: kernels.count)
      defer { reporter.finish() }
      // A table must hold just what the lock says.
      let options = FetchOptions(locked: true, offline: offline, check: .full)
      _ = try await store.ensureImages(kernels, options) { reporter.show($0) }
      reporter.finish()
      let archive = BTFArchive(root: FilePath(folder))
      var written = 0
      for kernel in kernels {
        if try archive.write(kernel, image: store.cache.image(kernel.imageSHA256)) {
          written += 1
          print(archive.path(of: kernel))
        } else {
          KMatrix.complain("\(kernel.release): built without types")
        }
      }
      guard written > 0 else { throw KernelStoreError("none of the kernels has types") }
    }
  }
}
