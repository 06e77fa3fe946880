internal import CQuark
internal import CWire

/// What a record of another family than that of processes tells.
enum Payload: Equatable, Sendable {
  case ptrace(child: UInt32, request: Int64, address: UInt64, data: UInt64)
  case segment(key: Int64, size: UInt64, flags: Int64)
  case memoryFile(name: [UInt8], flags: UInt32)
  case module(name: [UInt8], version: [UInt8], sourceVersion: [UInt8], taints: UInt64)
  /// A record has one write; an event may have several. `cut`: bytes of them that are not there.
  case terminal(number: UInt32, isInput: Bool, writes: [[UInt8]], cut: UInt64)
}

extension Payload {
  /// Types whose records have one.
  static var types: [raw_types] { [RAW_PTRACE, RAW_SHM, RAW_MODULE_LOAD, RAW_TTY] }

  /// Names have none to as many bytes as a record has room for, the last of which may be missing its NUL.
  init?(of type: raw_types, from random: inout SeededGenerator) {
    switch type {
    case RAW_PTRACE:
      self = .ptrace(
        child: UInt32(random.below(5_000_000)), request: Int64(random.pick([0, 16, 0x4206, -1])),
        address: random.next(), data: random.next())
    case RAW_SHM where random.below(2) == 0:
      self = .segment(key: Int64(random.below(9)) - 4, size: random.next(), flags: Int64(random.below(0o2000)))
    case RAW_SHM:
      self = .memoryFile(name: random.bytes(count: random.magnitude(0...256)), flags: UInt32(random.below(32)))
    case RAW_MODULE_LOAD:
      self = .module(
        name: random.bytes(count: random.magnitude(0...64)), version: random.bytes(count: random.magnitude(0...128)),
        sourceVersion: random.bytes(count: random.magnitude(0...64)), taints: random.next() >> 40)
    case RAW_TTY:
      self = .terminal(
        number: UInt32(random.below(2)), isInput: random.below(4) == 0,
        writes: [random.bytes(count: random.magnitude(0...4096))],
        cut: random.below(8) == 0 ? UInt64(random.in(1...100)) : 0)
    default: return nil
    }
  }

  // MARK: - As a record has it

  var wireKind: wire_kind {
    switch self {
    case .ptrace: WIRE_PTRACE
    case .segment: WIRE_SHMGET
    case .memoryFile: WIRE_MEMFD_CREATE
    case .module: WIRE_MODULE_LOAD
    case .terminal(_, let isInput, _, _): isInput ? WIRE_TTY_INPUT : WIRE_TTY
    }
  }

  /// `startNS`: of the process that did it; 0: that is not said.
  func wireBody(startNS: UInt64) -> [UInt8] {
    switch self {
    case .ptrace(let child, let request, let address, let data):
      let body = wire_ptrace(
        start_boot_ns: startNS, request: request, addr: address, data: data, child_pid: child, reserved: 0)
      return unsafe withUnsafeBytes(of: body) { unsafe Array($0) }
    case .segment(let key, let size, let flags):
      var body = wire_shm()
      (body.start_boot_ns, body.key, body.size, body.flags) = (startNS, key, size, flags)
      return unsafe withUnsafeBytes(of: body) { unsafe Array($0) }
    case .memoryFile(let name, let flags):
      var body = wire_shm()
      (body.start_boot_ns, body.flags) = (startNS, Int64(flags))
      unsafe withUnsafeMutableBytes(of: &body.name) { unsafe $0.copyBytes(from: name) }
      return unsafe withUnsafeBytes(of: body) { unsafe Array($0) }
    case .module(let name, let version, let sourceVersion, let taints):
      var body = wire_module()
      (body.start_boot_ns, body.taints) = (startNS, taints)
      unsafe withUnsafeMutableBytes(of: &body.name) { unsafe $0.copyBytes(from: name) }
      unsafe withUnsafeMutableBytes(of: &body.version) { unsafe $0.copyBytes(from: version) }
      unsafe withUnsafeMutableBytes(of: &body.src_version) { unsafe $0.copyBytes(from: sourceVersion) }
      return unsafe withUnsafeBytes(of: body) { unsafe Array($0) }
    case .terminal(let number, _, let writes, _):
      var body = wire_tty()
      (body.start_boot_ns, body.major, body.minor) = (startNS, 136, number)
      body.len = UInt32(writes[0].count)
      return unsafe withUnsafeBytes(of: body) { unsafe Array($0) }
    }
  }

  /// The field behind the body, and its length before cutting.
  var wireField: (kind: wire_field_kind, content: [UInt8], original: Int)? {
    guard case .terminal(_, _, let writes, let cut) = self else { return nil }
    return (WIRE_FIELD_TTY, writes[0], writes[0].count + Int(cut))
  }

  // MARK: - As an event has it

  /// Bytes that it takes while it waits.
  var size: Int {
    switch self {
    case .ptrace: MemoryLayout<quark_ptrace>.size
    case .segment: unsafe MemoryLayout<quark_shm>.size
    // With the NUL behind a name that fills all there is.
    case .memoryFile: unsafe MemoryLayout<quark_shm>.size + 257
    case .module: unsafe MemoryLayout<quark_module_load>.size + MemoryLayout<wire_module>.size
    // With a NUL, and an address behind it.
    case .terminal(_, _, let writes, _): unsafe (MemoryLayout<quark_tty>.size + writes[0].count + 1 + 7) / 8 * 8 + 8
    }
  }

