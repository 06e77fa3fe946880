/// One bootable kernel of the matrix: what the lock says of it and where its image is.
struct KernelImage: Sendable, Hashable {
  /// What `uname -r` says in the guest, for example `6.1.0-47-cloud-amd64`.
  var release: String
  /// Upstream series, for example `6.1`.
  var series: String
  /// `cloud`, `generic` or `rt`.
  var flavour: String
  /// Path of the image to boot: a decompressed ELF (PVH) where the kernel has one.
  var path: String
  /// Set when the locked package was gone and its series' current kernel took its place: what was locked.
  var replaces: String?
  /// What `kernels.toml` expects of this kernel's tests beyond a pass.
  var expectations: [Expectation]
}

/// An outcome `kernels.toml` foresees for some tests of some kernels. Anything it does not foresee is a failure.
struct Expectation: Sendable, Hashable {
  enum Kind: String, Sendable, CaseIterable {
    case skip, xfail
    /// Passes after all: what others foresee for many tests is not meant for these.
    case pass
  }
  var kind: Kind
  /// A glob over `name@backend` (`t_probe@ebpf`, `t_tty@*`).
  var test: String
  var reason: String
}
