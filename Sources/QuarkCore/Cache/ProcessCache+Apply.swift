internal import CQuark

extension ProcessCache {
  /// The time at which an event is put together.
  struct Moment {
    /// Milliseconds since boot, in the form that exited processes have.
    var nowMS: UInt32
    /// Nanoseconds since boot plus this are the times that are delivered.
    var wallOffsetNS: UInt64
  }

  /// Applies one raw event of the process family to the entry of its process, and takes over the event's strings.
  /// Returns the event's bit.
  @inline(__always)
  mutating func apply(
    _ event: UnsafeMutablePointer<raw_event>, to process: UnsafeMutablePointer<quark_process>, _ moment: Moment
  ) -> UInt64 {
    let type = unsafe raw_types(event.pointee.type)
    if unsafe process.identity.pointee.toldNS < event.pointee.time {
      unsafe process.identity.pointee.toldNS = event.pointee.time
    }
    if unsafe event.pointee.flags & UInt32(RAW_F_TASK) != 0 {
      if unsafe process.setTask(UnsafePointer(event.task), wallOffsetNS: moment.wallOffsetNS, salt: entitySalt) {
        unsafe learnStart(of: process, from: event)
      }
      // A fork that comes late finds a process that may already have executed a program.
      if type == RAW_WAKE_UP_NEW_TASK, let parent = unsafe table[event.task.pointee.ppid],
        unsafe event.pointee.time == process.identity.pointee.toldNS
      {
        unsafe inherit(process, from: parent)
      }
    }
    // An exec without arguments, environment or script means that the process has none.
    if unsafe event.pointee.flags & UInt32(RAW_F_IMAGE) != 0 {
      unsafe forgetImage(of: process)
      if type == RAW_EXEC, unsafe event.pointee.exe == nil { unsafe forget(&process.pointee.exe) }
    }
    if unsafe event.pointee.variable_bytes != 0 {
      let hasLeft = type == RAW_EXIT_THREAD && (unsafe event.pointee.task.uts_inonum) == 0
      unsafe takeStrings(of: event, for: process, hasLeft: hasLeft)
    }
    switch type {
    case RAW_WAKE_UP_NEW_TASK:
      unsafe updateEntryLeader(of: process)
      return UInt64(QUARK_EV_FORK)
    case RAW_EXEC, RAW_EXEC_CONNECTOR:
      unsafe updateEntryLeader(of: process)
      return UInt64(QUARK_EV_EXEC)
    case RAW_EXIT_THREAD:
      if unsafe event.pointee.flags & UInt32(RAW_F_THREAD) == 0 { unsafe setExit(of: process, event, moment) }
      return UInt64(QUARK_EV_EXIT)
    case RAW_COMM:
      if unsafe event.pointee.flags & UInt32(RAW_F_THREAD) != 0 { return UInt64(QUARK_EV_SETPROCTITLE) }
      unsafe process.pointee.comm = event.pointee.task.comm
      unsafe process.pointee.comm.15 = 0
      return UInt64(QUARK_EV_SETPROCTITLE)
    case RAW_ID_CHANGE: return UInt64(QUARK_EV_ID_CHANGE)
    case RAW_GETPID: return UInt64(QUARK_EV_GETPID)
    default: return 0
    }
  }

  /// A child begins with the data of its parent. Its own record has the rest, also its name. It does not get the
  /// parent's environment and working directory.
  @inline(never)
  private mutating func inherit(
    _ process: UnsafeMutablePointer<quark_process>, from parent: UnsafeMutablePointer<quark_process>
  ) {
    guard unsafe !Self.isExited(process) && parent != process && isParent(parent, of: process) else { return }
    unsafe process.pointee.poison_tag = parent.pointee.poison_tag
    if let exe = unsafe parent.pointee.exe {
      unsafe StringPool.retain(exe)
      if let old = unsafe process.pointee.exe { unsafe strings.release(old) }
      unsafe process.pointee.exe = exe
    }
    if let cmdline = unsafe parent.pointee.cmdline {
      unsafe StringPool.retain(cmdline)
      if let old = unsafe process.pointee.cmdline { unsafe strings.release(old) }
      unsafe process.pointee.cmdline = cmdline
      unsafe process.pointee.cmdline_len = parent.pointee.cmdline_len
      unsafe process.pointee.cmdline_orig_len = parent.pointee.cmdline_orig_len
      unsafe process.setFlag(QUARK_F_LATE_CMDLINE, parent.pointee.flags & UInt64(QUARK_F_LATE_CMDLINE) != 0)
    }
    if let script = unsafe parent.pointee.script {
      unsafe StringPool.retain(script)
      if let old = unsafe process.pointee.script { unsafe strings.release(old) }
      unsafe process.pointee.script = script
    }
  }

