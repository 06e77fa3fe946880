/// Why something failed: what was attempted, on what, the errno of the real cause, and if BPF is the cause, the last
/// lines of the messages of libbpf and the verifier.
public struct QuarkError: Error, Sendable, CustomStringConvertible {
  /// What was attempted, for example "load the BPF programs".
  public let attempt: StaticString
  /// The object of the attempt, for example the name of a file; empty if the attempt names it.
  public let object: String
  public let errno: Errno
  /// Further text, possibly several lines; empty if there is none.
  public let detail: String

  public init(_ attempt: StaticString, on object: String = "", _ errno: Errno, detail: String = "") {
    self.attempt = attempt
    self.object = object
    self.errno = errno
    self.detail = detail
  }

  /// The whole error as text: `cannot load the BPF programs: Operation not permitted`, followed by the detail: after a
  /// colon if it is one line, otherwise on lines of its own.
  public var message: String {
    if detail.isEmpty { return words }
    return words + (lines.count == 1 ? ": " : "\n") + detail
  }

  public var description: String { message }

  /// The error in one line: what failed, why, and the first line of the detail; also for a backend that was tried
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

  /// True if the summary leaves something out.
  public var isSummarized: Bool { summary.utf8.count < message.utf8.count }

  /// This error, with the error of the EBPF backend in its detail.
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

  /// If a system call in `body` fails, throws an error that names the attempt.
  public static func attempting<Result: ~Copyable>(
    _ attempt: StaticString, on object: String = "", _ body: () throws(Errno) -> Result
  ) throws(QuarkError) -> Result {
    do { return try body() } catch { throw QuarkError(attempt, on: object, error) }
  }
}
