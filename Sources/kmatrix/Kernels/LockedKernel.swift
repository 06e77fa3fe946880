/// One kernel of `kernels.lock`: the exact package, and the exact image that comes out of it.
///
/// A kernel that is built here has its source as the package, and `config`. No image is locked then: another compiler
/// makes another one of the same source.
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
  var member = ""
  /// Of the ELF image inside the bzImage.
  var imageSize = 0
  var imageSHA256 = ""
  var config: Config?

  /// The configuration to build with: a file in `kernel-images`, and its hash.
  struct Config: Sendable, Hashable, Codable {
    var file: String
    var sha256: String
  }

  var isBuilt: Bool { config != nil }

  enum CodingKeys: String, CodingKey, CaseIterable {
    case release, name, series, flavour, suite, package, version, path, size, sha256, member, config
    case imageSize = "image_size"
    case imageSHA256 = "image_sha256"
    case configSHA256 = "config_sha256"
  }

  func matches(_ glob: Glob) -> Bool {
    glob.matches(release) || glob.matches(name) || glob.matches("\(series)-\(flavour.rawValue)")
  }
}

extension LockedKernel {
  init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    func text(_ key: CodingKeys) throws -> String { try fields.decode(String.self, forKey: key) }
    self.init(
      release: try text(.release), name: try text(.name), series: try text(.series),
      flavour: try fields.decode(KernelManifest.Flavour.self, forKey: .flavour), suite: try text(.suite),
      package: try text(.package), version: try text(.version), path: try text(.path),
      size: try fields.decode(Int.self, forKey: .size), sha256: try text(.sha256))
    if fields.contains(.config) {
      config = Config(file: try text(.config), sha256: try text(.configSHA256))
    } else {
      member = try text(.member)
      imageSize = try fields.decode(Int.self, forKey: .imageSize)
      imageSHA256 = try text(.imageSHA256)
    }
  }

  func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: CodingKeys.self)
    let texts: [(CodingKeys, String)] = [
      (.release, release), (.name, name), (.series, series), (.suite, suite), (.package, package),
      (.version, version), (.path, path), (.sha256, sha256),
    ]
    for (key, text) in texts { try fields.encode(text, forKey: key) }
    try fields.encode(flavour, forKey: .flavour)
    try fields.encode(size, forKey: .size)
    if let config {
      try fields.encode(config.file, forKey: .config)
      try fields.encode(config.sha256, forKey: .configSHA256)
    } else {
      try fields.encode(member, forKey: .member)
      try fields.encode(imageSize, forKey: .imageSize)
      try fields.encode(imageSHA256, forKey: .imageSHA256)
    }
  }
}
