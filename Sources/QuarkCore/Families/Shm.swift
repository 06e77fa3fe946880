internal import CQuark
internal import CWire

/// Shared memory that a process got: a System V segment, or a memory file.
enum ShmFamily: PayloadFamily {
  @unsafe static func decode(
    body: RawSpan, of kind: wire_kind, into event: UnsafeMutablePointer<raw_event>, strings: inout StringPool
  ) -> RecordDecoder.Outcome {
    // Safe: the body is a wire_shm by kinds.h, and any bits are valid.
    var body = unsafe body.unsafeLoadUnaligned(as: wire_shm.self)
    let isFile = kind == WIRE_MEMFD_CREATE
    let nameSize = isFile ? MemoryLayout.size(ofValue: body.name) + 1 : 0
    let size = unsafe MemoryLayout<quark_shm>.size + nameSize
    guard let payload = unsafe strings.makePayload(size: size) else { return .refused }
    let shm = unsafe payload.bindMemory(to: quark_shm.self, capacity: 1)
    if isFile {
      unsafe shm.pointee.kind = QUARK_SHM_MEMFD_CREATE
      unsafe shm.pointee.memfd_create_flags = UInt32(truncatingIfNeeded: body.flags)
      // Safe: there is room for the name after the structure, and for one more byte, which is 0.
      let name = unsafe (payload + MemoryLayout<quark_shm>.size).assumingMemoryBound(to: CChar.self)
      unsafe withUnsafeBytes(of: &body.name) {
        unsafe UnsafeMutableRawPointer(name).copyMemory(from: $0.baseAddress!, byteCount: $0.count)
      }
      unsafe shm.pointee.path = UnsafePointer(name)
    } else {
      unsafe shm.pointee.kind = QUARK_SHM_SHMGET
      unsafe shm.pointee.shmget_key = body.key
      unsafe shm.pointee.shmget_size = body.size
      unsafe shm.pointee.shmget_shmflg = body.flags
    }
    unsafe event.pointee.payload = payload
    unsafe event.pointee.variable_bytes = UInt32(size)
    unsafe event.task.pointee.start_boottime = body.start_boot_ns
    return .decoded
  }

  @unsafe static func deliver(
    _ rawEvent: UnsafeMutablePointer<raw_event>, to event: UnsafeMutablePointer<quark_event>
  ) {
    unsafe event.pointee.shm = rawEvent.pointee.shm
  }

  @unsafe static func satisfies(_ event: UnsafePointer<quark_event>, _ field: UnsafePointer<quark_rule_field>) -> Bool {
    unsafe field.pointee.code == QUARK_RF_SHM_PATH && field.pointee.wild.matches(event.pointee.shm?.pointee.path)
  }

  @unsafe static func appendText(of event: quark_event, to text: inout ByteBuffer) {
    guard let shm = unsafe event.shm else { return }
    if let path = unsafe shm.pointee.path {
      text.append("  SHM\tpath=")
      unsafe text.append(cString: path)
      unsafe EventText.appendHex("\n  SHM\tflags=", UInt64(shm.pointee.memfd_create_flags), to: &text)
    } else {
      text.append("  SHM\tkey=")
      unsafe text.append(decimal: shm.pointee.shmget_key)
      unsafe EventText.append(" size=", shm.pointee.shmget_size, to: &text)
      unsafe EventText.appendHex(" shmflg=", UInt64(bitPattern: shm.pointee.shmget_shmflg), to: &text)
    }
    text.append("\n")
  }

  @unsafe static func appendGraphText(of event: UnsafeMutablePointer<raw_event>, to text: inout ByteBuffer) {
    guard let path = unsafe event.pointee.shm?.pointee.path else { return }
    text.append(" ")
    unsafe text.append(dotLabel: path)
  }
}
