import CWire

/// Builds the bytes of a record as bpf/ would write them.
struct RecordBuilder {
  var header = wire_record()
  private var fields: [UInt8] = []

  init(_ type: wire_type, pid: UInt32, timeNS: UInt64 = 1) {
    header.type = UInt16(type.rawValue)
    header.pid = pid
    header.tid = pid
    header.time_boot_ns = timeNS
  }

  mutating func add(
    _ kind: wire_field_kind, _ content: String, flags: wire_field_flag? = nil, originalCount: Int? = nil
  ) {
    var field = wire_field()
    field.kind = UInt16(kind.rawValue)
    field.flags = UInt16(flags?.rawValue ?? 0)
    field.len = UInt32(content.utf8.count)
    field.orig_len = originalCount.map { UInt32($0) } ?? field.len
    fields += unsafe withUnsafeBytes(of: field) { unsafe Array($0) }
    fields += content.utf8
    fields += Array(repeating: 0, count: (8 - content.utf8.count % 8) % 8)
    header.nfields += 1
  }

  var bytes: [UInt8] {
    var header = header
    header.size = UInt32(MemoryLayout<wire_record>.size + fields.count)
    return unsafe withUnsafeBytes(of: header) { unsafe Array($0) } + fields
  }
}
