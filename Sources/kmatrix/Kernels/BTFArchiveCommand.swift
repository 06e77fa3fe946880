import ArgumentParser
import SystemPackage

extension KMatrix {
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
}
