/// Why nothing could be learned from a BTF.
package enum BTFError: Error {
  /// The errno of the system call that failed.
  case unreadable(CInt)
  case damaged(BTFDamage)

  static func damaged(_ reason: StaticString, at offset: Int, type: UInt32 = 0) -> BTFError {
    .damaged(BTFDamage(offset: offset, type: type, reason: reason))
  }
}

/// What is wrong with a BTF, and where.
package struct BTFDamage: CustomStringConvertible {
  /// In the file.
  var offset: Int
  /// The id of the damaged type, or 0.
  var type: UInt32
  var reason: StaticString

  package var description: String {
    type == 0 ? "at byte \(offset): \(reason)" : "type \(type), at byte \(offset): \(reason)"
  }
}
