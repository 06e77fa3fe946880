import ArgumentParser
import SystemPackage

/// Where the checkout is.
struct RootOption: ParsableArguments {
  @Option(help: "The checkout. Default: the nearest folder above with kernel-images/kernels.toml in it.")
  var root: String?

  func path() throws(KernelStoreError) -> FilePath {
    if let root { return try KernelStore.findRoot(from: root) }
    return try KernelStore.findRoot()
  }

  func store() throws(KernelStoreError) -> KernelStore { try KernelStore(root: path()) }
}

/// Which of its kernels.
struct SelectionOptions: ParsableArguments {
  @Option(help: "A set of kernels.toml; \"full\" is all. Default: \"default\", or with --kernels all.")
  var set: String?

  @Option(help: "Kernels by release or series-flavour: globs, separated by commas.")
  var kernels: String?
}
