import Foundation

/// Which kernels the user wants.
struct KernelSelection: Sendable, Equatable {
  /// A set of `kernels.toml`; nil for the default set or, with a glob, for all kernels.
  var set: String?
  /// Globs over releases, separated by commas; nil for all of the set.
  var glob: String?
}

/// The images that were asked for, or why they are missing.
struct FetchedImages: Sendable {
  /// By the release that was asked for. For a replaced kernel it is the image of its replacement.
  var images: [String: KernelImage] = [:]
  /// Releases that the archive no longer has and nothing replaces, each with the error.
  var missing: [String: String] = [:]
}

/// Where kernels come from. Selecting and fetching are separate, so that a shard fetches only its own part.
protocol KernelSource: Sendable {
  /// The selected kernels, at least one. Their images may not exist yet, and `path` may be empty.
  func select(_ selection: KernelSelection) throws(KMatrixError) -> [KernelImage]
  /// Fetches the images that are not cached.
  func fetch(_ kernels: [KernelImage], locked: Bool) async throws(KMatrixError) -> FetchedImages
  /// The shell command that repeats `command` on this kernel only.
  func rerun(_ image: KernelImage, command: GuestCommand, in guest: GuestSettings) -> String
}

/// What a guest is, apart from its kernel and what it runs. The defaults are those of `kmatrix run`.
struct GuestSettings: Sendable, Equatable {
  var initramfs = "initramfs.gz"
  var cpus = 1
  /// Seconds a boot may take with all its tests.
  var timeout = 300
}

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
      // The row already names the kernel.
      let (release, words) = (missing.kernel.release, missing.error.description)
      fetched.missing[release] = words.dropping(prefix: "\(release): ").map(String.init) ?? words
    }
    return fetched
  }

  /// `make` first builds what is out of date. It passes on options, among them those that choose a backend.
  func rerun(_ image: KernelImage, command: GuestCommand, in guest: GuestSettings) -> String {
    var words = ["make", "test-kernel", "KERNELS=\(image.replaces ?? image.release)"]
    if !command.tests.isEmpty { words.append("TESTS=\(command.tests.joined(separator: ","))") }
    let usual = GuestSettings()
    if guest.cpus != usual.cpus { words.append("CPUS=\(guest.cpus)") }
    var arguments = (command.seed.map { ["--shuffle", "\($0)"] } ?? []) + (command.isAlone ? ["--alone"] : [])
    if guest.initramfs != usual.initramfs { arguments += ["--initramfs", guest.initramfs] }
    if guest.timeout != usual.timeout { arguments += ["--timeout", "\(guest.timeout)"] }
    let program = command.program == GuestCommand(tests: []).program ? [] : [command.program]
    if !(program + command.options).isEmpty { arguments += ["--"] + program + command.options }
    if !arguments.isEmpty { words.append("ARGS=\(arguments.joined(separator: " "))") }
    return Shell.line(words)
  }

  private static func error(_ error: KernelStoreError) -> KMatrixError {
    error.kind == .usage ? .usage(error.description) : .infrastructure(error.description)
  }
}

/// Kernels given as files: `--image kernel-images/amd64/linux-6.1.0-47-cloud-amd64`.
struct ImageFiles: KernelSource {
  var paths: [String]

  func select(_ selection: KernelSelection) throws(KMatrixError) -> [KernelImage] {
    if selection.set != nil { throw .usage("--set and --image exclude each other") }
    var images: [KernelImage] = []
    for path in paths {
      guard let image = Self.image(path) else {
        throw .usage("--image \(path): not named linux-RELEASE, so its release is not known")
      }
      images.append(image)
    }
    guard let glob = selection.glob else { return images }
    let globs = Glob.list(glob)
    let chosen = images.filter { image in globs.contains { $0.matches(image.release) } }
    if chosen.isEmpty { throw .usage("no --image matches \"\(glob)\"") }
    return chosen
  }

  func fetch(_ kernels: [KernelImage], locked: Bool) throws(KMatrixError) -> FetchedImages {
    for kernel in kernels where !FileManager.default.isReadableFile(atPath: kernel.path) {
      throw .infrastructure("\(kernel.path): cannot be read")
    }
    return FetchedImages(images: Dictionary(uniqueKeysWithValues: kernels.map { ($0.release, $0) }))
  }

  func rerun(_ image: KernelImage, command: GuestCommand, in guest: GuestSettings) -> String {
    Self.krunLine(image, command: command, in: guest)
  }

  static func krunLine(_ image: KernelImage, command: GuestCommand, in guest: GuestSettings) -> String {
    let cpus = guest.cpus == GuestSettings().cpus ? [] : ["--cpus", "\(guest.cpus)"]
    let modules = image.modules.map { ["--add", $0] } ?? []
    return Shell.line(["./krun.sh"] + cpus + modules + [guest.initramfs, image.path] + command.words)
  }

  static func image(_ path: String) -> KernelImage? {
    let file = URL(filePath: path).lastPathComponent
    let prefixes = ["linux-", "vmlinuz-", "vmlinux-"]
    guard let release = prefixes.lazy.compactMap({ file.dropping(prefix: $0) }).first.map(String.init),
      release.first?.isNumber == true
    else { return nil }
    let folder = URL(filePath: path).deletingLastPathComponent()
    let modules = folder.appending(path: ImageLinker.modules(release)).relativePath
    let hasModules = FileManager.default.isReadableFile(atPath: modules)
    let without = Expectation(kind: .skip, test: ModuleFiles.test, reason: "there is no \(modules)")
    return KernelImage(
      release: release, series: series(release), flavour: flavour(release), path: path,
      modules: hasModules ? modules : nil, replaces: nil, expectations: hasModules ? [] : [without])
  }

  private static func series(_ release: String) -> String {
    release.split(whereSeparator: { !$0.isNumber }).prefix(2).joined(separator: ".")
  }

  private static func flavour(_ release: String) -> String {
    ["cloud", "rt", "nobtf"].first { release.split(separator: "-").contains(Substring($0)) } ?? "generic"
  }
}
