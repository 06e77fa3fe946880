import Foundation
import Glibc
import SystemPackage

/// Makes `kernel-images/amd64/linux-<release>` point into the cache.
struct ImageLinker {
  private let folder: FilePath
  private(set) var warning: String?

  init(root: FilePath) { folder = root.appending("kernel-images").appending("amd64") }

  /// The link, or in a checkout that cannot be written the image itself.
  mutating func link(_ release: String, to image: FilePath) -> FilePath {
    let link = folder.appending("linux-\(release)")
    let files = FileManager.default
    if (try? files.destinationOfSymbolicLink(atPath: link.string)) == image.string { return link }
    // Made beside and renamed, so that another kmatrix always sees one.
    let fresh = folder.appending(".linux-\(release).\(getpid())")
    do {
      try files.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
      try? files.removeItem(atPath: fresh.string)
      try files.createSymbolicLink(atPath: fresh.string, withDestinationPath: image.string)
      // Safe: both paths are NUL-terminated copies that outlive the call.
      guard unsafe rename(fresh.string, link.string) == 0 else { throw Errno(rawValue: errno) }
      return link
    } catch {
      try? files.removeItem(atPath: fresh.string)
      warning = warning ?? "\(folder): no links can be made there: \(error.reason); the images are used from the cache"
      return image
    }
  }
}
