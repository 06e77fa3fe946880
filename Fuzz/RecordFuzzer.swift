// They are shared by all records, because making them takes longer than decoding.
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
  }
  unsafe queue.free(event, strings: &strings)
  precondition(unsafe queue.variableBytes == 0, "no string stays behind")
}

/// Every byte must be readable, and the last one must be a NUL.
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
