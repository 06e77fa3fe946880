internal import CQuark
internal import CWire

/// The process family: fork, exec, exit, changes of ids and of names.
enum ProcessFamily: EventFamily {
  /// True if raw events of this type belong to the family. `type` is one of `raw_types`.
  @inline(__always)
  static func has(_ type: UInt32) -> Bool { cquark_types_of(WIRE_FAMILY_PROCESS.rawValue) &>> type & 1 != 0 }

  // MARK: - Records

  @inline(__always)
  @unsafe static func decode(
    body: RawSpan, of kind: wire_kind, into event: UnsafeMutablePointer<raw_event>, strings: inout StringPool
  ) -> RecordDecoder.Outcome {
    unsafe body.withUnsafeBytes { bytes in
      let task = unsafe UnsafeMutableRawPointer(event.task)
      if unsafe event.pointee.flags & UInt32(RAW_F_TASK) != 0 {
        // Safe: the body begins with a task, and raw_task and wire_task have the same members in the same order, which
        // a test checks.
        unsafe task.storeBytes(of: bytes.loadUnaligned(as: wire_task.self), as: wire_task.self)
      } else {
        unsafe task.initializeMemory(as: UInt8.self, repeating: 0, count: MemoryLayout<raw_task>.size)
      }
      switch kind {
      case WIRE_ID_CHANGE:
        // Safe: the body is a wire_id_change, in which the bits come after the task.
        unsafe event.pointee.id_change = bytes.loadUnaligned(
          fromByteOffset: MemoryLayout<wire_task>.size, as: UInt32.self)
      case WIRE_BARE_COMM, WIRE_THREAD_COMM:
        // Safe: the body is a wire_name, which has as many bytes as the name of a task.
        unsafe withUnsafeMutableBytes(of: &event.task.pointee.comm) { unsafe $0.copyMemory(from: bytes) }
      default: break
      }
    }
    return .decoded
  }

  @unsafe static func decode(
    _ field: wire_field, _ content: RawSpan, into event: UnsafeMutablePointer<raw_event>, maxEnvironment: Int,
    strings: inout StringPool
  ) -> RecordDecoder.Outcome {
    switch wire_field_kind(UInt32(field.kind)) {
    case WIRE_FIELD_EXE where unsafe event.pointee.exe == nil:
      return unsafe RecordDecoder.decodePath(content, flags: field.flags, .exe, into: event, strings: &strings)
    case WIRE_FIELD_CWD where unsafe event.pointee.cwd == nil:
      if field.flags != 0 { unsafe noteDirectory(field, event) }
      return unsafe RecordDecoder.decodePath(
        content, flags: field.flags, .workingDirectory, into: event, strings: &strings)
    case WIRE_FIELD_ARGV where unsafe event.pointee.args == nil:
      if isLate(field) { unsafe event.pointee.flags |= UInt32(RAW_F_LATE_ARGS) }
      guard content.byteCount <= Int(WIRE_ARGV_MAX.rawValue) else { return .malformed }
      _ = unsafe event.set(.arguments, content, originalCount: field.orig_len, strings: &strings)
      return .decoded
    case WIRE_FIELD_ENV where unsafe event.pointee.env == nil:
      guard content.byteCount <= Int(WIRE_ENV_MAX.rawValue) else { return .malformed }
      let kept = content.extracting(first: min(content.byteCount, maxEnvironment))
      _ = unsafe event.set(.environment, kept, originalCount: field.orig_len, strings: &strings)
      return .decoded
    case WIRE_FIELD_CGROUP where unsafe event.pointee.cgroup == nil:
      return unsafe RecordDecoder.decodePath(
        content, flags: field.flags, .controlGroup, into: event, strings: &strings)
    case WIRE_FIELD_SCRIPT where unsafe event.pointee.script == nil:
      guard content.byteCount <= Int(WIRE_SCRIPT_MAX.rawValue) else { return .malformed }
      _ = unsafe event.set(.script, RecordDecoder.withoutTail(content), strings: &strings)
      return .decoded
    default: return .malformed
    }
  }

  private static func noteDirectory(_ field: wire_field, _ event: UnsafeMutablePointer<raw_event>) {
    if isLate(field) { unsafe event.pointee.flags |= UInt32(RAW_F_LATE_CWD) }
    if field.flags & UInt16(WIRE_FIELD_CUT.rawValue) != 0 { unsafe event.pointee.flags |= UInt32(RAW_F_CUT_CWD) }
  }

  private static func isLate(_ field: wire_field) -> Bool { field.flags & UInt16(WIRE_FIELD_LATE.rawValue) != 0 }

  // MARK: - Events

