/// Reads bytes like a file: only a limited number at a time, and into the same buffer each time.
struct MemorySource: BTFSource {
  let bytes: UnsafeRawBufferPointer
  /// Like the reader of a file, but small, so that types and strings cross its end.
  static var capacity: Int { 4096 }

  @unsafe mutating func peek(_ count: Int, at offset: Int) throws(BTFError) -> UnsafeRawBufferPointer {
    precondition(count <= Self.capacity)
    guard offset < bytes.count else { return unsafe UnsafeRawBufferPointer(start: nil, count: 0) }
    return unsafe UnsafeRawBufferPointer(rebasing: bytes[offset..<min(bytes.count, offset + Self.capacity)])
  }

  @unsafe func fill(_ target: UnsafeMutableRawBufferPointer, at offset: Int) throws(BTFError) -> Bool {
    precondition(offset >= 0)
    guard offset <= bytes.count, target.count <= bytes.count - offset else { return false }
    unsafe target.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + target.count]))
    return true
  }
}

/// Fuzzes raw BTF, or an ELF file with BTF.
func fuzzBTF(_ bytes: RawSpan) {
  unsafe bytes.withUnsafeBytes { buffer in
    do throws(BTFError) {
      let vector = try DotnameResolver.resolve(unsafe MemorySource(bytes: buffer))
      for name in Dotname.allCases where name != .pidTypePGID && name != .pidTypeSID {
        precondition(vector[name] ?? 0 >= 0, "an offset lies behind the beginning")
      }
      precondition(vector.isUsable || !vector.missingNames.isEmpty)
    } catch {
      guard case .damaged(let damage) = error else { preconditionFailure("memory can be read") }
      precondition(damage.offset >= 0 && !damage.description.isEmpty)
    }
  }
}

/// Fuzzes a table and a look-up: the first byte is the length of the release, which follows it.
func fuzzTable(_ bytes: RawSpan) {
  guard bytes.byteCount > 0 else { return }
  unsafe bytes.withUnsafeBytes { buffer in
    let start = unsafe 1 + min(Int(buffer[0]), buffer.count - 1)
    let release = unsafe String(decoding: UnsafeRawBufferPointer(rebasing: buffer[1..<start]), as: UTF8.self)
    let text = unsafe Span<UInt8>(_unsafeBytes: .init(rebasing: buffer[start...]))
    guard let table = ReleaseTable(text) else { return }
    _ = table.source
    for machine in ["x86_64", "aarch64"] {
      let answer = table.answer(release: release, machine: machine)
      precondition(!answer.words(release: release, machine: machine).isEmpty)
    }
    var previous: [UInt8] = []
    _ = table.forEachKernel { kernel in
      precondition(kernel.name.count <= ReleaseTable.maxNameBytes)
      // A comparison of two names must give the same result in both directions.
      let there = ReleaseOrder.compare(kernel.name.span, previous.span)
      precondition(ReleaseOrder.compare(previous.span, kernel.name.span) == there.map { -$0 })
      previous = kernel.name
      return true
    }
  }
}
