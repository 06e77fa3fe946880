import CLinux
import CQuark
import QuarkCore
import QuarkLinux

/// A copy of what a queue knew of a process at one moment.
struct Known {
  /// QUARK_F_*.
  let flags: UInt64
  let pid, ppid, uid, gid, suid, sgid, euid, egid, pgid, sid: UInt32
  let terminal: (major: UInt32, minor: UInt32)
  let uts, ipc, mnt, net: UInt32
  /// Inheritable, permitted, effective, bounding, ambient: in the order of /proc/PID/status.
  let capabilities: [UInt64]
  let exitCode, exitSignal: Int
  /// Nanoseconds since the epoch; 0 if it has not exited.
  let exitTime: UInt64
  /// Nanoseconds since the epoch.
  let startTime: UInt64
  let entryLeader, entryLeaderType: UInt32
  let entityID: String
  let poisonTag: UInt64
  let comm, exe, cwd, cgroup, script: String
  /// NUL-separated.
  let arguments, environment: [UInt8]
  /// Bytes before anything was cut.
  let argumentsThere, environmentThere: Int

  @inline(never) init(_ process: UnsafePointer<quark_process>) {
    let known = unsafe process.pointee
    unsafe flags = known.flags
    unsafe (pid, ppid, uid, gid) = (known.pid, known.proc_ppid, known.proc_uid, known.proc_gid)
    unsafe (suid, sgid, euid, egid) = (known.proc_suid, known.proc_sgid, known.proc_euid, known.proc_egid)
    unsafe (pgid, sid) = (known.proc_pgid, known.proc_sid)
    unsafe terminal = (known.proc_tty_major, known.proc_tty_minor)
    unsafe (uts, ipc) = (known.proc_uts_inonum, known.proc_ipc_inonum)
    unsafe (mnt, net) = (known.proc_mnt_inonum, known.proc_net_inonum)
    unsafe capabilities = [
      known.proc_cap_inheritable, known.proc_cap_permitted, known.proc_cap_effective, known.proc_cap_bset,
      known.proc_cap_ambient,
    ]
    unsafe (exitCode, exitSignal) = (Int(known.exit_code), Int(known.exit_signal))
    unsafe (exitTime, startTime) = (known.exit_time_event, known.proc_time_boot)
    unsafe (entryLeader, entryLeaderType) = (known.proc_entry_leader, known.proc_entry_leader_type)
    unsafe poisonTag = known.poison_tag
    entityID = unsafe withUnsafeBytes(of: known.proc_entity_id) { unsafe Self.text($0) }
    comm = unsafe withUnsafeBytes(of: known.comm) { unsafe Self.text($0) }
    exe = unsafe Self.text(known.exe)
    cwd = unsafe Self.text(known.cwd)
    cgroup = unsafe Self.text(known.cgroup)
    script = unsafe Self.text(known.script)
    arguments = unsafe Self.bytes(known.cmdline, known.cmdline_len)
    environment = unsafe Self.bytes(known.env, known.env_len)
    unsafe (argumentsThere, environmentThere) = (known.cmdline_orig_len, known.env_orig_len)
  }

  /// The arguments as text, with `|` after each.
  var commandLine: String { String(decoding: arguments.map { $0 == 0 ? UInt8(ascii: "|") : $0 }, as: UTF8.self) }

  private static func text(_ string: UnsafeMutablePointer<CChar>?) -> String {
    unsafe string.map { unsafe String(cString: $0) } ?? "(none)"
  }

  private static func text(_ characters: UnsafeRawBufferPointer) -> String {
    unsafe String(cString: characters.baseAddress!.assumingMemoryBound(to: CChar.self))
  }

  private static func bytes(_ start: UnsafeMutablePointer<CChar>?, _ count: Int) -> [UInt8] {
    // Safe: there are this many bytes.
    unsafe start.map { unsafe [UInt8](UnsafeRawBufferPointer(start: $0, count: count)) } ?? []
  }
}

