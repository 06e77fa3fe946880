internal import CQuark

/// All that is known of a process, as values.
struct Content: Equatable {
  var pid: UInt32
  var flags: UInt64 = 0
  /// Its `startNS` is not changed: `timeBootNS` is the delivered time.
  var task = TaskState()
  /// Nanoseconds since the epoch.
  var timeBootNS: UInt64 = 0
  var leaderType: UInt32 = 0
  var leader: UInt32 = 0
  var entityID: [UInt8] = []
  var exitCode: Int32 = 0
  var exitSignal: Int32 = 0
  /// Nanoseconds since the epoch.
  var exitTimeNS: UInt64 = 0
  var exe: [UInt8]?
  var cmdline: [UInt8]?
  var workingDirectory: [UInt8]?
  var controlGroup: [UInt8]?
  var environment: [UInt8]?

  init(pid: UInt32) { self.pid = pid }

  /// The content without strings, and without data that is derived from them.
  var withoutStrings: Content {
    var content = self
    (content.exe, content.cmdline, content.workingDirectory, content.controlGroup) = (nil, nil, nil, nil)
    (content.environment, content.leaderType, content.leader) = (nil, 0, 0)
    return content
  }
}

extension Content {
  /// The content of a cache entry. Strings with a length must end with a NUL, the others must be followed by one.
  init(_ process: UnsafePointer<quark_process>) {
    let source = unsafe process.pointee
    unsafe pid = source.pid
    unsafe flags = source.flags
    task = unsafe Self.task(source)
    unsafe timeBootNS = source.proc_time_boot
    unsafe leaderType = source.proc_entry_leader_type
    unsafe leader = source.proc_entry_leader
    entityID = unsafe withUnsafeBytes(of: source.proc_entity_id) { unsafe Array($0.prefix { $0 != 0 }) }
    unsafe exitCode = source.exit_code
    unsafe exitSignal = source.exit_signal
    unsafe exitTimeNS = source.exit_time_event
    exe = unsafe Self.path(source.exe)
    cmdline = unsafe Self.strings(source.cmdline, source.cmdline_len)
    workingDirectory = unsafe Self.path(source.cwd)
    controlGroup = unsafe Self.path(source.cgroup)
    environment = unsafe Self.strings(source.env, source.env_len)
  }

  private static func task(_ source: quark_process) -> TaskState {
    var task = TaskState()
    unsafe task.capabilities = [
      source.proc_cap_inheritable, source.proc_cap_permitted, source.proc_cap_effective, source.proc_cap_bset,
      source.proc_cap_ambient,
    ]
    unsafe task.ppid = source.proc_ppid
    unsafe task.ids = [
      source.proc_uid, source.proc_gid, source.proc_suid, source.proc_sgid, source.proc_euid, source.proc_egid,
    ]
    unsafe task.pgid = source.proc_pgid
    unsafe task.sid = source.proc_sid
    unsafe task.ttyMajor = source.proc_tty_major
    unsafe task.ttyMinor = source.proc_tty_minor
    unsafe task.namespaces = [
      source.proc_uts_inonum, source.proc_ipc_inonum, source.proc_mnt_inonum, source.proc_net_inonum,
    ]
    task.comm = unsafe withUnsafeBytes(of: source.comm) { unsafe Array($0.prefix { $0 != 0 }) }
    return task
  }

  private static func path(_ text: UnsafePointer<CChar>?) -> [UInt8]? {
    guard let text = unsafe text else { return nil }
    // Safe: the cache's strings end with a NUL.
    var count = 0
    while unsafe text[count] != 0 { count += 1 }
    return unsafe bytes(text, count)
  }

  private static func strings(_ text: UnsafePointer<CChar>?, _ count: Int) -> [UInt8]? {
    guard let text = unsafe text else { return nil }
    return unsafe bytes(text, count)
  }

  private static func bytes(_ text: UnsafePointer<CChar>, _ count: Int) -> [UInt8] {
    unsafe Array(UnsafeRawBufferPointer(start: text, count: count))
  }
}

extension Content {
  /// The members that differ, as text for a person.
  func differences(from expected: Content) -> String {
    var words: [String] = []
    func compare(_ name: String, _ actual: String, _ expected: String) {
      if actual != expected { words.append("\(name) is \(actual), should be \(expected)") }
    }
    compare("pid", "\(pid)", "\(expected.pid)")
    compare("flags", "\(flags)", "\(expected.flags)")
    if task != expected.task { words.append("the task is another") }
    compare("start", "\(timeBootNS)", "\(expected.timeBootNS)")
    compare("leader type", "\(leaderType)", "\(expected.leaderType)")
    compare("leader", "\(leader)", "\(expected.leader)")
    compare("entity id", Self.text(entityID), Self.text(expected.entityID))
    compare("exit code", "\(exitCode)", "\(expected.exitCode)")
    compare("exit signal", "\(exitSignal)", "\(expected.exitSignal)")
    compare("exit time", "\(exitTimeNS)", "\(expected.exitTimeNS)")
    compare("exe", Self.text(exe), Self.text(expected.exe))
    compare("cmdline", Self.text(cmdline), Self.text(expected.cmdline))
    compare("cwd", Self.text(workingDirectory), Self.text(expected.workingDirectory))
    compare("cgroup", Self.text(controlGroup), Self.text(expected.controlGroup))
    compare("environment", Self.text(environment), Self.text(expected.environment))
    return words.joined(separator: "; ")
  }

  /// The whole text, because two long strings may differ at their ends; NULs are shown as blanks.
  private static func text(_ bytes: [UInt8]?) -> String {
    guard let bytes else { return "unknown" }
    return "'" + String(decoding: bytes.map { $0 == 0 ? UInt8(ascii: " ") : $0 }, as: UTF8.self) + "'"
  }
}
