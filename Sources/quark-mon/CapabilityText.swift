import CQuark
import Quark
import QuarkCore

/// What a queue tells, for people and for programs.
enum CapabilityText {
  /// A line for each event, and for what is known by it; why one is not told stands below it.
  static func append(_ queue: borrowing Queue, to text: inout ByteBuffer) {
    text.append("backend ")
    text.append(queue.sourceName)
    text.append("\n")
    for capability in queue.capabilities {
      if capability.field.isEmpty {
        text.append(capability.family)
        text.append(" ")
        text.append(name(of: capability))
      } else {
        text.append("  ")
        text.append(capability.field)
      }
      text.append(": ")
      text.append(capability.state.word)
      if !capability.means.isEmpty {
        text.append(" ")
        text.append(capability.means)
      }
      text.append("\n")
      for line in capability.reason.utf8.split(separator: UInt8(ascii: "\n")) {
        text.append("      ")
        for byte in line { text.append(byte) }
        text.append("\n")
      }
    }
  }

  /// One object, on one line.
  static func appendJSON(_ queue: borrowing Queue, to text: inout ByteBuffer) {
    text.append("{\"backend\":")
    text.append(quoted: queue.sourceName)
    text.append(",\"capabilities\":[")
    var isFirst = true
    for capability in queue.capabilities {
      if !isFirst { text.append(",") }
      isFirst = false
      text.append("{\"family\":")
      text.append(quoted: capability.family)
      text.append(",\"event\":")
      text.append(quoted: name(of: capability))
      text.append(",\"field\":")
      text.append(quoted: capability.field)
      text.append(",\"flag\":")
      text.append(quoted: flagName(of: capability))
      text.append(",\"state\":\"")
      text.append(capability.state.word)
      text.append("\",\"means\":")
      text.append(quoted: capability.means)
      text.append(",\"reason\":")
      text.append(quoted: capability.reason)
      text.append("}")
    }
    text.append("]}\n")
  }

  private static func name(of capability: Queue.Capability) -> String {
    // Safe: a name is a literal.
    unsafe String(cString: cquark_event_name(capability.event.rawValue))
  }

  private static func flagName(of capability: Queue.Capability) -> String {
    unsafe cquark_asking_name(capability.flag).map { unsafe String(cString: $0) } ?? ""
  }
}

extension Queue.Capability.State {
  fileprivate var word: StaticString {
    switch self {
    case .none: "none"
    case .part: "part"
    case .exact: "exact"
    }
  }
}

extension ByteBuffer {
  fileprivate mutating func append(_ text: String) { for byte in text.utf8 { append(byte) } }

  /// A string of JSON: RFC 8259, section 7. What libbpf and the kernel say may have any bytes below 32, and is UTF-8.
  fileprivate mutating func append(quoted text: String) {
    append("\"")
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\n"): append("\\n")
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        append("\\")
        append(byte)
      case 0..<0x20:
        let digits: StaticString = "0123456789abcdef"
        append("\\u00")
        for digit in [byte >> 4, byte & 15] {
          // Safe: four bits index 16 characters.
          unsafe append(digits.utf8Start[Int(digit)])
        }
      default: append(byte)
      }
    }
    append("\"")
  }
}