/// The events of a process up to its exit.
struct Life {
  /// One event.
  struct Part {
    let events: UInt64
    let idChange: UInt32
    /// Not set for a shared queue.
    let ptrace: quark_ptrace
    /// `NAME VERSION SRCVERSION TAINTS` of a module; empty if there is none, or for a shared queue.
    let module: String
    /// `KEY SIZE FLAGS` of a segment, `PATH FLAGS` of a memory file; empty if there is neither, or for a shared queue.
    let sharedMemory: [UInt8]
    /// `MAJOR:MINOR ROWSxCOLUMNS output|input echo|silent` and what was written to a terminal, with `|` after each write;
    /// empty if it was not to a terminal, or for a shared queue.
    let terminal: String
    /// Nanoseconds since the epoch.
    let time: UInt64
    let known: Known

    /// Copies an event that has a process.
    init(_ event: quark_event) {
      unsafe (events, idChange, time) = (event.events, event.id_change, event.time)
      unsafe ptrace = event.ptrace
      module = unsafe event.module_load.map { unsafe Self.words($0.pointee) } ?? ""
      sharedMemory = unsafe event.shm.map { unsafe Self.words($0.pointee) } ?? []
      terminal = unsafe event.tty.map { unsafe Self.words($0, event.tty_flags) } ?? ""
      known = unsafe Known(event.process!)
    }

    private static func words(_ tty: UnsafePointer<quark_tty>, _ flags: UInt32) -> String {
      var text = unsafe "\(tty.pointee.major):\(tty.pointee.minor) \(tty.pointee.rows)x\(tty.pointee.cols)"
      text += flags & UInt32(QUARK_TTY_F_INPUT) != 0 ? " input" : " output"
      text += unsafe tty.pointee.lflag & UInt32(ECHO) != 0 ? " echo " : " silent "
      var next: UnsafePointer<quark_tty>? = unsafe tty
      while let write = unsafe next {
        // Safe: this many bytes follow the structure.
        let data = unsafe UnsafeRawPointer(write) + MemoryLayout<quark_tty>.size
        text += unsafe String(
          decoding: UnsafeRawBufferPointer(start: data, count: write.pointee.data_len), as: UTF8.self) + "|"
        unsafe next = UnsafePointer(write.pointee.next)
      }
      return text
    }

    private static func words(_ module: quark_module_load) -> String {
      let (name, version) = unsafe (String(cString: module.name), String(cString: module.version))
      return unsafe "\(name) \(version) \(String(cString: module.src_version)) \(module.taints)"
    }

    private static func words(_ shm: quark_shm) -> [UInt8] {
      guard let path = unsafe shm.path else {
        return unsafe Array("\(shm.shmget_key) \(shm.shmget_size) \(shm.shmget_shmflg)".utf8)
      }
      // Safe: a path ends with a NUL.
      let bytes = unsafe [UInt8](UnsafeRawBufferPointer(start: path, count: strlen(path)))
      return unsafe bytes + Array(" \(shm.memfd_create_flags)".utf8)
    }

    static func show(_ event: quark_event) {
      var text = ByteBuffer()
      _ = unsafe EventText.append(event, to: &text)
      FileDescriptor.complain(String(decoding: text.bytes, as: UTF8.self))
    }

    func has(_ kind: CInt) -> Bool { events & UInt64(kind) != 0 }
  }

  var parts: [Part] = []

  /// What was known at the end.
  var known: Known { parts[parts.count - 1].known }

  /// The number of events that have this kind.
  func count(_ kind: CInt) -> Int {
    var count = 0
    for part in parts where part.has(kind) { count += 1 }
    return count
  }

  /// All changes of its ids together.
  var idChange: UInt32 {
    var bits: UInt32 = 0
    for part in parts { bits |= part.idChange }
    return bits
  }

