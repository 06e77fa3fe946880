internal import CLinux

/// Why something above a single system call failed: what was attempted, on what, the errno of the real cause, and
/// where BPF is the cause the last lines of what libbpf and the verifier said.
public struct QuarkError: Error, Sendable {
  /// For example "load the BPF programs".
  public let attempt: StaticString
  public let errno: Errno
  /// Further words, possibly of several lines; empty if there are none.
  public let detail: String

  public init(_ attempt: StaticString, _ errno: Errno, detail: String = "") {
    self.attempt = attempt
    self.errno = errno
    self.detail = detail
  }

  /// All of it in words: `cannot load the BPF programs: Operation not permitted`, the detail below.
  public var message: String {
    // Safe: strerror(3) returns a string that is valid until the next call; it is copied at once.
    let reason = unsafe String(cString: strerror(errno.rawValue))
    let words = "cannot \(attempt): \(reason)"
    return detail.isEmpty ? words : words + "\n" + detail
  }

  /// Says what was attempted when a system call of `body` fails.
  public static func attempting<Result: ~Copyable>(
    _ attempt: StaticString, _ body: () throws(Errno) -> Result
  ) throws(QuarkError) -> Result {
    do { return try body() } catch { throw QuarkError(attempt, error) }
  }
}
