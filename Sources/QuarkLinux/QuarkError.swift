/// Why something above a single system call failed: what was attempted, on what, the errno of the real cause, and
/// where BPF is the cause the last lines of what libbpf and the verifier said.
public struct QuarkError: Error, Sendable, CustomStringConvertible {
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

  /// All of it in words: `cannot load the BPF programs: Operation not permitted`, and the detail: behind a colon if it is
  /// one line, below if it is more.
  public var message: String {
    if detail.isEmpty { return words }
    return words + (lines.count == 1 ? ": " : "\n") + detail
  }

  public var description: String { message }

  /// One line of it: what failed, why, and the first line of the detail; the same of another backend that had been tried
  /// before.
  public var summary: String {
    var text = words
    for (index, line) in lines.enumerated() {
      if index == 0, !line.isEmpty {
        text += ": " + String(decoding: line, as: UTF8.self)
      } else if line.starts(with: Self.otherBackend.utf8) {
        text += "; " + String(decoding: line, as: UTF8.self)
      }
    }
    return text
  }

  /// Whether the summary leaves something out.
  public var isSummarized: Bool { summary.utf8.count < message.utf8.count }

  /// This failure, with that of the EBPF backend in its detail.
  public func after(ebpf reason: QuarkError) -> QuarkError {
    var text = detail.isEmpty ? "" : detail + "\n"
    text += Self.otherBackend + reason.summary
    for line in reason.lines.dropFirst() { text += "\n" + String(decoding: line, as: UTF8.self) }
    return QuarkError(attempt, on: object, errno, detail: text)
  }

  private static var otherBackend: String { "EBPF: " }

  private var words: String { "cannot \(attempt)\(object.isEmpty ? "" : " ")\(object): \(errno.description)" }

  private var lines: [Substring.UTF8View] {
    detail.utf8.split(separator: UInt8(ascii: "\n"))
  }

  /// Says what was attempted when a system call of `body` fails.
  public static func attempting<Result: ~Copyable>(
    _ attempt: StaticString, on object: String = "", _ body: () throws(Errno) -> Result
  ) throws(QuarkError) -> Result {
    do { return try body() } catch { throw QuarkError(attempt, on: object, error) }
  }
}
