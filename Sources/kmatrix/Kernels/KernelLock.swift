import Foundation
import SystemPackage

/// `kernels.lock`: the kernels as `kmatrix update` found them, oldest first, with a block for each.
struct KernelLock: Sendable, Equatable {
  var kernels: [LockedKernel]

  init(kernels: [LockedKernel]) {
    self.kernels = kernels.sorted { $0.isOlder(than: $1) }
  }

  static func load(_ path: FilePath) throws(KernelStoreError) -> KernelLock {
    guard FileManager.default.fileExists(atPath: path.string) else {
      throw KernelStoreError(.usage, "\(path): no such file; `kmatrix update` writes it")
    }
    return try KernelLock(parsing: TOMLFile.read(path), file: path.string)
  }

  init(parsing text: String, file: String) throws(KernelStoreError) {
    struct File: Decodable { var kernel: [LockedKernel] }
    kernels = try TOMLFile.decode(File.self, from: text, file: file).kernel
    for kernel in kernels {
      if let fault = kernel.fault { throw KernelStoreError(.usage, "\(file): \(kernel.release): \(fault)") }
    }
  }

  /// The file's text: the same kernels always give the same bytes.
  var text: String {
    var out = """
      # Which packages the kernels of kernels.toml are, to the byte. Written by `kmatrix update`; do not edit.
      # sha256 is the package's, image_sha256 that of the ELF image in it; path is below the archive's address. With
      # config the package is the source of a kernel that is built here, and config_sha256 is of its configuration.
      # modules_… is of the package with its modules, where they are not in the same one.

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

    """ + (kernel.modules.map(text) ?? "")
  }

  private static func text(_ modules: LockedKernel.Modules) -> String {
    """
    modules_path = "\(modules.path)"
    modules_size = \(modules.size)
    modules_sha256 = "\(modules.sha256)"

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

/// One kernel of `kernels.lock`: the exact package, and the exact image that is in it.
///
/// For a kernel that is built here, the package is its source and `config` is set. Then no image is locked, because
/// another compiler makes another image from the same source.
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
  /// The path of the .deb, below the archive's address.
  var path: String
  var size: Int
  var sha256: String
  /// The path of the bzImage in the package.
  var member = ""
  /// The size in bytes, and the hash, of the ELF image that is in the bzImage.
  var imageSize = 0
  var imageSHA256 = ""
  var config: Config?
  /// nil: the modules are in the same package, if they are anywhere.
  var modules: Modules?

  /// The package that has the modules, where the archive has one of its own for them.
  struct Modules: Sendable, Hashable, Codable {
    var path: String
    var size: Int
    var sha256: String
  }

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
    case modulesPath = "modules_path"
    case modulesSize = "modules_size"
    case modulesSHA256 = "modules_sha256"
  }

  func matches(_ glob: Glob) -> Bool {
    glob.matches(release) || glob.matches(name) || glob.matches("\(series)-\(flavour.rawValue)")
  }
}

extension LockedKernel {
  /// The sizes that packages and images can have, in bytes. Sums of them do not overflow.
  static let sizes = 1...(1 << 50)

  /// What is wrong with a kernel that was read from a file; nil if nothing is.
  var fault: String? {
    guard sha256.isSHA256, (config?.sha256 ?? imageSHA256).isSHA256, modules?.sha256.isSHA256 ?? true else {
      return "a sha256 is not 64 hexadecimal digits"
    }
    guard Self.sizes.contains(size), isBuilt || Self.sizes.contains(imageSize),
      Self.sizes.contains(modules?.size ?? size)
    else {
      return "a size is not that of a file"
    }
    // These become parts of file names and of addresses.
    let isLocal = [release, suite, package, version].allSatisfy(\.isFileName) && config?.file.isFileName ?? true
      && [path, modules?.path ?? path].allSatisfy {
        FilePath($0).isRelative && FilePath($0).components.allSatisfy { $0.kind == .regular }
      }
    return isLocal ? nil : "its release, suite, package, version, path or config would lead to another folder"
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
      if fields.contains(.modulesPath) {
        modules = Modules(
          path: try text(.modulesPath), size: try fields.decode(Int.self, forKey: .modulesSize),
          sha256: try text(.modulesSHA256))
      }
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
      try fields.encodeIfPresent(modules?.path, forKey: .modulesPath)
      try fields.encodeIfPresent(modules?.size, forKey: .modulesSize)
      try fields.encodeIfPresent(modules?.sha256, forKey: .modulesSHA256)
    }
  }
}

extension String {
  var isSHA256: Bool { utf8.count == 64 && utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) } }
  /// A slash counts whatever accent is on it, because the kernel looks at bytes.
  var isFileName: Bool {
    !isEmpty && utf8.first != UInt8(ascii: ".") && !utf8.contains(UInt8(ascii: "/")) && !utf8.contains(0)
  }
}
