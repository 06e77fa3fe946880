/// The offsets in a kernel that kprobes use, and where they come from.
public struct KernelOffsets: Sendable {
  public enum Origin: Sendable {
    /// The types of the kernel itself, or of a file.
    case types(path: String)
    /// The compiled-in table has this release.
    case table(release: String)
    /// The table does not have the release, but the releases next to it, of the same series and flavour, agree.
    case neighbours(below: String, above: String)
  }

  public let origin: Origin
  package let vector: OffsetVector

  /// The offset in bytes, or the value of an enumeration constant. Nil if this kernel does not have it.
  public subscript(_ name: Dotname) -> Int? { vector[name] }

  package init(_ vector: OffsetVector, _ origin: Origin) {
    self.vector = vector
    self.origin = origin
  }
}
