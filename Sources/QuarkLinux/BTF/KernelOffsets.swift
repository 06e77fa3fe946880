internal import CLinux

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
  let vector: OffsetVector

  /// Bytes, or an enumeration constant's value. Nil: this kernel has none.
  public subscript(_ name: Dotname) -> Int? { vector[name] }

  init(_ vector: OffsetVector, _ origin: Origin) {
    self.vector = vector
    self.origin = origin
  }

  /// From a BTF, or an ELF file with one.
  public init(btf path: String) throws(QuarkError) {
    let vector: OffsetVector
    do throws(BTFError) {
      vector = try Self.resolve(path)
    } catch {
      switch error {
      case .unreadable(let number): throw QuarkError(Self.attempt, Errno(number), detail: path)
      case .damaged(let damage): throw QuarkError(Self.attempt, Errno(EINVAL), detail: "\(path): \(damage)")
      }
    }
    guard vector.isUsable else {
      throw QuarkError(Self.attempt, Errno(ENOTSUP), detail: "\(path): it lacks \(vector.missingNames)")
    }
    self.init(vector, .types(path: path))
  }

  /// Those of the running kernel: from its types, else from the table.
  public static func running() throws(QuarkError) -> KernelOffsets {
    let path = unsafe getenv("QUARK_BTF_PATH").map { unsafe String(cString: $0) }
    return try KernelOffsets(btf: path ?? KernelTypes.systemPath)
  }

  private static var attempt: StaticString { "find the kernel's offsets" }

  private static func resolve(_ path: String) throws(BTFError) -> OffsetVector {
    let file: FileReader
    do throws(Errno) { file = try FileReader(path: path) } catch { throw .unreadable(error.rawValue) }
    return try DotnameResolver.resolve(file)
  }
}
