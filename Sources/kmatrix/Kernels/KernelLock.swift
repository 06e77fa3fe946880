import Foundation
import SystemPackage

/// `kernels.lock`: the kernels as `kmatrix update` found them, oldest first, one block each.
struct KernelLock: Sendable, Equatable {
  var kernels: [LockedKernel]

  init(kernels: [LockedKernel]) {
    self.kernels = kernels.sorted { $0.isOlder(than: $1) }
  }

  static func load(_ path: FilePath) throws(KernelStoreError) -> KernelLock {
    guard FileManager.default.fileExists(atPath: path.string) else {
      throw KernelStoreError(.usage, "\(path): no such file; `kmatrix update` makes it")
    }
    return try KernelLock(parsing: TOMLFile.read(path), file: path.string)
  }

  init(parsing text: String, file: String) throws(KernelStoreError) {
    struct File: Decodable { var kernel: [LockedKernel] }
    kernels = try TOMLFile.decode(File.self, from: text, file: file).kernel
    for kernel in kernels {
      guard kernel.sha256.isSHA256, (kernel.config?.sha256 ?? kernel.imageSHA256).isSHA256 else {
        throw KernelStoreError(.usage, "\(file): \(kernel.release): a sha256 is not 64 hexadecimal digits")
      }
      // These become parts of file names and of addresses.
      guard kernel.release.isFileName, kernel.config?.file.isFileName ?? true, !kernel.path.hasPrefix("/"),
        !kernel.path.contains("..")
      else {
        throw KernelStoreError(.usage, "\(file): \(kernel.release): a release or path that leads elsewhere")
      }
    }
  }

  /// The file's text: the same kernels always give the same bytes.
  var text: String {
    var out = """
      # Which packages the kernels of kernels.toml are, to the byte. Written by `kmatrix update`; do not edit.
      # sha256 is the package's, image_sha256 that of the ELF image in it; path is below the archive's address. With
      # config the package is the source of a kernel that is built here, and config_sha256 is of its configuration.

      """
    for kernel in kernels {
      out += """

        [[kernel]]
        release = "\(kernel.release)"
        name = "\(kernel.name)"
        series = "\(kernel.series)"
        flavour = "\(kernel.flavour.rawValue)"
        suite = "\(kernel.suite)"
        package = "\(kernel.package)"
        version = "\(kernel.version)"
        path = "\(kernel.path)"
        size = \(kernel.size)
        sha256 = "\(kernel.sha256)"

        """
      out += kernel.config.map(Self.text) ?? Self.imageText(kernel)
    }
    return out
  }

  private static func text(_ config: LockedKernel.Config) -> String {
    """
    config = "\(config.file)"
    config_sha256 = "\(config.sha256)"

    """
  }

  private static func imageText(_ kernel: LockedKernel) -> String {
    """
    member = "\(kernel.member)"
    image_size = \(kernel.imageSize)
    image_sha256 = "\(kernel.imageSHA256)"

    """
  }

  func write(to path: FilePath) throws(KernelStoreError) {
    do {
      try Data(text.utf8).write(to: URL(filePath: path.string), options: .atomic)
    } catch {
      throw KernelStoreError("\(path): cannot be written: \(error.reason)")
    }
  }
}

extension LockedKernel {
  func isOlder(than other: LockedKernel) -> Bool {
    for (mine, theirs) in [(series, other.series), (release, other.release)] {
      let order = mine.compare(theirs, options: .numeric)
      if order != .orderedSame { return order == .orderedAscending }
    }
    return name < other.name
  }
}

extension String {
  var isSHA256: Bool { utf8.count == 64 && utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) } }
  var isFileName: Bool { !isEmpty && !contains("/") && !hasPrefix(".") }
}
