import CQuark
import Foundation
import Testing

/// The tables of cquark_fields.h, against each other and the manual. Tests/cabi/fields.py has quark.h.
@Suite struct FieldTests {
  private struct Field: Hashable {
    let type: UInt32
    let name: String
  }

  private static let fields: [(field: Field, hook: String)] = {
    var fields: [(Field, String)] = []
    while let row = unsafe cquark_field(UInt32(fields.count))?.pointee {
      unsafe fields.append((Field(type: row.type, name: String(cString: row.name)), String(cString: row.hook)))
    }
    return fields
  }()

  private static let limits: [(sources: UInt32, field: Field, text: String)] = {
    var limits: [(UInt32, Field, String)] = []
    while let row = unsafe cquark_limit(UInt32(limits.count))?.pointee {
      let field = unsafe Field(type: row.type, name: String(cString: row.name))
      unsafe limits.append((row.sources, field, String(cString: row.text)))
    }
    return limits
  }()

  private static let top = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// What the manual says that KPROBE cannot tell, and what the table says: neither knows more, in the same words.
  @Test func theManualSaysTheSame() throws {
    let page = try String(contentsOf: Self.top.appending(path: "man/quark.7"), encoding: .utf8)
    let manual = Self.items(page)
    let table = Self.limits.filter { $0.sources == cquark_source(QQ_KPROBE) }.map(\.text)
    #expect(manual.count > 5)
    #expect(manual == table)
  }

  @Test func readingTheManual() {
    let page = """
      .Sh THE KPROBE BACKEND
      It cannot tell:
      .Bl -bullet -compact
      .It
      what
      .Pa /proc
      said, with
      .Xr execve 2 ,
      and
      .Dv QUARK_F ;
      .It
      .Qq ./ .
      .El
      .Bl
      .It
      another
      .El
      """
    #expect(Self.items(page) == ["what /proc said, with execve(2), and QUARK_F", "\"./\""])
  }

  @Test func limitsAreOfFields() {
    let known = Set(Self.fields.map(\.field))
    for limit in Self.limits {
      #expect(limit.field.name.isEmpty || known.contains(limit.field), "\(limit)")
      #expect(limit.sources != 0 && !limit.text.hasSuffix("."), "\(limit)")
    }
    #expect(known.count == Self.fields.count, "a field is there twice")
  }

  @Test func namesOfFlags() {
    #expect(unsafe String(cString: cquark_asking_name(QQ_ENTRY_LEADER)!) == "QQ_ENTRY_LEADER")
    #expect(unsafe String(cString: cquark_asking_name(QQ_SHM)!) == "QQ_SHM")
    #expect(unsafe cquark_asking_name(0) == nil && cquark_asking_name(QQ_EBPF) == nil)
  }

  @Test func familiesHaveNames() {
    for family in 0...UInt32(QUARK_FAMILY_COUNT.rawValue) {
      #expect(unsafe !String(cString: cquark_family_name(family)).isEmpty)
    }
    #expect(unsafe String(cString: cquark_family_name(QUARK_FAMILY_SHM.rawValue)) == "shm")
    #expect(unsafe String(cString: cquark_family_name(.max)) == "none")
  }

  // MARK: -

  /// The items of the first list below KPROBE's title, as they read, without what ends them.
  private static func items(_ page: String) -> [String] {
    let lines = page.split(separator: "\n").map(String.init)
    let section = lines.drop { $0 != ".Sh THE KPROBE BACKEND" }
    let list = section.drop { !$0.hasPrefix(".Bl") }.dropFirst().prefix { $0 != ".El" }
    var items: [String] = []
    for line in list {
      if line == ".It" { items.append("") } else { items[items.count - 1] += " " + plain(line) }
    }
    return items.map { item in
      let text = item.replacing(" ,", with: ",").replacing(" ;", with: ";").replacing(" .", with: " .")
      return text.trimmingCharacters(in: CharacterSet(charactersIn: " ;."))
    }
  }

  /// A line of mdoc(7) as it reads.
  private static func plain(_ line: String) -> String {
    guard line.hasPrefix(".") else { return line }
    var words = line.split(separator: " ").map(String.init)
    let macro = words.removeFirst()
    var end = ""
    if let last = words.last, [",", ";", "."].contains(last) { end = words.removeLast() }
    switch macro {
    case ".Xr": return words[0] + "(" + words[1] + ")" + end
    case ".Qq": return "\"" + words.joined(separator: " ") + "\"" + end
    default: return words.joined(separator: " ") + end
    }
  }
}
