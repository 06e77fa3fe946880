internal import CWire

/// Numbers of the kernel's.
enum KernelNumbers {
  /// MODULE_STATE_LIVE of include/linux/module.h.
  static var liveModule: UInt32 { 0 }
  /// PTRACE_TRACEME, PTRACE_ATTACH and PTRACE_SEIZE of include/uapi/linux/ptrace.h.
  static var traceme: Int64 { 0 }
  static var attach: UInt32 { 16 }
  static var seize: Int64 { 0x4206 }
  /// PT_SEIZED and PT_OPT_FLAG_SHIFT of include/linux/ptrace.h: above the lowest bits of task_struct.ptrace are the
  /// options that PTRACE_SEIZE was given, PTRACE_O_MASK at most.
  static var seizedFlag: UInt32 { 0x1_0000 }
  static var optionShift: UInt32 { 3 }
  static var optionMask: UInt32 { 0x30_00ff }
}

/// Records of other families than that of processes. When the process that acts began is not among what a probe can
/// read: its pid alone says who it is.
extension SampleTranslator {
  static func translate(
    _ sample: Sample, _ probe: Probe, _ header: wire_record, _ writer: inout WireWriter, _ body: (RawSpan) -> Void
  ) {
    var header = header
    if probe == .module {
      header.kind = UInt16(WIRE_MODULE_LOAD.rawValue)
      return writer.lend(header, module(sample), body)
    }
    // A debugger that started what it traces makes thousands of requests, which say nothing that its beginning has not
    // said.
    if probe == .ptraceRequest, sample.u32(.realParent) == header.pid { return }
    header.kind = UInt16(WIRE_PTRACE.rawValue)
    writer.lend(header, call(sample, probe, by: header.pid), body)
  }

  private static func call(_ sample: Sample, _ probe: Probe, by pid: UInt32) -> wire_ptrace {
    var call = wire_ptrace()
    if probe == .ptraceTraceme {
      (call.request, call.child_pid) = (KernelNumbers.traceme, pid)
      return call
    }
    call.child_pid = sample.u32(.tgid)
    if sample.has(.traceFlags) {
      let flags = sample.u32(.traceFlags)
      let isSeized = flags & KernelNumbers.seizedFlag != 0
      call.request = isSeized ? KernelNumbers.seize : Int64(KernelNumbers.attach)
      if isSeized { call.data = UInt64(flags >> KernelNumbers.optionShift & KernelNumbers.optionMask) }
    } else {
      call.request = Int64(bitPattern: sample.u64(.request))
      (call.addr, call.data) = (sample.u64(.address), sample.u64(.data))
    }
    return call
  }

  private static func module(_ sample: Sample) -> wire_module {
    var module = wire_module()
    module.taints = sample.u64(.taints)
    sample.copyText(.moduleName, count: 56, to: &module.name)
    if sample.u64(.versionPointer) != 0 { sample.copyText(.version, count: 128, to: &module.version) }
    if sample.u64(.srcVersionPointer) != 0 { sample.copyText(.srcVersion, count: 64, to: &module.src_version) }
    return module
  }
}

extension Sample {
  /// Up to a NUL, of a field of `count` bytes; what follows stays as it is.
  fileprivate func copyText<Text>(_ field: SampleField, count: Int, to text: inout Text) {
    // Safe: the field has as many bytes, and no more are stored than there is room for.
    unsafe withUnsafeMutableBytes(of: &text) { target in
      let bytes = unsafe span(field, at: 0, count: has(field) ? min(count, target.count) : 0)
      for index in 0..<bytes.byteCount {
        let byte = unsafe bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self)
        if byte == 0 { return }
        unsafe target[index] = byte
      }
    }
  }
}
