import Foundation

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

  func rerun(_ image: KernelImage, command: GuestCommand, initramfs: String) -> String {
    Self.krunLine(image, command: command, initramfs: initramfs)
  }

  static func krunLine(_ image: KernelImage, command: GuestCommand, initramfs: String) -> String {
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