  static func join(in matrix: inout AggregationMatrix, isMinimal: Bool) {
    matrix.set(RAW_WAKE_UP_NEW_TASK, RAW_COMM, .multiple)
    matrix.set(RAW_EXEC, RAW_EXEC_CONNECTOR, .single)
    matrix.set(RAW_EXEC, RAW_COMM, .multiple)
    matrix.set(RAW_COMM, RAW_COMM, .multiple)
    matrix.set(RAW_ID_CHANGE, RAW_ID_CHANGE, .multiple)
    if isMinimal { return }
    matrix.set(RAW_WAKE_UP_NEW_TASK, RAW_EXEC, .forkExec)
    matrix.set(RAW_WAKE_UP_NEW_TASK, RAW_EXEC_CONNECTOR, .forkExec)
    matrix.set(RAW_WAKE_UP_NEW_TASK, RAW_ID_CHANGE, .multiple)
    matrix.set(RAW_WAKE_UP_NEW_TASK, RAW_EXIT_THREAD, .single)
    matrix.set(RAW_EXEC, RAW_EXIT_THREAD, .single)
    matrix.set(RAW_COMM, RAW_EXIT_THREAD, .single)
  }

  /// Applies a raw event that leaves the queue to the cache and to the event that is being made. Returns the bit that
  /// it adds to the event, QUARK_EV_*.
  @inline(__always)
  @unsafe static func deliver(
    _ rawEvent: UnsafeMutablePointer<raw_event>, of process: UnsafeMutablePointer<quark_process>,
    to tail: UnsafeMutablePointer<cquark_event_tail>, _ processes: inout ProcessCache, _ moment: ProcessCache.Moment
  ) -> UInt64 {
    if unsafe rawEvent.pointee.id_change != 0 { unsafe tail.pointee.id_change |= rawEvent.pointee.id_change }
    return unsafe processes.apply(rawEvent, to: process, moment)
  }

  // MARK: - Strings

  /// Gives back what a raw event of the family has in the pool.
  @inline(__always)
  @unsafe static func release(_ event: UnsafeMutablePointer<raw_event>, in strings: inout StringPool) {
    if let exe = unsafe event.pointee.exe { unsafe strings.release(exe) }
    if let args = unsafe event.pointee.args { unsafe strings.release(args) }
    if let cwd = unsafe event.pointee.cwd { unsafe strings.release(cwd) }
    if let cgroup = unsafe event.pointee.cgroup { unsafe strings.release(cgroup) }
    if let env = unsafe event.pointee.env { unsafe strings.release(env) }
    if let script = unsafe event.pointee.script { unsafe strings.release(script) }
  }

  @unsafe static func addStrings(of event: UnsafePointer<raw_event>, to strings: inout RawEventStrings) {
    unsafe strings.add(.exe, event.pointee.exe)
    unsafe strings.add(.workingDirectory, event.pointee.cwd)
    unsafe strings.add(.controlGroup, event.pointee.cgroup)
    unsafe strings.add(.script, event.pointee.script)
    unsafe strings.addList(.arguments, event.pointee.args, Int(event.pointee.args_len))
    unsafe strings.addList(.environment, event.pointee.env, Int(event.pointee.env_len))
  }

  /// Sets the lengths before cutting in a copy, whose strings may have been cut before.
  @unsafe static func setOriginalLengths(
    of copy: UnsafeMutablePointer<raw_event>, from original: UnsafePointer<raw_event>
  ) {
    unsafe copy.pointee.args_orig_len = max(copy.pointee.args_len, original.pointee.args_orig_len)
    unsafe copy.pointee.env_orig_len = max(copy.pointee.env_orig_len, original.pointee.env_orig_len)
  }

  // MARK: - Graphs

  /// Adds what a graph of raw events says of one beyond its label. The result is its colour in DOT.
  @unsafe static func appendGraphText(
    of event: UnsafeMutablePointer<raw_event>, to text: inout ByteBuffer
  ) -> StaticString {
    switch unsafe raw_types(event.pointee.type) {
    case RAW_COMM:
      text.append(" ")
      unsafe withUnsafeBytes(of: &event.pointee.task.comm) {
        unsafe text.append(dotLabel: $0.baseAddress!.assumingMemoryBound(to: CChar.self))
      }
      return "yellow"
    case RAW_EXIT_THREAD: return "lightseagreen"
    case RAW_EXEC:
      text.append(" ")
      if let exe = unsafe event.pointee.exe { unsafe text.append(dotLabel: exe) }
      return "lightslateblue"
    case RAW_WAKE_UP_NEW_TASK:
      text.append(" ")
      unsafe text.append(decimal: UInt64(event.pointee.pid))
      return "orange"
    case RAW_EXEC_CONNECTOR: return "lightskyblue"
    default: return "black, fontcolor=white"
    }
  }
}
