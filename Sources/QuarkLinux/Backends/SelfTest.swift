internal import CLinux
internal import CQuark
internal import QuarkCore

/// Tests a backend on a process whose actions are known, and compares its records with them. Other records that arrive
/// in the meantime are dropped: the queue is not open yet, and reads /proc later.
enum SelfTest {
  /// The data that the backend should know.
  struct Knowledge {
    /// The hooks that are in use.
    var hooks: [Hook]
    /// Bytes of environment; nil if the backend has none.
    var maxEnvironment: Int?
    /// True if it knows the executed file, and not only the name that was passed to execve(2).
    var hasExecutable = true
  }

  /// The hooks that are in use and delivered nothing. Throws if a record is wrong. `consume` passes all records that
  /// wait.
  static func silentHooks(
    _ knowledge: Knowledge, consume: ((RawSpan) -> Void) -> Void
  ) throws(QuarkError) -> [Hook] {
    var canary = clinux_canary()
    for hook in knowledge.hooks { canary.asked |= deed(hook)?.rawValue ?? 0 }
    _ = try QuarkError.attempting("start a process for the self-test") { () throws(Errno) in
      unsafe try Errno.check(clinux_run_canary(&canary))
    }
    var pipeline = EventPipeline(attributes())
    consume { record in
      if pid(of: record) == UInt32(canary.pid) { pipeline.insert(record: record) }
    }
    var seen = Seen(directory: unsafe String(cString: clinux_canary_directory(&canary)))
    // All raw events are older than the largest time.
    while let event = unsafe pipeline.next(nowNS: .max, wallOffsetNS: 0) { unsafe seen.add(event.pointee) }
    if let process = unsafe pipeline.processes.lookup(pid: UInt32(canary.pid)) {
      try unsafe check(process, canary, seen, knowledge)
      let length = unsafe process.pointee.env_len
      if seen.has(.exec), let most = knowledge.maxEnvironment {
        try expect("env_len", "\(length)", "\(min(most, CLINUX_CANARY_VARIABLE.utf8.count + 1))")
      }
    }
    return knowledge.hooks.filter { isExpected($0, canary) && !seen.has($0) }
  }

  /// The data that arrived, and the working directory of the process.
  private struct Seen {
    let directory: String
    var events: UInt64 = 0
    var idChange: UInt32 = 0
    /// Of each kind of shared memory, a bit.
    var memory: UInt32 = 0

    mutating func add(_ event: quark_event) {
      unsafe events |= event.events
      unsafe idChange |= event.id_change
      if let shm = unsafe event.shm { unsafe memory |= 1 << UInt32(shm.pointee.kind.rawValue) }
    }

    func has(_ hook: Hook) -> Bool {
      switch hook {
      case .setsid: idChange & UInt32(QUARK_ID_CHANGE_SETSID) != 0
      case .credentials: idChange & UInt32(QUARK_ID_CHANGE_SETUID | QUARK_ID_CHANGE_SETGID) != 0
      case .shmget: memory & 1 << UInt32(QUARK_SHM_SHMGET.rawValue) != 0
      case .memfdCreate: memory & 1 << UInt32(QUARK_SHM_MEMFD_CREATE.rawValue) != 0
      // Safe: there is a row for every type.
      default: unsafe events & cquark_type(hook.type.rawValue).pointee.event != 0
      }
    }
  }

  /// What is asked of the canary for a hook's sake.
  private static func deed(_ hook: Hook) -> clinux_canary_deed? {
    switch hook {
    case .ptraceAttach: CLINUX_CANARY_TRACE
    case .shmget: CLINUX_CANARY_SEGMENT
    case .memfdCreate: CLINUX_CANARY_MEMORY_FILE
    case .ttyWrite: CLINUX_CANARY_TERMINAL
    default: nil
    }
  }

  /// Not every process may change its ids, and not every machine lets a file without a name be executed.
  private static func isExpected(_ hook: Hook, _ canary: borrowing clinux_canary) -> Bool {
    if let deed = deed(hook) { return canary.done & deed.rawValue != 0 }
    return switch hook {
    case .credentials: canary.changed_ids != 0
    case .exec: canary.executed != 0
    default: hook.isTested
    }
  }

  private static func check(
    _ process: UnsafePointer<quark_process>, _ canary: borrowing clinux_canary, _ seen: Seen,
    _ knowledge: Knowledge
  ) throws(QuarkError) {
    let known = unsafe process.pointee
    try expect("ppid", "\(unsafe known.proc_ppid)", "\(canary.ppid)")
    try expect("sid", "\(unsafe known.proc_sid)", "\(canary.pid)")
    try expect("pgid", "\(unsafe known.proc_pgid)", "\(canary.pid)")
    try expect("uid", "\(unsafe known.proc_uid)", "\(canary.uid)")
    try expect("euid", "\(unsafe known.proc_euid)", "\(canary.uid)")
    try expect("suid", "\(unsafe known.proc_suid)", "\(canary.uid)")
    try expect("gid", "\(unsafe known.proc_gid)", "\(canary.gid)")
    try expect("egid", "\(unsafe known.proc_egid)", "\(canary.gid)")
    try expect("sgid", "\(unsafe known.proc_sgid)", "\(canary.gid)")
    try unsafe expect("cwd", text(known.cwd), seen.directory)
    if seen.has(.exit) { try expect("exit_code", "\(unsafe known.exit_code)", "\(CLINUX_CANARY_STATUS)") }
    guard seen.has(.exec), canary.executed != 0 else { return }
    let comm = unsafe withUnsafeBytes(of: known.comm) {
      unsafe String(cString: $0.baseAddress!.assumingMemoryBound(to: CChar.self))
    }
    // After an exec of a descriptor the name is the number of the descriptor, or from 6.14 on the name of the file.
    guard !comm.isEmpty else { throw failure("comm", "empty", CLINUX_CANARY_NAME) }
    if knowledge.hasExecutable { try unsafe expect("exe", text(known.exe), "memfd:" + CLINUX_CANARY_NAME) }
    let arguments = unsafe known.cmdline.map { unsafe String(cString: $0) } ?? "(none)"
    try expect("the first argument", arguments, CLINUX_CANARY_NAME)
    let length = CLINUX_CANARY_NAME.utf8.count + 1 + CLINUX_CANARY_ARGUMENT.utf8.count + 1
    try expect("the length of the arguments", "\(unsafe known.cmdline_len)", "\(length)")
  }

  private static func expect(_ field: String, _ actual: String, _ expected: String) throws(QuarkError) {
    if !actual.utf8.elementsEqual(expected.utf8) { throw failure(field, actual, expected) }
  }

  private static func failure(_ field: String, _ actual: String, _ expected: String) -> QuarkError {
    QuarkError("trust the backend", Errno(EPROTO), detail: "self-test: \(field) is \(actual), expected \(expected)")
  }

  private static func text(_ string: UnsafeMutablePointer<CChar>?) -> String {
    unsafe string.map { unsafe String(cString: $0) } ?? "(none)"
  }

  private static func pid(of record: RawSpan) -> UInt32 {
    guard record.byteCount >= 20 else { return 0 }
    // Safe: this is the offset of the pid in wire_record, and any bits are a valid number.
    return unsafe record.unsafeLoadUnaligned(fromByteOffset: 16, as: UInt32.self)
  }

  private static func attributes() -> quark_queue_attr {
    unsafe quark_queue_attr(
      flags: QQ_EBPF, max_length: 64, cache_grace_time: 1_000_000, hold_time: 10, max_env: 64, kubefd: -1, ruleset: nil,
      ring_size: 0, replay: nil)
  }
}
