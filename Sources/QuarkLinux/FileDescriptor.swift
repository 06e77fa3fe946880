internal import CLinux

/// Owns a descriptor and closes it.
public struct FileDescriptor: ~Copyable {
  public let rawValue: CInt

  /// Takes over an open descriptor.
  public init(owning rawValue: CInt) {
    precondition(rawValue >= 0)
    self.rawValue = rawValue
  }

  // Inlinable, like every deinit of a non-copyable type here: Embedded Swift must see it where the value ends.
  @inlinable deinit { destroy() }

  @usableFromInline func destroy() { _ = close(rawValue) }
}
