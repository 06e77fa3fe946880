/// Why the kernels could not be had: one line for a person, and the exit code that goes with it.
struct KernelStoreError: Error, Sendable, Equatable, CustomStringConvertible {
  enum Kind: Sendable, Equatable {
    /// The command line or a file a person wrote is wrong: exit code 2.
    case usage
    /// A tool, the network, the disk or the mirror failed: exit code 1.
    case failure
    /// The mirror no longer has the package: exit code 1.
    case gone
    /// The mirror cannot be reached: exit code 1.
    case unreachable
    /// The disk is full: exit code 1.
    case noSpace
  }

  var kind: Kind
  var description: String

  init(_ kind: Kind, _ description: String) {
    self.kind = kind
    self.description = description
  }

  init(_ description: String) { self.init(.failure, description) }

  /// As it is if it already is one of ours; what is left after that is only a cancelled task.
  init(_ error: any Error) { self = error as? KernelStoreError ?? KernelStoreError("interrupted") }

  var exitCode: Int32 { kind == .usage ? 2 : 1 }
}
