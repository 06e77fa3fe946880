import CLinux
import CQuark
import QuarkCore
import QuarkLinux

/// Writes text to a descriptor, several events at a time.
struct EventOutput: ~Copyable {
  var text = ByteBuffer()
  private let descriptor: CInt
  /// The name in messages.
  private let name: String

  /// The status when the reader of our output has gone away: the program ends, but this is not a failure.
  static var readerGone: CInt { -1 }

  private static var capacity: Int { 32 << 10 }

  /// The descriptor belongs to the caller, and stays open.
  init(to descriptor: CInt, name: String) {
    self.descriptor = descriptor
    self.name = name
  }

  /// Returns 0, the exit status, or `readerGone`.
  @unsafe mutating func show(_ event: quark_event) -> CInt {
    _ = unsafe EventText.append(event, to: &text)
    return flushIfFull()
  }

  mutating func flushIfFull() -> CInt { text.count < Self.capacity ? 0 : flush() }

  /// Returns 0, the exit status, or `readerGone`.
  mutating func flush() -> CInt {
    guard text.count > 0 else { return 0 }
    defer { text.removeAll() }
    do { try FileDescriptor.writeAll(text.span, to: descriptor) } catch where error.rawValue == EPIPE {
      return Self.readerGone
    } catch {
      FileDescriptor.complain("quark-mon: cannot write to \(name): \(error.description)\n")
      return 1
    }
    return 0
  }
}
