internal import CWire

/// Puts a record of wire.h together: its header, then its fields.
@safe @usableFromInline struct WireWriter: ~Copyable {
  private let start: UnsafeMutableRawPointer
  private var count = 0
  private var fields: UInt16 = 0

  /// A header, paths of a directory, a file, a control group and a script, what an exec has for arguments, and room for
  /// the headers of these.
  private static var capacity: Int {
    MemoryLayout<wire_record>.size + 4 * Int(WIRE_PATH_MAX.rawValue) + Int(WIRE_ARGV_MAX.rawValue) + 256
  }

  init() { unsafe start = .allocate(byteCount: Self.capacity, alignment: 8) }

  @inlinable deinit { destroy() }

  @usableFromInline func destroy() { unsafe start.deallocate() }

  mutating func begin() {
    count = MemoryLayout<wire_record>.size
    fields = 0
  }

  /// A field that does not fit is left out; nothing that is added here is that large.
  mutating func add(_ kind: wire_field_kind, _ bytes: RawSpan, flags: UInt32 = 0, originalCount: Int = 0) {
    let headerSize = MemoryLayout<wire_field>.size
    let padded = (bytes.byteCount + 7) & ~7
    guard count + headerSize + padded <= Self.capacity else { return }
    let header = wire_field(
      kind: UInt16(kind.rawValue), flags: UInt16(flags), len: UInt32(bytes.byteCount),
      orig_len: UInt32(max(originalCount, bytes.byteCount)), reserved: 0)
    // Safe: there is room, as was just seen, and the header leaves what follows aligned.
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

  /// Completes the record with its header, and lends it.
  mutating func finish(_ header: wire_record, _ body: (RawSpan) -> Void) {
    var header = header
    header.size = UInt32(count)
    header.nfields = fields
    // Safe: `count` bytes are filled, the header's among them.
    unsafe start.storeBytes(of: header, as: wire_record.self)
    unsafe body(RawSpan(_unsafeStart: UnsafeRawPointer(start), byteCount: count))
  }
}
