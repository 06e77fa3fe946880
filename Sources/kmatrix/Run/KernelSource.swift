/// Which kernels the user wants.
struct KernelSelection: Sendable, Equatable {
  enum MatrixSet: String, Sendable, CaseIterable { case `default`, quick, full }
  var set = MatrixSet.default
  /// Glob over releases; nil for all of the set.
  var glob: String?
}

/// Where kernels come from. Selecting is apart from fetching, so that a shard fetches its own part only.
protocol KernelSource: Sendable {
  /// The selected kernels; their images need not be there yet.
  func select(_ selection: KernelSelection) async throws -> [KernelImage]
  /// Makes the images be there. A kernel that was replaced comes back as its replacement.
  func ensureImages(_ kernels: [KernelImage], locked: Bool) async throws -> [KernelImage]
  /// The command that repeats tests (all if empty) on a kernel alone.
  func rerun(_ image: KernelImage, command: GuestCommand, initramfs: String) -> String
}
