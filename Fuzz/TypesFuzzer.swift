/// Fuzzes the BTF to which BPF programs are relocated: either it is refused, or the extract is a valid BTF, of which
/// the extract is the same again.
func fuzzTypes(_ bytes: RawSpan) {
  bytes.withUnsafeBytes { buffer in
    guard let first = pick(buffer) else { return }
    first.withUnsafeBytes { extract in
      precondition(extract.count <= 2 * buffer.count + 4096, "what was picked is no more than there was")
      guard let second = pick(extract) else { preconditionFailure("the extract is no BTF") }
      precondition(second.count <= first.count)
    }
  }
}

/// Names that are in the committed BTF, or that are short enough to be found by the fuzzer.
private let wanted: NameTable = {
  var names = NameTable()
  let some: [StaticString] = ["task_struct", "cred", "uid", "path", "d_name", "ns_common", "int", "a", "b", "ab"]
  for name in some { names.add(name) }
  return names
}()

private func pick(_ bytes: UnsafeRawBufferPointer) -> [UInt8]? {
  do throws(BTFError) {
    var picker = try KernelTypePicker(MemorySource(bytes: bytes), names: wanted)
    try picker.readStrings()
    try picker.readTypes()
    let extract = try picker.extract()
    for prototype in try picker.prototypes() { precondition(prototype.parameters <= 0xffff) }
    return extract
  } catch {
    guard case .damaged(let damage) = error else { preconditionFailure("memory can be read") }
    precondition(damage.offset >= 0 && !damage.description.isEmpty)
    return nil
  }
}
