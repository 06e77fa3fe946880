internal import CLinux

/// An error number of a system call, as errno(3) names them.
public struct Errno: Error, Equatable, Sendable {
  public let rawValue: CInt

  public init(_ rawValue: CInt) { self.rawValue = rawValue }

  /// That of the system call that just failed.
  public static var current: Errno { Errno(clinux_errno()) }

  /// Runs a system call again for as long as a signal interrupts it. -1 throws the errno.
  @discardableResult
  public static func retrying(_ call: () -> CInt) throws(Errno) -> CInt {
    while true {
      let result = call()
      if result != -1 { return result }
      let error = current
      if error.rawValue != EINTR { throw error }
    }
  }

  /// -1 throws the errno.
  @discardableResult
  public static func check(_ result: CInt) throws(Errno) -> CInt {
    if result == -1 { throw current }
    return result
  }
}