  /// As it is told: a module's texts give way to their NUL.
  var told: Payload {
    guard case .module(let name, let version, let sourceVersion, let taints) = self else { return self }
    return .module(
      name: Array(name.prefix(63)), version: Array(version.prefix(127)), sourceVersion: Array(sourceVersion.prefix(63)),
      taints: taints)
  }

  /// What both are in one event; nil: they are two.
  func joined(with next: Payload) -> Payload? {
    guard case .terminal(let number, let isInput, let writes, 0) = self,
      case .terminal(number, isInput, let more, 0) = next,
      writes.reduce(0, { $0 + $1.count }) + more[0].count < 4096
    else { return nil }
    return .terminal(number: number, isInput: isInput, writes: writes + more, cut: 0)
  }

  /// What the event shows. Nil: nothing; or more than one thing, or something that it does not tell of.
  init?(_ event: quark_event) {
    let call = unsafe event.ptrace
    let isTraced = call.child_pid != 0 || call.request != 0 || call.addr != 0 || call.data != 0
    if unsafe event.tty != nil {
      guard unsafe event.events == UInt64(QUARK_EV_TTY) && event.module_load == nil && event.shm == nil && !isTraced
      else { return nil }
      self = unsafe .terminal(event.tty, event.tty_flags)
      return
    }
    switch unsafe (event.events, event.module_load, event.shm) {
    case (UInt64(QUARK_EV_PTRACE), nil, nil):
      self = .ptrace(child: call.child_pid, request: call.request, address: call.addr, data: call.data)
    case (UInt64(QUARK_EV_MODULE_LOAD), let module?, nil) where !isTraced:
      self = unsafe .module(
        name: Self.text(module.pointee.name), version: Self.text(module.pointee.version),
        sourceVersion: Self.text(module.pointee.src_version), taints: module.pointee.taints)
    case (UInt64(QUARK_EV_SHM), nil, let shm?) where !isTraced:
      guard let path = unsafe shm.pointee.path else {
        guard unsafe shm.pointee.kind == QUARK_SHM_SHMGET else { return nil }
        self = unsafe .segment(
          key: shm.pointee.shmget_key, size: shm.pointee.shmget_size, flags: shm.pointee.shmget_shmflg)
        return
      }
      guard unsafe shm.pointee.kind == QUARK_SHM_MEMFD_CREATE else { return nil }
      self = unsafe .memoryFile(name: Self.text(path), flags: shm.pointee.memfd_create_flags)
    default: return nil
    }
  }

  private static func terminal(_ head: UnsafeMutablePointer<quark_tty>, _ flags: UInt32) -> Payload {
    var (writes, cut, next) = unsafe ([[UInt8]](), UInt64(0), UnsafeMutablePointer?(head))
    while let write = unsafe next {
      let data = unsafe UnsafeRawPointer(write) + MemoryLayout<quark_tty>.size
      unsafe writes.append([UInt8](UnsafeRawBufferPointer(start: data, count: write.pointee.data_len)))
      unsafe (cut, next) = (cut + write.pointee.truncated, write.pointee.next)
    }
    // A length that is not that of all shows as another terminal.
    let isWhole = unsafe head.pointee.total_len == writes.reduce(0, { $0 + $1.count })
    return unsafe .terminal(
      number: isWhole ? UInt32(head.pointee.minor) : .max, isInput: flags == UInt32(QUARK_TTY_F_INPUT), writes: writes,
      cut: cut)
  }

  /// Does the event show nothing of other families than that of processes?
  static func isNone(_ event: quark_event) -> Bool {
    let call = unsafe event.ptrace
    let isTraced = call.child_pid != 0 || call.request != 0 || call.addr != 0 || call.data != 0
    return unsafe !isTraced && event.module_load == nil && event.shm == nil && event.tty == nil
      && event.tty_flags == 0
  }

  private static func text(_ start: UnsafePointer<CChar>) -> [UInt8] {
    // Safe: it ends with a NUL.
    var text: [UInt8] = []
    while unsafe start[text.count] != 0 { unsafe text.append(UInt8(bitPattern: start[text.count])) }
    return text
  }
}

/// The families, in the order of enum quark_family: as the machine knows them, not as a table has them.
enum Family: Int, CaseIterable {
  case process, socket, packet, file, ptrace, module, shm, tty

  init(_ type: raw_types) {
    switch type {
    case RAW_SOCK_CONN: self = .socket
    case RAW_PACKET: self = .packet
    case RAW_FILE: self = .file
    case RAW_PTRACE: self = .ptrace
    case RAW_MODULE_LOAD: self = .module
    case RAW_SHM: self = .shm
    case RAW_TTY: self = .tty
    default: self = .process
    }
  }

  /// The one of an event that tells this.
  init(events: UInt64) {
    switch events {
    case UInt64(QUARK_EV_SOCK_CONN_ESTABLISHED): self = .socket
    case UInt64(QUARK_EV_PACKET): self = .packet
    case UInt64(QUARK_EV_FILE): self = .file
    case UInt64(QUARK_EV_PTRACE): self = .ptrace
    case UInt64(QUARK_EV_MODULE_LOAD): self = .module
    case UInt64(QUARK_EV_SHM): self = .shm
    case UInt64(QUARK_EV_TTY): self = .tty
    default: self = .process
    }
  }
}
