/// One kernel of `kernels.lock`: the exact package, and the exact image that comes out of it.
struct LockedKernel: Sendable, Hashable, Codable {
  /// What `uname -r` says, for example `6.1.0-47-cloud-amd64`.
  var release: String
  /// The `kernels.toml` entry this came from, usually `series-flavour`.
  var name: String
  var series: String
  var flavour: KernelManifest.Flavour
  var suite: String
  var package: String
  var version: String
  /// Of the .deb, below the archive's address.
  var path: String
  var size: Int
  var sha256: String
  /// The file of the package that is the bzImage.
  var member: String
  /// Of the ELF image inside the bzImage.
  var imageSize: Int
  var imageSHA256: String

  enum CodingKeys: String, CodingKey, CaseIterable {
    case release, name, series, flavour, suite, package, version, path, size, sha256, member
    case imageSize = "image_size"
    case imageSHA256 = "image_sha256"
  }

  func matches(_ glob: Glob) -> Bool {
    glob.matches(release) || glob.matches(name) || glob.matches("\(series)-\(flavour.rawValue)")
  }
}
