/// Where a kernel has what kprobes read, and how that is known.
public struct KernelOffsets: Sendable {
  public enum Origin: Sendable {
    /// The types of the kernel itself, or of a file.
    case types(path: String)
    /// The compiled-in table has this release.
    case table(release: String)
    /// It has not, but the releases next to it, of the same series and flavour, agree with each other.
    case neighbours(below: String, above: String)
  }

  public let origin: Origin
  package let vector: OffsetVector

  /// Bytes, or an enumeration constant's value. Nil: this kernel has none.
  public subscript(_ name: Dotname) -> Int? { vector[name] }

  package init(_ vector: OffsetVector, _ origin: Origin) {
    self.vector = vector
    self.origin = origin
  }
}
