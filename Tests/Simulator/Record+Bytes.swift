internal import CQuark
internal import CWire

extension Record {
  /// The record as bpf/ would write it, or damaged as `damage` says.
  func wireBytes() -> [UInt8] {
    var fields: [UInt8] = []
    var header = wire_record()
    header.time_boot_ns = timeNS
    header.kind = UInt16(wireKind.rawValue)
    header.pid = pid
    header.tid = tid
    header.cpu = UInt32(cpu)
    func add(_ kind: UInt32, _ content: [UInt8], flags: UInt16 = 0, original: Int? = nil) {
      Self.append(kind, content, flags: flags, original: original, to: &fields)
      header.nfields += 1
    }
    if let exe { add(WIRE_FIELD_EXE.rawValue, Self.components(exe), flags: Self.flags(exe)) }
    if let arguments { add(WIRE_FIELD_ARGV.rawValue, arguments) }
    if let path = workingDirectory { add(WIRE_FIELD_CWD.rawValue, Self.components(path), flags: Self.flags(path)) }
    if let field = payload?.wireField { add(field.kind.rawValue, field.content, original: field.original) }
    switch damage {
    case .noPID: header.pid = 0
    case .hugePID: header.pid = 4 << 20
    case .unknownType: header.kind = UInt16(WIRE_KIND_END.rawValue)
    case .fieldMissing: header.nfields += 1
    case .unknownField: add(77, [1, 2, 3])
    case .fieldTwice: for _ in 0..<2 { add(WIRE_FIELD_CWD.rawValue, [UInt8(ascii: "x"), 0]) }
    case .longArguments: add(WIRE_FIELD_ARGV.rawValue, [UInt8](repeating: 1, count: Int(WIRE_ARGV_MAX.rawValue) + 1))
    case .fieldBeyondEnd:
      add(WIRE_FIELD_CWD.rawValue, [UInt8(ascii: "x"), 0])
      fields.removeLast(8)
    case .short, .sizeBeyondEnd, .sizeBelowHeader, nil: break
    }
    let body = wireBody
    let leastSize = MemoryLayout<wire_record>.size + body.count
    header.size = UInt32(leastSize + fields.count)
    if damage == .sizeBeyondEnd { header.size += 1 }
    if damage == .sizeBelowHeader { header.size = UInt32(leastSize - 1) }
    let bytes = unsafe withUnsafeBytes(of: header) { unsafe Array($0) } + body + fields
    return damage == .short ? Array(bytes.prefix(Int(timeNS % UInt64(leastSize)))) : bytes
  }

  private static func append(
    _ kind: UInt32, _ content: [UInt8], flags: UInt16, original: Int?, to bytes: inout [UInt8]
  ) {
    var field = wire_field()
    field.kind = UInt16(kind)
    field.flags = flags
    field.len = UInt32(content.count)
    field.orig_len = UInt32(original ?? content.count)
    unsafe withUnsafeBytes(of: field) { unsafe bytes.append(contentsOf: $0) }
    bytes += content
    bytes += [UInt8](repeating: 0, count: (8 - content.count % 8) % 8)
  }

  /// The components from the leaf to the root, each with its NUL.
  private static func components(_ path: [UInt8]) -> [UInt8] {
    let isCut = path.first == UInt8(ascii: ".")
    return path.dropFirst(isCut ? 1 : 0).split(separator: UInt8(ascii: "/")).reversed().flatMap { $0 + [0] }
  }

  private static func flags(_ path: [UInt8]) -> UInt16 {
    if path.first == UInt8(ascii: ".") { return UInt16(WIRE_FIELD_CUT.rawValue) }
    return path.contains(UInt8(ascii: "/")) ? 0 : UInt16(WIRE_FIELD_NAME.rawValue)
  }

  private var wireKind: wire_kind {
    if let payload { return payload.wireKind }
    return switch type {
    case RAW_WAKE_UP_NEW_TASK: WIRE_FORK
    case RAW_EXEC: WIRE_EXEC
    case RAW_GETPID: WIRE_GETPID
    default: WIRE_EXIT
    }
  }

  private var wireBody: [UInt8] {
    if let payload { return payload.wireBody(startNS: actorStartNS ?? 0) }
    // Safe: both tasks are the same members in the same order, plain integers.
    return unsafe withUnsafeBytes(of: unsafeBitCast(rawTask, to: wire_task.self)) { unsafe Array($0) }
  }

  /// The task in the form for `makeRawEvent`.
  var rawTask: raw_task {
    var result = raw_task()
    if let task {
      result.start_boottime = task.startNS
      result.cap_inheritable = task.capabilities[0]
      result.cap_permitted = task.capabilities[1]
      result.cap_effective = task.capabilities[2]
      result.cap_bset = task.capabilities[3]
      result.cap_ambient = task.capabilities[4]
      result.ppid = task.ppid
      result.uid = task.ids[0]
      result.gid = task.ids[1]
      result.suid = task.ids[2]
      result.sgid = task.ids[3]
      result.euid = task.ids[4]
      result.egid = task.ids[5]
      result.pgid = task.pgid
      result.sid = task.sid
      result.tty_major = task.ttyMajor
      result.tty_minor = task.ttyMinor
      result.uts_inonum = task.namespaces[0]
      result.ipc_inonum = task.namespaces[1]
      result.mnt_inonum = task.namespaces[2]
      result.net_inonum = task.namespaces[3]
      result.exit_code = task.exitCode
    }
    unsafe withUnsafeMutableBytes(of: &result.comm) { unsafe $0.copyBytes(from: task?.comm ?? comm) }
    return result
  }
}
