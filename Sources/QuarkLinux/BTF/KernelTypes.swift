internal import CLinux
internal import QuarkBTF

/// The part of the kernel's types that a BPF object needs. The kernel's BTF has some megabytes, of which a few pages
/// are in memory at a time, and a hundred thousand types, of which a few dozen matter.
///
/// libbpf gets the result as a BTF of its own: the structures that the object names, with only the members that it
/// names. Pointers point to void there, because a relocation never follows one.
struct KernelTypes {
  /// The file with the types of the running kernel.
  static var systemPath: String { "/sys/kernel/btf/vmlinux" }

  private let names: NameTable
  private let functions: [(name: Int, id: UInt32)]
  private let prototypes: [(name: Int, parameters: Int)]
  private let structureMembers: [(structure: Int, member: Int)]
  /// The types for libbpf.
  let extract: [UInt8]

  /// `object`: the BTF of the BPF object. `symbols`: names of functions, and of typedefs of prototypes, that will be
  /// looked up. `structures`: further structures, and members of them.
  init(
    path: String, object: RawSpan, symbols: [StaticString], structures: [StaticString]
  ) throws(QuarkError) {
    var names = NameTable()
    guard Self.addNames(of: object, to: &names) else {
      throw QuarkError("read the BPF object's types", Errno(EINVAL))
    }
    for name in symbols + structures { names.add(name) }
    do throws(BTFError) {
      let file: FileReader
      do throws(Errno) { file = try FileReader(path: path) } catch { throw .unreadable(error.rawValue) }
      var picker = try KernelTypePicker(file, names: names)
      try picker.readStrings()
      try picker.readTypes()
      extract = try picker.extract()
      functions = picker.functions
      prototypes = try picker.prototypes()
      structureMembers = picker.structureMembers
      self.names = names
    } catch {
      switch error {
      case .unreadable(let number): throw QuarkError(Self.attempt, Errno(number), detail: path)
      case .damaged(let damage): throw QuarkError(Self.attempt, Errno(EINVAL), detail: "\(path): \(damage)")
      }
    }
  }

  private static var attempt: StaticString { "read the kernel's types" }

  /// The id of a function; nil if there is none, or if the compiler has inlined it everywhere.
  func functionID(_ name: StaticString) -> UInt32? {
    guard let index = names.index(of: name) else { return nil }
    return functions.first { $0.name == index }?.id
  }

  /// The number of arguments of a tracepoint: those of the typedef btf_trace_NAME, without the first, which is
  /// internal.
  func tracepointParameters(_ typedef: StaticString) -> Int? {
    guard let index = names.index(of: typedef) else { return nil }
    return prototypes.first { $0.name == index }.map { $0.parameters - 1 }
  }

  func has(_ structure: StaticString, member: StaticString) -> Bool {
    guard let structure = names.index(of: structure), let member = names.index(of: member) else { return false }
    return structureMembers.contains { $0.structure == structure && $0.member == member }
  }

  /// Adds all names of an object's types and members. `name___flavor` is another form of `name`.
  private static func addNames(of object: RawSpan, to names: inout NameTable) -> Bool {
    guard let header = BTFFormat.Header(object), header.stringsOffset + header.stringsSize <= object.byteCount else {
      return false
    }
    return unsafe object.withUnsafeBytes { bytes in
      var start = header.stringsOffset
      let end = header.stringsOffset + header.stringsSize
      while start < end {
        var stop = start
        while unsafe stop < end && bytes[stop] != 0 { stop += 1 }
        let name = unsafe UnsafeRawBufferPointer(rebasing: bytes[start..<stop])
        if unsafe isIdentifier(name) { unsafe names.add(UnsafeRawBufferPointer(rebasing: name[..<essential(name)])) }
        start = stop + 1
      }
      return true
    }
  }

  /// The strings also contain lines of source code.
  private static func isIdentifier(_ name: UnsafeRawBufferPointer) -> Bool {
    for index in 0..<name.count {
      switch unsafe name[index] {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"): continue
      default: return false
      }
    }
    return name.count > 0
  }

  /// The length of a name without the flavor.
  private static func essential(_ name: UnsafeRawBufferPointer) -> Int {
    var index = 1
    while index + 3 < name.count {
      let underscore = UInt8(ascii: "_")
      if unsafe name[index] == underscore && name[index + 1] == underscore && name[index + 2] == underscore {
        return index
      }
      index += 1
    }
    return name.count
  }
}
