/// Kernels of the checkout's `kernels.lock`, fetched as needed.
struct StoredKernels: KernelSource {
  let store: KernelStore

  init() throws(KMatrixError) {
    do { store = try KernelStore(root: KernelStore.findRoot()) } catch { throw Self.error(error) }
  }

  func select(_ selection: KernelSelection) throws(KMatrixError) -> [KernelImage] {
    do {
      return try store.select(set: selection.set, glob: selection.glob).map { kernel in
        KernelImage(
          release: kernel.release, series: kernel.series, flavour: kernel.flavour.rawValue, path: "", replaces: nil,
          expectations: [])
      }
    } catch {
      throw Self.error(error)
    }
  }

  func fetch(_ kernels: [KernelImage], locked: Bool) async throws(KMatrixError) -> FetchedImages {
    let wanted = Set(kernels.map(\.release))
    let reporter = FetchReporter(total: wanted.count)
    defer { reporter.finish() }
    let result: FetchResult
    do {
      result = try await store.fetchImages(
        store.lock.kernels.filter { wanted.contains($0.release) }, FetchOptions(locked: locked)
      ) { reporter.show($0) }
    } catch {
      throw Self.error(error)
    }
    var fetched = FetchedImages()
    for image in result.images { fetched.images[image.replaces ?? image.release] = image }
    for missing in result.missing {
      // The row says already which kernel it is.
      let (release, words) = (missing.kernel.release, missing.error.description)
      fetched.missing[release] = words.dropping(prefix: "\(release): ").map(String.init) ?? words
    }
    return fetched
  }

  /// `make` builds what is out of date first. A backend is chosen by options, which it passes on.
  func rerun(_ image: KernelImage, command: GuestCommand, initramfs: String) -> String {
    var words = ["make", "test-kernel", "KERNELS=\(image.replaces ?? image.release)"]
    if !command.tests.isEmpty { words.append("TESTS=\(command.tests.joined(separator: ","))") }
    var arguments = (command.seed.map { ["--shuffle", "\($0)"] } ?? []) + (command.isAlone ? ["--alone"] : [])
    if !command.options.isEmpty { arguments += ["--"] + command.options }
    if !arguments.isEmpty { words.append("ARGS=\(arguments.joined(separator: " "))") }
    return Shell.line(words)
  }

  private static func error(_ error: KernelStoreError) -> KMatrixError {
    error.kind == .usage ? .usage(error.description) : .infrastructure(error.description)
  }
}
