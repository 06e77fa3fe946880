/// Writes a JSON object on one line. Nothing here is inlined: it is used in many places, but seldom.
struct JSONObject {
  private var text = "{"

  init(type: String) { add("type", type) }

  fileprivate init() {}

  @inline(never) mutating func add(_ key: String, _ value: String) {
    begin(key)
    appendString(value)
  }

  @inline(never) mutating func add(_ key: String, _ value: Int) {
    begin(key)
    text += String(value)
  }

  @inline(never) mutating func add(_ key: String, _ values: [Int]) {
    begin(key)
    text += "["
    for (index, value) in values.enumerated() { text += (index > 0 ? "," : "") + String(value) }
    text += "]"
  }

  @inline(never) mutating func add(_ key: String, _ values: [JSONObject]) {
    begin(key)
    text += "["
    for (index, value) in values.enumerated() { text += (index > 0 ? "," : "") + value.finish() }
    text += "]"
  }

  @inline(never) func finish() -> String { text + "}" }

  @inline(never) private mutating func begin(_ key: String) {
    if text.utf8.count > 1 { text += "," }
    appendString(key)
    text += ":"
  }

  @inline(never) private mutating func appendString(_ value: String) {
    let hex = Array("0123456789abcdef".utf8)
    var bytes: [UInt8] = [UInt8(ascii: "\"")]
    for byte in value.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
      case 0..<0x20, 0x7f: bytes += Array("\\u00".utf8) + [hex[Int(byte >> 4)], hex[Int(byte & 15)]]
      default: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
    text += String(decoding: bytes, as: UTF8.self)
  }
}

extension JSONObject {
  /// The entry of a test in the plan.
  static func planned(_ test: Test) -> JSONObject {
    var object = JSONObject()
    object.add("name", test.name)
    object.add("backend", test.backend?.name ?? "")
    return object
  }
}
