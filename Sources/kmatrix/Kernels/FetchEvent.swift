/// What `KernelStore` tells while it works.
enum FetchEvent: Sendable, Equatable {
  /// Another kmatrix is making this image.
  case waiting(String)
  case downloading(String, done: Int, total: Int)
  case extracting(String)
  /// A compiler is at work, for minutes.
  case building(String)
  /// The image is there; `cached` if it already was.
  case ready(String, cached: Bool)
  /// Something a person should know: a replacement, a corrupt image that is made again, links that cannot be made.
  case note(String)
}

struct FetchResult: Sendable {
  var images: [KernelImage] = []
  /// Kernels that the mirror dropped and nothing replaces, and why.
  var missing: [(kernel: LockedKernel, error: KernelStoreError)] = []
}

struct FetchOptions: Sendable {
  /// A package the mirror dropped is an error, not replaced.
  var locked = false
  /// Only what is cached.
  var offline = false
  var keepDebs = false
  /// How well cached images are looked at.
  var check = KernelCache.Check.full
}
