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

    func run() async throws {
      let store = try root.store()
      let kernels = try store.select(set: selection.set, glob: selection.kernels)
      let reporter = FetchReporter(total: kernels.count)
      defer { reporter.finish() }
      let options = FetchOptions(locked: locked, offline: offline, keepDebs: keepDebs, check: .full)
      let result = try await store.fetchImages(kernels, options) { reporter.show($0) }
      reporter.finish()
      // Nothing but paths: a replacement has been announced on standard error.
      for image in result.images { print(image.path) }
      for missing in result.missing.dropLast() { KMatrix.complain(missing.error.description) }
      if let last = result.missing.last { throw last.error }
    }
  }
}
