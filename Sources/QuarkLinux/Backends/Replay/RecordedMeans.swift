internal import CQuark
internal import CWire
internal import QuarkCore

/// What the records of a recording tell: which types there are, and which fields.
struct RecordedMeans: ~Copyable {
  /// A bit each, 1 << RAW_*: of processes, and of threads alone.
  private var types: UInt32 = 0
  private var threadTypes: UInt32 = 0
  /// 1 << wire_field.kind
  private var fields: UInt32 = 0

  /// `bytes`: the whole recording, which was accepted as one.
  init(_ bytes: RawSpan) {
    guard var cursor = try? RecordingCursor(bytes) else { return }
    var upgrade = RecordUpgrade(version: cursor.header.version)
    while let frame = cursor.next(bytes) {
      if case .record(let range) = frame { upgrade.lend(bytes.extracting(range)) { note($0) } }
    }
  }

  var means: SourceMeans {
    var means = SourceMeans()
    for type in 1..<RAW_NUM_TYPES.rawValue {
      let isThere = types & 1 << type != 0
      means.add(
        raw_types(type), "records", isThere ? "recording" : "", failure: isThere ? "" : "the recording has none")
    }
    for type in [RAW_WAKE_UP_NEW_TASK, RAW_EXIT_THREAD, RAW_COMM] where threadTypes & 1 << type.rawValue == 0 {
      means.add(lackOf: "threads", type, "no record of the recording is of a thread")
    }
    for (kind, type, field) in Self.optional where fields & 1 << kind.rawValue == 0 {
      means.add(lackOf: field, type, "no record of the recording has it")
    }
    return means
  }

  private static var optional: [(wire_field_kind, raw_types, StaticString)] {
    [
      (WIRE_FIELD_CWD, RAW_WAKE_UP_NEW_TASK, "cwd"), (WIRE_FIELD_CGROUP, RAW_WAKE_UP_NEW_TASK, "cgroup"),
      (WIRE_FIELD_EXE, RAW_EXEC, "exe"), (WIRE_FIELD_ARGV, RAW_EXEC, "cmdline"), (WIRE_FIELD_ENV, RAW_EXEC, "env"),
      (WIRE_FIELD_SCRIPT, RAW_EXEC, "script"),
    ]
  }

  private mutating func note(_ record: RawSpan) {
    let size = MemoryLayout<wire_record>.size
    guard record.byteCount >= size else { return }
    // Safe: the record has so many bytes, and integers are valid for any bits.
    let header = unsafe record.unsafeLoadUnaligned(as: wire_record.self)
    // Safe: there is a row for every number.
    let kind = unsafe cquark_kind(UInt32(header.kind)).pointee
    guard kind.type != RAW_INVALID.rawValue else { return }
    if kind.flags & UInt32(RAW_F_THREAD) != 0 {
      threadTypes |= 1 << kind.type
    } else {
      types |= 1 << kind.type
    }
    note(fields: header.nfields, of: record, from: size + Int(kind.body_size))
  }

  private mutating func note(fields count: UInt16, of record: RawSpan, from start: Int) {
    var offset = start
    for _ in 0..<count {
      guard record.byteCount - offset >= MemoryLayout<wire_field>.size else { return }
      // Safe: as above.
      let field = unsafe record.unsafeLoadUnaligned(fromByteOffset: offset, as: wire_field.self)
      if field.kind < 32 { fields |= 1 << UInt32(field.kind) }
      offset += MemoryLayout<wire_field>.size + (Int(field.len) + 7) & ~7
    }
  }
}
