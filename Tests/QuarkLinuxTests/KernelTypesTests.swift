import Foundation
import Testing

@testable import QuarkBTF
@testable import QuarkLinux

/// A BTF like that of a kernel, made by hand.
struct BTFBuilder {
  private var strings: [UInt8] = [0]
  private var types: [UInt32] = []
  private(set) var count: UInt32 = 0

  enum Kind: UInt32 {
    case int = 1
    case pointer, array, structure, union, enumeration, forward, typedef, volatile, const, restrict, function,
      prototype
  }

  mutating func string(_ text: String) -> UInt32 {
    if text.isEmpty { return 0 }
    defer { strings += Array(text.utf8) + [0] }
    return UInt32(strings.count)
  }

  @discardableResult
  mutating func add(_ kind: UInt32, _ name: String, _ sizeOrType: UInt32, count vlen: Int = 0, _ trailer: [UInt32] = [])
    -> UInt32
  {
    types += [string(name), kind << 24 | UInt32(vlen), sizeOrType] + trailer
    count += 1
    return count
  }

  @discardableResult
  mutating func add(_ kind: Kind, _ name: String = "", _ sizeOrType: UInt32 = 0) -> UInt32 {
    add(kind.rawValue, name, sizeOrType, kind == .int ? [UInt32(32)] : [])
  }

  @discardableResult
  mutating func structure(
    _ name: String, size: UInt32, _ members: [(name: String, type: UInt32, offset: UInt32)], kind: Kind = .structure
  ) -> UInt32 {
    let trailer = members.flatMap { [string($0.name), $0.type, $0.offset * 8] }
    return add(kind.rawValue, name, size, count: members.count, trailer)
  }

  mutating func prototype(parameters: Int) -> UInt32 {
    add(Kind.prototype.rawValue, "", 0, count: parameters, [UInt32](repeating: 0, count: 2 * parameters))
  }

  private mutating func add(_ kind: UInt32, _ name: String, _ sizeOrType: UInt32, _ trailer: [UInt32]) -> UInt32 {
    add(kind, name, sizeOrType, count: 0, trailer)
  }

  var bytes: [UInt8] {
    let header: [UInt32] = [
      0xeb9f | 1 << 16, 24, 0, UInt32(4 * types.count), UInt32(4 * types.count), UInt32(strings.count),
    ]
    return (header + types).flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } } + strings
  }
}

@Suite struct KernelTypesTests {
  /// The BTF of a BPF object: `struct task___old { pid, leader, place { line } }`.
  static func object() -> [UInt8] {
    var builder = BTFBuilder()
    for name in ["task___old", "pid", "leader", "place", "line", "color", "RED"] { _ = builder.string(name) }
    builder.add(.int, "int", 4)
    return builder.bytes
  }

  static func kernel(padding: Int = 0) -> BTFBuilder {
    var builder = BTFBuilder()
    let int = builder.add(.int, "int", 4)
    for index in 0..<padding { builder.structure("padding_\(index)", size: 4, [("a_member", int, 0)]) }
    let place = builder.structure("place", size: 12, [("column", int, 0), ("line", int, 8)])
    let constant = builder.add(.const, "", place)
    let within = builder.structure(
      "", size: 8, [("leader", builder.add(.pointer, "", 0), 0), ("other", int, 0)], kind: .union)
    builder.structure(
      "task", size: 64, [("state", int, 0), ("pid", int, 24), ("", within, 32), ("place", constant, 40)])
    builder.add(6, "color", 4, count: 2, [builder.string("BLUE"), 0, builder.string("RED"), 7])
    let first = builder.prototype(parameters: 3)
    builder.add(.function, "do_something", first)
    builder.add(.typedef, "btf_trace_ending", builder.add(.pointer, "", first))
    return builder
  }

  static func types(_ bytes: [UInt8], symbols: [StaticString] = ["do_something", "btf_trace_ending", "absent"]) throws
    -> KernelTypes
  {
    let file = RecorderTests.TemporaryFile()
    try file.write(Data(bytes))
    let object = object()
    // Safe: UInt8 has no padding, which `bytes` of a span would show.
    return unsafe try KernelTypes(
      path: file.path, object: object.span.bytes, symbols: symbols, structures: ["place", "column"])
  }

