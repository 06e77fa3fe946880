internal import CQuark
internal import CWire

/// Kernel modules that are loaded.
enum ModuleFamily: PayloadFamily {
  @unsafe static func decode(
    body: RawSpan, of kind: wire_kind, into event: UnsafeMutablePointer<raw_event>, strings: inout StringPool
  ) -> RecordDecoder.Outcome {
    let (headSize, bodySize) = unsafe (MemoryLayout<quark_module_load>.size, MemoryLayout<wire_module>.size)
    guard let payload = unsafe strings.makePayload(size: headSize + bodySize) else { return .refused }
    // Safe: the body is a wire_module by kinds.h, any bits are valid, and there is room for it.
    let record = unsafe (payload + headSize).bindMemory(to: wire_module.self, capacity: 1)
    unsafe body.withUnsafeBytes {
      unsafe UnsafeMutableRawPointer(record).copyMemory(from: $0.baseAddress!, byteCount: bodySize)
    }
    let module = unsafe payload.bindMemory(to: quark_module_load.self, capacity: 1)
    unsafe module.pointee.name = text(&record.pointee.name)
    unsafe module.pointee.version = text(&record.pointee.version)
    unsafe module.pointee.src_version = text(&record.pointee.src_version)
    unsafe module.pointee.taints = record.pointee.taints
    unsafe event.pointee.payload = payload
    unsafe event.pointee.variable_bytes = UInt32(headSize + bodySize)
    unsafe event.task.pointee.start_boottime = record.pointee.start_boot_ns
    return .decoded
  }

  /// The address of an array of characters. A NUL replaces the last one, because data of the kernel is not trusted to
  /// end.
  private static func text<Characters>(_ characters: UnsafeMutablePointer<Characters>) -> UnsafeMutablePointer<CChar> {
    let start = unsafe UnsafeMutableRawPointer(characters).assumingMemoryBound(to: CChar.self)
    unsafe start[MemoryLayout<Characters>.size - 1] = 0
    return unsafe start
  }

  @unsafe static func deliver(
    _ rawEvent: UnsafeMutablePointer<raw_event>, to event: UnsafeMutablePointer<quark_event>
  ) {
    unsafe event.pointee.module_load = rawEvent.pointee.module_load
  }

  @unsafe static func satisfies(_ event: UnsafePointer<quark_event>, _ field: UnsafePointer<quark_rule_field>) -> Bool {
    unsafe field.pointee.code == QUARK_RF_MODULE_NAME
      && field.pointee.wild.matches(event.pointee.module_load?.pointee.name)
  }

  @unsafe static func appendText(of event: quark_event, to text: inout ByteBuffer) {
    guard let module = unsafe event.module_load else { return }
    text.append("  MODU\tname=")
    unsafe text.append(cString: module.pointee.name)
    text.append(" version=")
    unsafe text.append(cString: module.pointee.version)
    text.append(" srcversion=")
    unsafe text.append(cString: module.pointee.src_version)
    unsafe EventText.appendHex(" taints=", module.pointee.taints, to: &text)
    text.append(" (")
    // The letters of /proc/modules and of an oops: Documentation/admin-guide/tainted-kernels.rst.
    for (bit, letter) in "PFSRMBUDAWCIOELKXTN".utf8.enumerated()
    where unsafe module.pointee.taints >> UInt64(bit) & 1 != 0 {
      text.append(letter)
    }
    text.append(")\n")
  }

  @unsafe static func appendGraphText(of event: UnsafeMutablePointer<raw_event>, to text: inout ByteBuffer) {
    guard let name = unsafe event.pointee.module_load?.pointee.name else { return }
    text.append(" ")
    unsafe text.append(dotLabel: name)
  }
}
