import QuarkBTF
import QuarkLinux

enum OffsetText {
  /// `cred.uid         8      64`, or U in place of the numbers if the kernel does not have it.
  static func line(_ name: Dotname, _ offsets: KernelOffsets, width: Int, hasBits: Bool) -> String {
    let start = padded("\(name.name)", width) + " "
    guard let offset = offsets[name] else { return start + "U\n" }
    return start + padded("\(offset)", 7) + (hasBits ? "\(8 * offset)\n" : "\n")
  }

  static func all(_ offsets: KernelOffsets, hasBits: Bool) -> String {
    let width = required.map { $0.name.utf8CodeUnitCount }.max() ?? 0
    return required.map { line($0, offsets, width: width, hasBits: hasBits) }.joined()
  }

  /// A structure for a C program.
  static func declaration(_ offsets: KernelOffsets, name: String, release: String) -> String {
    let identifier = (name + "_" + release).utf8.map { byte in
      [UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "/")].contains(byte) ? UInt8(ascii: "_") : byte
    }
    var text = "static struct quark_btf \(String(decoding: identifier, as: UTF8.self)) = {\n\t\"\(release)\", {\n"
    for name in required { text += row("\"\(name.name)\",", "\(offsets[name] ?? -1)") }
    return text + row("NULL,", "-1") + "\t}\n};\n\n"
  }

  private static func row(_ name: String, _ offset: String) -> String {
    "\t{ " + padded(name, 30) + padded(offset, 5) + " },\n"
  }

  private static var required: [Dotname] { Dotname.allCases.filter { $0.isRequired } }

  private static func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.utf8.count))
  }
}