  /// Fails unless each kind occurred this often, and nothing else occurred.
  @inline(never) func expect(
    execs: Int = 0, idChanges: Int = 0, names: Int = 0, file: StaticString = #fileID, line: UInt = #line
  ) throws(TestEnd) {
    try expectEqual("the number of forks", count(QUARK_EV_FORK), 1, file: file, line: line)
    try expectEqual("the number of execs", count(QUARK_EV_EXEC), execs, file: file, line: line)
    try expectEqual("the number of exits", count(QUARK_EV_EXIT), 1, file: file, line: line)
    try expectEqual("the number of changes of ids", count(QUARK_EV_ID_CHANGE), idChanges, file: file, line: line)
    try expectEqual("the number of new names", count(QUARK_EV_SETPROCTITLE), names, file: file, line: line)
  }
}

extension TestContext {
  /// All events of a process up to its exit, which must come.
  @inline(never) func life(of pid: pid_t, in queue: inout TestQueue) throws(TestEnd) -> Life {
    var life = Life()
    while life.count(QUARK_EV_EXIT) == 0 { life.parts.append(try queue.next(of: pid)) }
    return life
  }

  /// Runs `body` in a child, which must exit with `status`, and returns its events. Its end is compared with the result
  /// of wait(2).
  @inline(never) func live(
    in queue: inout TestQueue, status: CInt = 0, file: StaticString = #fileID, line: UInt = #line, _ body: () -> CInt
  ) throws(TestEnd) -> Life {
    let pid = try start(body)
    let ended = try wait(for: pid)
    try expectEqual("the child's end", ended, status << 8, file: file, line: line)
    return try life(of: pid, endingWith: ended, in: &queue, file: file, line: line)
  }

  /// All events of a process that has exited with this status of wait(2).
  @inline(never) func life(
    of pid: pid_t, endingWith status: CInt, in queue: inout TestQueue, file: StaticString = #fileID, line: UInt = #line
  ) throws(TestEnd) -> Life {
    let life = try life(of: pid, in: &queue)
    try expectEnd(of: life, status, file: file, line: line)
    return life
  }

  @inline(never) func expectEnd(
    of life: Life, _ status: CInt, file: StaticString = #fileID, line: UInt = #line
  ) throws(TestEnd) {
    let known = life.known
    let isExit = clinux_wifexited(status) != 0
    let code = isExit ? Int(clinux_wexitstatus(status)) : 0
    try expectEqual("exit_code", known.exitCode, code, file: file, line: line)
    try expectEqual("exit_signal", known.exitSignal, isExit ? 0 : Int(clinux_wtermsig(status)), file: file, line: line)
  }
}

// The most frequent calls are not generic: a specialization at each place would make the program twice as large.

@inline(never)
func expectEqual(
  _ what: StaticString, _ actual: Int, _ expected: Int, file: StaticString = #fileID, line: UInt = #line
) throws(TestEnd) {
  if actual != expected { throw failure("\(what) is \(actual), expected \(expected)", file, line) }
}

@inline(never)
func expectEqual(
  _ what: StaticString, _ actual: CInt, _ expected: CInt, file: StaticString = #fileID, line: UInt = #line
) throws(TestEnd) {
  try expectEqual(what, Int(actual), Int(expected), file: file, line: line)
}

@inline(never)
func expectEqual(
  _ what: StaticString, _ actual: UInt32, _ expected: UInt32, file: StaticString = #fileID, line: UInt = #line
) throws(TestEnd) {
  try expectEqual(what, Int(actual), Int(expected), file: file, line: line)
}

@inline(never)
func expectEqual(
  _ what: StaticString, _ actual: UInt64, _ expected: UInt64, file: StaticString = #fileID, line: UInt = #line
) throws(TestEnd) {
  try expectEqual(what, Int(bitPattern: UInt(actual)), Int(bitPattern: UInt(expected)), file: file, line: line)
}

@inline(never)
func expectEqual(
  _ what: StaticString, _ actual: String, _ expected: String, file: StaticString = #fileID, line: UInt = #line
) throws(TestEnd) {
  if !equal(actual, expected) { throw failure("\(what) is \(actual), expected \(expected)", file, line) }
}
