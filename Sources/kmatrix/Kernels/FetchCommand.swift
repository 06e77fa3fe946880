import ArgumentParser

extension KMatrix {
  struct Fetch: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Put kernel images into the cache and link them under kernel-images/amd64.")

    @OptionGroup var root: RootOption
    @OptionGroup var selection: SelectionOptions
    @Flag(help: "A package that the mirror dropped is an error, instead of being replaced.") var locked = false
    @Flag(help: "Use only what is cached.") var offline = false
    @Flag(help: "Keep the packages in the cache.") var keepDebs = false
    @Flag(help: "Of kernels that are built without BTF: the BTF that they would have, instead of the images.")
    var btf = false

    func run() async throws { try await Interruption.heeded { try await fetch() } }

    private func fetch() async throws {
      let store = try root.store()
      let kernels = try store.select(set: selection.set, glob: selection.kernels)
      let reporter = FetchReporter(total: kernels.count)
      defer { reporter.finish() }
      let options = FetchOptions(locked: locked, offline: offline, keepDebs: keepDebs, check: .full)
      if btf { return try await fetchBTF(kernels, store, options, reporter) }
      let result = try await store.fetchImages(kernels, options) { reporter.show($0) }
      reporter.finish()
      // Nothing but paths: a replacement has been announced on standard error.
      for image in result.images { print(image.path) }
      for missing in result.missing.dropLast() { KMatrix.complain(missing.error.description) }
      if let last = result.missing.last { throw last.error }
    }

    private func fetchBTF(
      _ kernels: [LockedKernel], _ store: KernelStore, _ options: FetchOptions, _ reporter: FetchReporter
    ) async throws {
      let built = kernels.filter(\.isBuilt)
      guard !built.isEmpty else { throw KernelStoreError(.usage, "--btf: none of these kernels is built here") }
      for kernel in built {
        let file = try await store.ensureBTF(ofBuilt: kernel, options) { reporter.show($0) }
        reporter.finish()
        print(file)
      }
    }
  }
}