  @inline(never)
  private mutating func forgetImage(of process: UnsafeMutablePointer<quark_process>) {
    unsafe forget(&process.pointee.cmdline)
    unsafe process.pointee.cmdline_len = 0
    unsafe process.pointee.cmdline_orig_len = 0
    unsafe forget(&process.pointee.env)
    unsafe process.pointee.env_len = 0
    unsafe process.pointee.env_orig_len = 0
    unsafe forget(&process.pointee.script)
  }

  @inline(__always)
  private mutating func forget(_ string: inout UnsafeMutablePointer<CChar>?) {
    guard let old = unsafe string else { return }
    unsafe strings.release(old)
    unsafe string = nil
  }

  @inline(never)
  private mutating func takeStrings(
    of event: UnsafeMutablePointer<raw_event>, for process: UnsafeMutablePointer<quark_process>, hasLeft: Bool
  ) {
    if unsafe event.pointee.exe != nil { unsafe take(&event.pointee.exe, &process.pointee.exe) }
    // A task that is being torn down first leaves its directory, then its namespaces: if it has no namespaces any more,
    // the directory in the record is not the one in which it worked.
    if unsafe event.pointee.cwd != nil, !hasLeft { unsafe takeDirectory(of: event, for: process) }
    if unsafe event.pointee.cgroup != nil { unsafe take(&event.pointee.cgroup, &process.pointee.cgroup) }
    if unsafe event.pointee.args != nil {
      unsafe take(&event.pointee.args, &process.pointee.cmdline)
      unsafe process.pointee.cmdline_len = Int(event.pointee.args_len)
      unsafe process.pointee.cmdline_orig_len = Int(event.pointee.args_orig_len)
      unsafe process.setFlag(QUARK_F_LATE_CMDLINE, event.pointee.flags & UInt32(RAW_F_LATE_ARGS) != 0)
    }
    if unsafe event.pointee.env != nil {
      unsafe take(&event.pointee.env, &process.pointee.env)
      unsafe process.pointee.env_len = Int(event.pointee.env_len)
      unsafe process.pointee.env_orig_len = Int(event.pointee.env_orig_len)
    }
    if unsafe event.pointee.script != nil { unsafe take(&event.pointee.script, &process.pointee.script) }
  }

  /// Completes a path whose head was cut off, if it is known from before or from the parent.
  @inline(__always)
  private mutating func takeDirectory(
    of event: UnsafeMutablePointer<raw_event>, for process: UnsafeMutablePointer<quark_process>
  ) {
    if unsafe event.pointee.flags & UInt32(RAW_F_CUT_CWD) != 0, unsafe completeDirectory(of: event, for: process) {
      return
    }
    unsafe take(&event.pointee.cwd, &process.pointee.cwd)
    unsafe process.setFlag(QUARK_F_LATE_CWD, event.pointee.flags & UInt32(RAW_F_LATE_CWD) != 0)
  }

  @inline(never)
  private mutating func completeDirectory(
    of event: UnsafeMutablePointer<raw_event>, for process: UnsafeMutablePointer<quark_process>
  ) -> Bool {
    guard let cut = unsafe event.pointee.cwd else { return false }
    if let known = unsafe process.pointee.cwd, unsafe Self.completes(known, cut) {
      unsafe process.setFlag(QUARK_F_LATE_CWD, true)
      return true
    }
    guard unsafe event.pointee.type == RAW_WAKE_UP_NEW_TASK.rawValue,
      let parent = unsafe parent(of: process), let known = unsafe parent.pointee.cwd,
      unsafe Self.completes(known, cut)
    else { return false }
    unsafe StringPool.retain(known)
    if let old = unsafe process.pointee.cwd { unsafe strings.release(old) }
    unsafe process.pointee.cwd = known
    unsafe process.setFlag(QUARK_F_LATE_CWD, true)
    return true
  }

  /// True if `known` is a whole path that ends like `cut` after its dot.
  private static func completes(_ known: UnsafePointer<CChar>, _ cut: UnsafePointer<CChar>) -> Bool {
    var (knownCount, cutCount) = (0, 0)
    while unsafe known[knownCount] != 0 { knownCount += 1 }
    while unsafe cut[cutCount] != 0 { cutCount += 1 }
    let slash = CChar(bitPattern: UInt8(ascii: "/"))
    // `./` alone says nothing.
    guard unsafe known[0] == slash, cutCount > 2, knownCount >= cutCount - 1 else { return false }
    for index in 1..<cutCount where unsafe known[knownCount - cutCount + index] != cut[index] { return false }
    return true
  }

  @inline(__always)
  private mutating func take(
    _ source: inout UnsafeMutablePointer<CChar>?, _ target: inout UnsafeMutablePointer<CChar>?
  ) {
    if let old = unsafe target { unsafe strings.release(old) }
    unsafe target = source
    unsafe source = nil
  }

