internal import CLinux

/// An error number of a system call: errno(3).
public struct Errno: Error, Equatable, Sendable, CustomStringConvertible {
  public let rawValue: CInt

  public init(_ rawValue: CInt) { self.rawValue = rawValue }

  /// The error of the system call that has just failed.
  public static var current: Errno { Errno(clinux_errno()) }

  /// The text of strerror(3): "No such file or directory".
  public var description: String {
    // Safe: the string is valid until the next call, and is copied at once.
    unsafe String(cString: strerror(rawValue))
  }

  /// Repeats a system call while signals interrupt it. Throws the errno if the result is -1.
  @discardableResult
  public static func retrying(_ call: () -> CInt) throws(Errno) -> CInt {
    while true {
      let result = call()
      if result != -1 { return result }
      let error = current
      if error.rawValue != EINTR { throw error }
    }
  }

  /// Throws the errno if the result is -1.
  @discardableResult
  public static func check(_ result: CInt) throws(Errno) -> CInt {
    if result == -1 { throw current }
    return result
  }
}
