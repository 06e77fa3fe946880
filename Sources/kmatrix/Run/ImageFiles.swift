import Foundation

/// Kernels given as files: `--image kernel-images/amd64/linux-6.1.0-47-cloud-amd64`.
struct ImageFiles: KernelSource {
  var paths: [String]

  func select(_ selection: KernelSelection) throws -> [KernelImage] {
    let images = try paths.map { path in
      guard let image = Self.image(path) else {
        throw KMatrixError.usage("--image \(path): not named linux-RELEASE, so its release is not known")
      }
      return image
    }
    return images.filter { image in selection.glob.map { Glob.matches($0, image.release) } ?? true }
  }

  func ensureImages(_ kernels: [KernelImage], locked: Bool) throws -> [KernelImage] {
    for kernel in kernels where !FileManager.default.isReadableFile(atPath: kernel.path) {
      throw KMatrixError.infrastructure("\(kernel.path): cannot be read")
    }
    return kernels
  }

  func rerun(_ image: KernelImage, command: GuestCommand, initramfs: String) -> String {
    Shell.line(["./krun.sh", initramfs, image.path] + command.words)
  }

  static func image(_ path: String) -> KernelImage? {
    let file = URL(filePath: path).lastPathComponent
    let prefixes = ["linux-", "vmlinuz-", "vmlinux-"]
    guard let release = prefixes.lazy.compactMap({ file.dropping(prefix: $0) }).first.map(String.init),
      release.first?.isNumber == true
    else { return nil }
    return KernelImage(
      release: release, series: series(release), flavour: flavour(release), path: path, replaces: nil,
      expectations: [])
  }

  private static func series(_ release: String) -> String {
    release.split(whereSeparator: { !$0.isNumber }).prefix(2).joined(separator: ".")
  }

  private static func flavour(_ release: String) -> String {
    ["cloud", "rt", "nobtf"].first { release.split(separator: "-").contains(Substring($0)) } ?? "generic"
  }
}
