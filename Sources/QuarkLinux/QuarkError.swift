/// Why something above a single system call failed: what was attempted, on what, the errno of the real cause, and
/// where BPF is the cause the last lines of what libbpf and the verifier said.
public struct QuarkError: Error, Sendable {
  /// For example "load the BPF programs".
  public let attempt: StaticString
  /// What that was attempted on, a file's name for example; empty if the attempt says it.
  public let object: String
  public let errno: Errno
  /// Further words, possibly of several lines; empty if there are none.
  public let detail: String

  public init(_ attempt: StaticString, on object: String = "", _ errno: Errno, detail: String = "") {
    self.attempt = attempt
    self.object = object
    self.errno = errno
    self.detail = detail
  }

  /// All of it in words: `cannot load the BPF programs: Operation not permitted`, the detail below.
  public var message: String {
    let words = "cannot \(attempt)\(object.isEmpty ? "" : " ")\(object): \(errno.description)"
    return detail.isEmpty ? words : words + "\n" + detail
  }

  /// Says what was attempted when a system call of `body` fails.
  public static func attempting<Result: ~Copyable>(
    _ attempt: StaticString, on object: String = "", _ body: () throws(Errno) -> Result
  ) throws(QuarkError) -> Result {
    do { return try body() } catch { throw QuarkError(attempt, on: object, error) }
  }
}
