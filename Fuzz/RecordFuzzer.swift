/// One record of a ring.
func fuzzRecord(_ record: RawSpan) {
  guard let event = unsafe RecordDecoder.decode(record) else { return }
  precondition(event.pid != 0)
  unsafe check(event.exe)
  unsafe check(event.cwd)
  unsafe check(event.arguments)
  unsafe event.deallocate()
}

/// Every byte may be read, and a NUL follows them.
private func check(_ bytes: OwnedBytes?) {
  guard let bytes = unsafe bytes else { return }
  var sum = 0
  for index in 0..<bytes.count { unsafe sum &+= Int(bytes.start[index]) }
  withExtendedLifetime(sum) {}
  precondition(unsafe bytes.start[bytes.count] == 0)
}
