import CQuark
import CWire

// One for all records: making them anew takes longer than decoding does.
nonisolated(unsafe) private var strings = StringPool()
nonisolated(unsafe) private var queue = RawEventQueue(capacity: 1)

/// Fuzzes one record of a ring.
func fuzzRecord(_ record: RawSpan) {
  let event = unsafe queue.make()!
  if unsafe RecordDecoder.decode(record, into: event, maxEnvironment: 4096, strings: &strings) == .decoded {
    precondition(unsafe event.pointee.pid != 0)
    unsafe check(event.pointee.exe)
    unsafe check(event.pointee.cwd)
    unsafe check(event.pointee.cgroup)
    unsafe check(event.pointee.args, count: Int(event.pointee.args_len))
    unsafe check(event.pointee.env, count: Int(event.pointee.env_len))
    checkPayload(event)
  }
  unsafe queue.free(event, strings: &strings)
  precondition(unsafe queue.variableBytes == 0, "no string stays behind")
}

/// What it points to may be read, and it is as large as it says.
private func checkPayload(_ event: UnsafeMutablePointer<raw_event>) {
  let family = wire_family(cquark_type(event.pointee.type).pointee.family)
  let hasPayload = [WIRE_FAMILY_PTRACE, WIRE_FAMILY_MODULE, WIRE_FAMILY_SHM, WIRE_FAMILY_TTY].contains(family)
  guard let payload = event.pointee.payload else { return precondition(!hasPayload) }
  precondition(hasPayload && UInt(bitPattern: payload) % 8 == 0)
  check(payload.assumingMemoryBound(to: CChar.self), bytes: Int(event.pointee.variable_bytes))
  switch family {
  case WIRE_FAMILY_MODULE:
    for text in [event.pointee.module_load.pointee.name, event.pointee.module_load.pointee.version] { check(text) }
    check(event.pointee.module_load.pointee.src_version)
  case WIRE_FAMILY_SHM: check(UnsafeMutablePointer(mutating: event.pointee.shm.pointee.path))
  case WIRE_FAMILY_TTY:
    let data = payload.assumingMemoryBound(to: CChar.self) + MemoryLayout<quark_tty>.size
    check(data, count: event.pointee.tty.pointee.data_len + 1)
  default: break
  }
}

private func check(_ start: UnsafeMutablePointer<CChar>, bytes: Int) {
  var sum = 0
  for index in 0..<bytes { sum &+= Int(start[index]) }
  withExtendedLifetime(sum) {}
}

/// Every byte may be read, and the last of them is a NUL.
private func check(_ bytes: UnsafeMutablePointer<CChar>?, count: Int) {
  guard let bytes = unsafe bytes else { return }
  var sum = 0
  for index in 0..<count { unsafe sum &+= Int(bytes[index]) }
  withExtendedLifetime(sum) {}
  precondition(unsafe bytes[count - 1] == 0)
}

private func check(_ string: UnsafeMutablePointer<CChar>?) {
  guard let string = unsafe string else { return }
  var end = 0
  while unsafe string[end] != 0 { end += 1 }
}
