import CWire

/// Builds the bytes of a record as bpf/ would write them.
struct RecordBuilder {
  var header = wire_record()
  /// All bodies. The kind of the record decides which of them it has.
  var task = wire_task()
  var idBits: UInt32 = 0
  var name = wire_name()
  var ptrace = wire_ptrace()
  var shm = wire_shm()
  var module = wire_module()
  var tty = wire_tty()
  private var fields: [UInt8] = []

  init(_ kind: wire_kind, pid: UInt32, timeNS: UInt64 = 1) {
    header.kind = UInt16(kind.rawValue)
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
    let body = body
    header.size = UInt32(MemoryLayout<wire_record>.size + body.count + fields.count)
    return unsafe withUnsafeBytes(of: header) { unsafe Array($0) } + body + fields
  }

  private var body: [UInt8] {
    switch wire_kind(UInt32(header.kind)) {
    case WIRE_ID_CHANGE:
      unsafe withUnsafeBytes(of: wire_id_change(task: task, bits: idBits, reserved: 0)) { unsafe Array($0) }
    case WIRE_BARE_COMM, WIRE_THREAD_COMM: unsafe withUnsafeBytes(of: name) { unsafe Array($0) }
    case WIRE_PTRACE: unsafe withUnsafeBytes(of: ptrace) { unsafe Array($0) }
    case WIRE_SHMGET, WIRE_MEMFD_CREATE: unsafe withUnsafeBytes(of: shm) { unsafe Array($0) }
    case WIRE_MODULE_LOAD: unsafe withUnsafeBytes(of: module) { unsafe Array($0) }
    case WIRE_TTY, WIRE_TTY_INPUT: unsafe withUnsafeBytes(of: tty) { unsafe Array($0) }
    case WIRE_BARE_EXEC, WIRE_THREAD_FORK, WIRE_THREAD_EXIT: []
    default: unsafe withUnsafeBytes(of: task) { unsafe Array($0) }
    }
  }
}
