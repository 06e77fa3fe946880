/// Fuzzes a cgroup file, and the path of a control group. The first byte is the room for the container's name.
func fuzzCgroup(_ bytes: RawSpan) {
  guard bytes.byteCount > 0 else { return }
  unsafe bytes.withUnsafeBytes { buffer in
    let text = unsafe Span<UInt8>(_unsafeBytes: .init(rebasing: buffer[1...]))
    let capacity = unsafe Int(buffer[0])
    checkName(text, capacity: capacity)
    guard let path = ProcCgroup.path(in: text) else { return }
    precondition(!path.isEmpty && path.upperBound < text.count && text[path.upperBound] == UInt8(ascii: "\n"))
    for index in path { precondition(text[index] != UInt8(ascii: "\n")) }
    checkName(text.extracting(path), capacity: capacity)
  }
}

private func checkName(_ path: Span<UInt8>, capacity: Int) {
  // The buffer has exactly this size, so that a byte too many is found.
  let name = UnsafeMutableBufferPointer<CChar>.allocate(capacity: capacity)
  defer { unsafe name.deallocate() }
  guard let length = unsafe ContainerID.write(cgroup: path, to: name) else { return }
  precondition(length < capacity && length >= "cri-o://".utf8.count)
  precondition(unsafe name[length] == 0)
  precondition(unsafe name[..<length].contains(CChar(bitPattern: UInt8(ascii: ":"))))
}
