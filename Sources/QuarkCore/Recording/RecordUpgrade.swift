internal import CQuark
internal import CWire

/// Converts records of an old recording to the current layout. In version 1 all records had one layout: the header,
/// with the changes of ids in the member that is now reserved, and a task, known or not.
@safe public struct RecordUpgrade: ~Copyable {
  private let isNeeded: Bool
  private var buffer: UnsafeMutableRawPointer
  private var capacity = 1024

  /// Bytes of a record of version 1 without its fields.
  static var oldSize: Int { MemoryLayout<wire_record>.size + MemoryLayout<wire_task>.size }
  /// Offsets in a record of version 1: of its type, and of its changes of ids.
  private static var typeOffset: Int { 12 }
  private static var idChangeOffset: Int { 28 }
  /// A bit in the type of version 1: nothing is known of the task.
  private static var noTask: UInt16 { 1 << 15 }

  /// `version`: the version of the recording, which must be one that can be read.
  public init(version: UInt16) {
    isNeeded = version == 1
    unsafe buffer = .allocate(byteCount: capacity, alignment: 8)
  }

  @inlinable deinit { destroy() }

  @usableFromInline func destroy() { unsafe buffer.deallocate() }

  /// Lends `record` in the current layout. A malformed record becomes an empty one, which is malformed, too.
  public mutating func lend(_ record: RawSpan, _ body: (RawSpan) -> Void) {
    guard isNeeded else { return body(record) }
    let size = record.byteCount < Self.oldSize ? 0 : write(record)
    // Safe: this many bytes were written.
    unsafe body(RawSpan(_unsafeStart: UnsafeRawPointer(buffer), byteCount: size))
  }

  /// Returns the number of bytes in the buffer.
  private mutating func write(_ old: RawSpan) -> Int {
    // Safe: the record has these bytes, and integers are valid for any bits.
    var header = unsafe old.unsafeLoadUnaligned(as: wire_record.self)
    let type = unsafe old.unsafeLoadUnaligned(fromByteOffset: Self.typeOffset, as: UInt16.self)
    guard let kind = Self.kind(ofType: type), Int(header.size) >= Self.oldSize else { return 0 }
    let idChange = header.reserved
    header.kind = UInt16(kind.rawValue)
    header.reserved = 0
    // Safe: there is a row for every number.
    let bodySize = unsafe Int(cquark_kind(kind.rawValue).pointee.body_size)
    let headerSize = MemoryLayout<wire_record>.size
    header.size = header.size &- UInt32(Self.oldSize) &+ UInt32(headerSize + bodySize)
    reserve(old.byteCount + MemoryLayout<wire_id_change>.size)
    unsafe buffer.storeBytes(of: header, as: wire_record.self)
    let taskSize = MemoryLayout<wire_task>.size
    switch kind {
    case WIRE_ID_CHANGE:
      copy(old.extracting(headerSize..<Self.oldSize), to: headerSize)
      unsafe buffer.storeBytes(of: UInt64(idChange), toByteOffset: headerSize + taskSize, as: UInt64.self)
    case WIRE_BARE_COMM, WIRE_THREAD_COMM:
      copy(old.extracting(Self.oldSize - bodySize..<Self.oldSize), to: headerSize)
    default:
      copy(old.extracting(headerSize..<headerSize + bodySize), to: headerSize)
    }
    let fields = old.extracting(Self.oldSize..<old.byteCount)
    copy(fields, to: headerSize + bodySize)
    return headerSize + bodySize + fields.byteCount
  }

  /// Nil if no version ever wrote such a record.
  private static func kind(ofType type: UInt16) -> wire_kind? {
    switch wire_kind(UInt32(type & ~noTask)) {
    case WIRE_EXEC: type & noTask != 0 ? WIRE_BARE_EXEC : WIRE_EXEC
    case WIRE_COMM: type & noTask != 0 ? WIRE_BARE_COMM : WIRE_COMM
    case let kind where type & noTask != 0:
      kind == WIRE_THREAD_FORK || kind == WIRE_THREAD_EXIT || kind == WIRE_THREAD_COMM ? kind : nil
    case let kind where kind.rawValue >= WIRE_FORK.rawValue && kind.rawValue <= WIRE_EXEC_CONNECTOR.rawValue: kind
    default: nil
    }
  }

  private func copy(_ bytes: RawSpan, to offset: Int) {
    unsafe bytes.withUnsafeBytes { source in
      // Safe: there is room, which was reserved.
      if let start = source.baseAddress { unsafe (buffer + offset).copyMemory(from: start, byteCount: source.count) }
    }
  }

  private mutating func reserve(_ count: Int) {
    guard count > capacity else { return }
    unsafe buffer.deallocate()
    capacity = 2 * count
    unsafe buffer = .allocate(byteCount: capacity, alignment: 8)
  }
}
