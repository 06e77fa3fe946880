import CLinux
import CQuark
import QuarkCore
import QuarkLinux

/// Events as text on standard output, several at a time.
struct EventOutput: ~Copyable {
  private var text = ByteBuffer()

  /// The status when the reader of our output has gone away: an end, but no failure.
  static var readerGone: CInt { -1 }

  private static var capacity: Int { 32 << 10 }

  /// 0, the exit status, or `readerGone`.
  @unsafe mutating func show(_ event: quark_event) -> CInt {
    _ = unsafe EventText.append(event, to: &text)
    return text.count < Self.capacity ? 0 : flush()
  }

  /// 0, the exit status, or `readerGone`.
  mutating func flush() -> CInt {
    guard text.count > 0 else { return 0 }
    defer { text.removeAll() }
    do { try FileDescriptor.writeAll(text.span, to: STDOUT_FILENO) } catch where error.rawValue == EPIPE {
      return Self.readerGone
    } catch {
      FileDescriptor.complain("quark-mon: cannot write to standard output: \(error.description)\n")
      return 1
    }
    return 0
  }
}
