internal import CQuark
internal import CWire

/// The header and body of a record while it is being built. Its kind decides which of these are sent.
struct RecordDraft {
  var header = wire_record()
  /// For a kind whose body is a task.
  var task = wire_task()
  /// For a kind whose body is a name.
  var name = wire_name()
}

/// Builds a record of wire.h: its header, its body, then its fields.
@safe @usableFromInline struct WireWriter: ~Copyable {
  private let start: UnsafeMutableRawPointer
  private var count = 0
  private var fields: UInt16 = 0

  /// Room for a header, a task, paths of a directory, a file, a control group and a script, the arguments of an exec,
  /// and the headers of these fields.
  private static var capacity: Int {
    MemoryLayout<wire_record>.size + MemoryLayout<wire_task>.size + 4 * Int(WIRE_PATH_MAX.rawValue)
      + Int(WIRE_ARGV_MAX.rawValue) + 256
  }

  init() { unsafe start = .allocate(byteCount: Self.capacity, alignment: 8) }

  @inlinable deinit { destroy() }

  @usableFromInline func destroy() { unsafe start.deallocate() }

  mutating func begin() {
    count = Self.headerSize
    fields = 0
  }

  /// Leaves room for the body of this kind; call it before any field is added.
  mutating func reserveBody(of kind: wire_kind) {
    // Safe: there is a row for every number.
    count = unsafe Self.headerSize + Int(cquark_kind(kind.rawValue).pointee.body_size)
  }

  private static var headerSize: Int { MemoryLayout<wire_record>.size }

  /// Adds a field. If it did not fit it would be left out, but no field here is so large.
  mutating func add(_ kind: wire_field_kind, _ bytes: RawSpan, flags: UInt32 = 0, originalCount: Int = 0) {
    let headerSize = MemoryLayout<wire_field>.size
    let padded = (bytes.byteCount + 7) & ~7
    guard count + headerSize + padded <= Self.capacity else { return }
    let header = wire_field(
      kind: UInt16(kind.rawValue), flags: UInt16(flags), len: UInt32(bytes.byteCount),
      orig_len: UInt32(max(originalCount, bytes.byteCount)), reserved: 0)
    // Safe: it was just checked that there is room, and the header keeps the next field aligned.
    unsafe (start + count).storeBytes(of: header, as: wire_field.self)
    unsafe bytes.withUnsafeBytes { source in
      if let base = source.baseAddress {
        unsafe (start + count + headerSize).copyMemory(from: base, byteCount: source.count)
      }
    }
    count += headerSize + padded
    fields += 1
  }

  mutating func addScript(_ name: RawSpan) {
    add(WIRE_FIELD_SCRIPT, name.extracting(first: Int(WIRE_SCRIPT_MAX.rawValue)))
  }

  /// Lends a record that is a header and a body of one of the other families.
  mutating func lend<Body: BitwiseCopyable>(_ header: wire_record, _ content: Body, _ body: (RawSpan) -> Void) {
    var header = header
    header.size = UInt32(Self.headerSize + MemoryLayout<Body>.size)
    // Safe: the body of any kind fits where a task and its paths do, and what follows the header is aligned.
    unsafe start.storeBytes(of: header, as: wire_record.self)
    unsafe start.storeBytes(of: content, toByteOffset: Self.headerSize, as: Body.self)
    unsafe body(RawSpan(_unsafeStart: UnsafeRawPointer(start), byteCount: Int(header.size)))
  }

  /// Completes the record with its header and its body, and lends it.
  mutating func finish(_ draft: RecordDraft, _ body: (RawSpan) -> Void) {
    var header = draft.header
    header.size = UInt32(count)
    header.nfields = fields
    // Safe: `count` bytes are filled or reserved, with those of the header and the body, and all parts are aligned.
    unsafe start.storeBytes(of: header, as: wire_record.self)
    switch wire_kind(UInt32(header.kind)) {
    case WIRE_BARE_COMM, WIRE_THREAD_COMM:
      unsafe start.storeBytes(of: draft.name, toByteOffset: Self.headerSize, as: wire_name.self)
    case WIRE_THREAD_FORK, WIRE_THREAD_EXIT: break
    default: unsafe start.storeBytes(of: draft.task, toByteOffset: Self.headerSize, as: wire_task.self)
    }
    unsafe body(RawSpan(_unsafeStart: UnsafeRawPointer(start), byteCount: count))
  }
}
