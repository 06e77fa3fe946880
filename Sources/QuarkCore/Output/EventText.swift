public import CQuark

/// The text form of an event: a line `->PID (FORK+EXEC)` and one line for each group of facts.
public enum EventText {
  /// Returns false if the event has no process; then what happened was written, but nothing about a process.
  @unsafe public static func append(_ event: quark_event, to text: inout ByteBuffer) -> Bool {
    text.append("->")
    unsafe text.append(decimal: UInt64(event.process?.pointee.pid ?? 0))
    if unsafe event.events != 0 {
      text.append(" (")
      unsafe appendNames(of: event.events, to: &text)
      text.append(")")
    }
    text.append("\n")
    unsafe Families.appendText(of: event, to: &text)
    return unsafe event.process != nil
  }

  private static func appendNames(of events: UInt64, to text: inout ByteBuffer) {
    var rest = events
    while rest != 0 {
      // Safe: the name is a literal for every bit.
      unsafe text.append(cString: cquark_event_name(rest & (0 &- rest)))
      rest &= rest - 1
      if rest != 0 { text.append("+") }
    }
  }

  static func append(_ label: StaticString, _ value: UInt64, to text: inout ByteBuffer) {
    text.append(label)
    text.append(decimal: value)
  }

  /// Ids are printed signed: -1 means "no id".
  static func appendID(_ label: StaticString, _ value: UInt32, to text: inout ByteBuffer) {
    appendSigned(label, Int32(bitPattern: value), to: &text)
  }

  static func appendSigned(_ label: StaticString, _ value: Int32, to text: inout ByteBuffer) {
    text.append(label)
    text.append(decimal: Int64(value))
  }

  /// If a text was cut, its original length is printed, too.
  static func appendLength(
    _ label: StaticString, _ length: Int, of original: Int, to text: inout ByteBuffer
  ) {
    append(label, UInt64(length), to: &text)
    if original > length { append(" of ", UInt64(original), to: &text) }
    text.append("\n")
  }

  static func appendHex(_ label: StaticString, _ value: UInt64, to text: inout ByteBuffer) {
    text.append(label)
    text.append("0x")
    text.append(hex: value)
  }

  static func append(
    _ label: StaticString, _ value: UnsafeMutablePointer<CChar>?, to text: inout ByteBuffer
  ) {
    guard let value = unsafe value else { return }
    text.append(label)
    unsafe text.append(cString: value)
    text.append("\n")
  }
}