  @Test(arguments: [0, 20_000])
  func whatWasAskedFor(padding: Int) throws {
    let builder = Self.kernel(padding: padding)
    let types = try Self.types(builder.bytes)
    #expect(types.functionID("do_something") == builder.count - 2)
    #expect(types.functionID("absent") == nil)
    #expect(types.tracepointParameters("btf_trace_ending") == 2)
    #expect(types.tracepointParameters("absent") == nil)
    #expect(types.has("place", member: "column"))
    #expect(!types.has("place", member: "pid"))
  }

  /// The extract is a BTF itself, with only the wanted structures and members; the rest has no influence.
  @Test func extract() throws {
    let types = try Self.types(Self.kernel().bytes)
    let padded = try Self.types(Self.kernel(padding: 5000).bytes)
    #expect(types.extract == padded.extract)
    #expect(types.extract.count < 400)
    let text = String(decoding: types.extract, as: UTF8.self)
    for name in ["task", "pid", "leader", "place", "line", "color", "RED"] { #expect(text.contains("\0\(name)\0")) }
    for name in ["state", "BLUE", "other", "old"] { #expect(!text.contains("\0\(name)\0")) }
    // Reading it like the BTF of a kernel gives the same.
    let again = try Self.types(types.extract)
    #expect(again.extract == types.extract)
    #expect(again.functionID("do_something") == nil)
  }

  @Test func damage() throws {
    let bytes = Self.kernel().bytes
    for length in stride(from: 0, to: bytes.count - 1, by: 7) {
      #expect(throws: QuarkError.self) { try Self.types(Array(bytes[..<length])) }
    }
    var unknown = Self.kernel()
    unknown.add(31, "from_the_future", 0)
    #expect(throws: QuarkError.self) { try Self.types(unknown.bytes) }
    var circular = BTFBuilder()
    circular.structure("task", size: 4, [("pid", 1, 0)])
    #expect(throws: QuarkError.self) { try Self.types(circular.bytes) }
    // Each contains the next one twice: a full walk would take too long.
    for kind in [BTFBuilder.Kind.structure, .union] {
      var manifold = BTFBuilder()
      manifold.structure("task", size: 4, [("", 2, 0), ("", 2, 0)])
      manifold.structure("", size: 4, [("", 1, 0), ("", 1, 0)], kind: kind)
      #expect(throws: QuarkError.self) { try Self.types(manifold.bytes) }
    }
    // The header claims four gigabytes.
    for place in [12, 16, 20] {
      var vast = bytes
      vast.replaceSubrange(place..<place + 4, with: [0xfc, 0xff, 0xff, 0xff])
      #expect(throws: QuarkError.self) { try Self.types(vast) }
    }
    // With any change of a byte nothing traps.
    for index in bytes.indices {
      for value: UInt8 in [0, 1, 0x7f, 0xff] {
        var damaged = bytes
        damaged[index] = value
        _ = try? Self.types(damaged)
      }
    }
  }

  @Test func theReasonNamesTheFile() {
    let error = #expect(throws: QuarkError.self) {
      let object = Self.object()
      _ = unsafe try KernelTypes(path: "/nowhere/vmlinux", object: object.span.bytes, symbols: [], structures: [])
    }
    #expect(error?.message == "cannot read the kernel's types: No such file or directory: /nowhere/vmlinux")
  }
}

@Suite struct NameTableTests {
  @Test func namesAreFoundByTheirBytes() {
    var table = NameTable()
    let names = (0..<3000).map { "name_\($0 * 7919 % 3001)_\($0)" } + ["", "a", "ab", "ba"]
    for name in names { unsafe Array(name.utf8).withUnsafeBytes { _ = unsafe table.add($0) } }
    #expect(table.count == names.count)
    for (index, name) in names.enumerated() {
      unsafe Array(name.utf8).withUnsafeBytes { bytes in
        #expect(unsafe table.index(of: bytes) == index)
        #expect(unsafe table.add(bytes) == index)
      }
      #expect(Array(table.bytes(of: index)) == Array(name.utf8))
    }
    unsafe Array("name_0".utf8).withUnsafeBytes { #expect(unsafe table.index(of: $0) == nil) }
  }
}