  @inline(__always)
  private mutating func setExit(
    of process: UnsafeMutablePointer<quark_process>, _ event: UnsafeMutablePointer<raw_event>, _ moment: Moment
  ) {
    // wait(2): the status in the second byte, the signal in the lowest seven bits.
    let code = unsafe event.pointee.task.exit_code
    unsafe process.pointee.exit_code = code >> 8 & 0xff
    unsafe process.pointee.exit_signal = code & 0x7f
    unsafe process.pointee.exit_time_event = event.pointee.time &+ moment.wallOffsetNS
    unsafe markExited(process, nowMS: moment.nowMS)
  }
}

extension UnsafeMutablePointer<raw_event> {
  /// Safe: the task is the structure's last member, which a test checks.
  var task: UnsafeMutablePointer<raw_task> {
    let offset = unsafe MemoryLayout<raw_event>.size - MemoryLayout<raw_task>.size
    return unsafe (UnsafeMutableRawPointer(self) + offset).assumingMemoryBound(to: raw_task.self)
  }
}

extension UnsafeMutablePointer<quark_process> {
  @inline(__always)
  func setFlag(_ flag: CInt, _ isSet: Bool) {
    unsafe pointee.flags = pointee.flags & ~UInt64(flag) | (isSet ? UInt64(flag) : 0)
  }

  /// Takes over what a record says of the task. The start time stays as it was first learned, and with it the entity
  /// id, to which the wall clock does not matter. True: it was learned now.
  @inline(__always)
  func setTask(_ task: UnsafePointer<raw_task>, wallOffsetNS: UInt64, salt: UInt64) -> Bool {
    unsafe pointee.flags |= UInt64(QUARK_F_PROC)
    // Read before anything is written: the compiler then moves several members at a time.
    let capabilities = unsafe (
      task.pointee.cap_inheritable, task.pointee.cap_permitted, task.pointee.cap_effective, task.pointee.cap_bset,
      task.pointee.cap_ambient
    )
    let ids = unsafe (
      task.pointee.ppid, task.pointee.uid, task.pointee.gid, task.pointee.suid, task.pointee.sgid, task.pointee.euid,
      task.pointee.egid, task.pointee.pgid, task.pointee.sid, task.pointee.tty_major, task.pointee.tty_minor
    )
    // Safe: names have 16 bytes, of which any will do. In one step, where a tuple takes five.
    let comm = unsafe withUnsafeBytes(of: &UnsafeMutablePointer<raw_task>(mutating: task).pointee.comm) {
      unsafe $0.loadUnaligned(as: SIMD16<UInt8>.self)
    }
    unsafe pointee.proc_cap_inheritable = capabilities.0
    unsafe pointee.proc_cap_permitted = capabilities.1
    unsafe pointee.proc_cap_effective = capabilities.2
    unsafe pointee.proc_cap_bset = capabilities.3
    unsafe pointee.proc_cap_ambient = capabilities.4
    unsafe pointee.proc_ppid = ids.0
    unsafe pointee.proc_uid = ids.1
    unsafe pointee.proc_gid = ids.2
    unsafe pointee.proc_suid = ids.3
    unsafe pointee.proc_sgid = ids.4
    unsafe pointee.proc_euid = ids.5
    unsafe pointee.proc_egid = ids.6
    unsafe pointee.proc_pgid = ids.7
    unsafe pointee.proc_sid = ids.8
    unsafe pointee.proc_tty_major = ids.9
    unsafe pointee.proc_tty_minor = ids.10
    unsafe withUnsafeMutableBytes(of: &pointee.comm) { unsafe $0.storeBytes(of: comm, as: SIMD16<UInt8>.self) }
    unsafe pointee.comm.15 = 0
    unsafe setNamespaces(task)
    guard unsafe pointee.proc_time_boot == 0 && task.pointee.start_boottime != 0 else { return false }
    unsafe pointee.proc_time_boot = task.pointee.start_boottime &+ wallOffsetNS
    unsafe setEntityID(startNS: task.pointee.start_boottime, salt: salt)
    return true
  }

  /// A task that is being torn down has left its namespaces: then the record says 0, and what is known stays.
  @inline(__always)
  private func setNamespaces(_ task: UnsafePointer<raw_task>) {
    let inodes = unsafe (
      task.pointee.uts_inonum, task.pointee.ipc_inonum, task.pointee.mnt_inonum, task.pointee.net_inonum
    )
    guard inodes.0 != 0 else { return }
    unsafe pointee.proc_uts_inonum = inodes.0
    unsafe pointee.proc_ipc_inonum = inodes.1
    unsafe pointee.proc_mnt_inonum = inodes.2
    unsafe pointee.proc_net_inonum = inodes.3
  }

  private func setEntityID(startNS: UInt64, salt: UInt64) {
    unsafe withUnsafeMutableBytes(of: &pointee.proc_entity_id) { text in
      let characters = unsafe text.baseAddress!.assumingMemoryBound(to: CChar.self)
      unsafe EntityID.write(pid: pointee.pid, startNS: startNS, salt: salt, to: characters)
    }
  }
}
