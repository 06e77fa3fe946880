/// Which kernels the user wants.
struct KernelSelection: Sendable, Equatable {
  /// A set of `kernels.toml`; nil for the default one, or with a glob for all.
  var set: String?
  /// Globs over releases, separated by commas; nil for all of the set.
  var glob: String?
}

/// What became of the images asked for.
struct FetchedImages: Sendable {
  /// By the release that was asked for; a replaced kernel comes as its replacement.
  var images: [String: KernelImage] = [:]
  /// Releases the archive no longer has, nor anything to replace them, and what it said.
  var missing: [String: String] = [:]
}

/// Where kernels come from. Selecting is apart from fetching, so that a shard fetches its own part only.
protocol KernelSource: Sendable {
  /// The selected kernels, at least one; their images need not be there yet, and `path` may be empty.
  func select(_ selection: KernelSelection) throws(KMatrixError) -> [KernelImage]
  /// Makes the images be there.
  func fetch(_ kernels: [KernelImage], locked: Bool) async throws(KMatrixError) -> FetchedImages
  /// The command that repeats `command` on a kernel alone.
  func rerun(_ image: KernelImage, command: GuestCommand, initramfs: String) -> String
}
