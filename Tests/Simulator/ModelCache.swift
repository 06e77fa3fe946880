internal import CQuark

/// The cache of processes of the specification, in a dictionary.
struct ModelCache {
  struct Entry {
    var content: Content
    /// When it exited, milliseconds since boot; nil while it is alive.
    var exitedMS: UInt64?
    /// When it started, nanoseconds since boot, if that is known.
    var startNS: UInt64?
    /// The time stamp of its newest record.
    var toldNS: UInt64 = 0
  }

  let environmentLimit: Int
  let findsEntryLeaders: Bool
  private(set) var entries: [UInt32: Entry] = [:]
  /// The pids of exited processes, in the order of their exits.
  private(set) var exited: [UInt32] = []
  /// The entry for the current event, if the pid of its process belongs to another process by now.
  private var stray: Entry?
  private var currentPID: UInt32 = 0

  init(_ parameters: Parameters) {
    environmentLimit = parameters.environmentLimit
    findsEntryLeaders = parameters.findsEntryLeaders
  }

  /// Forgets processes whose grace time is over, and then `more` others.
  mutating func collect(nowNS: UInt64, graceTimeMS: Int, more: Int) -> Int {
    var collected = 0
    while let pid = exited.first,
      nowNS / 1_000_000 - entries[pid]!.exitedMS! >= UInt64(graceTimeMS) || collected < more
    {
      exited.removeFirst()
      entries[pid] = nil
      collected += 1
    }
    return collected
  }

  /// Prepares the entry for an event whose first record is `record`, of a process with this start time: a new entry
  /// replaces an earlier process, and an entry for a process that is earlier than the known one is not kept.
  mutating func prepare(for record: Record, startNS: UInt64?) {
    (stray, currentPID) = (nil, record.pid)
    let relation = entries[record.pid].map { Self.relation($0, record, startNS) }
    if relation == .earlier {
      stray = Entry(content: Content(pid: record.pid), startNS: startNS)
    } else if relation != .same {
      entries[record.pid] = Entry(content: Content(pid: record.pid), startNS: startNS)
      exited.removeAll { $0 == record.pid }
    } else if let startNS {
      entries[record.pid]!.startNS = startNS
    }
  }

  /// The process of the current event, and whether a look-up of its pid finds it.
  var current: (content: Content?, isKept: Bool) { ((stray ?? entries[currentPID])?.content, stray == nil) }

  /// True if a record of a process with this start time belongs to the process of the current event.
  func isCurrent(_ record: Record, startNS: UInt64?) -> Bool {
    (stray ?? entries[currentPID]).map { Self.relation($0, record, startNS) == .same } ?? true
  }

  /// What is known of the process that did what a record of another family tells: of who has its pid, unless it says that
  /// it started at another time.
  func actor(of record: Record) -> Content? {
    guard let entry = entries[record.pid] else { return nil }
    guard let startNS = record.actorStartNS else { return entry.content }
    return Self.relation(entry, record, startNS) == .same ? entry.content : nil
  }

  private enum Relation { case same, later, earlier }

  /// Compares the start times, if both are known. Otherwise a record from before a process began (with a tolerance of
  /// 10 ms), or an entry whose records are from before a process began, belongs to another process.
  private static func relation(_ entry: Entry, _ record: Record, _ startNS: UInt64?) -> Relation {
    if let startNS, let knownNS = entry.startNS {
      return startNS == knownNS ? .same : startNS > knownNS ? .later : .earlier
    }
    if let knownNS = entry.startNS, record.timeNS + 10_000_000 < knownNS { return .earlier }
    let isExited = entry.exitedMS != nil
    let begins = record.type == RAW_WAKE_UP_NEW_TASK || record.type == RAW_EXEC && isExited
    guard let beganNS = startNS ?? (begins ? record.timeNS : nil) else { return .same }
    let slackNS: UInt64 = startNS == nil ? 0 : 10_000_000
    return entry.toldNS + slackNS < beganNS || isExited && entry.toldNS <= beganNS ? .later : .same
  }

  /// The parent of a process: it must not have begun later, or ended before.
  private func parent(of child: Entry, _ ppid: UInt32) -> Content? {
    if stray == nil, ppid == child.content.pid { return child.content }
    guard let parent = entries[ppid] else { return nil }
    guard let startNS = child.startNS else { return parent.content }
    if let parentNS = parent.startNS, parentNS > startNS { return nil }
    return parent.exitedMS != nil && parent.toldNS + 10_000_000 < startNS ? nil : parent.content
  }

  mutating func apply(_ record: Record, nowNS: UInt64, wallOffsetNS: UInt64) {
    var entry = stray ?? entries[record.pid]!
    if entry.startNS == nil { entry.startNS = record.task?.startNS }
    // A fork that comes late finds a process that may already have executed a program.
    if record.type == RAW_WAKE_UP_NEW_TASK, entry.exitedMS == nil, record.timeNS >= entry.toldNS {
      inherit(&entry, from: record.task!.ppid)
    }
    entry.toldNS = max(entry.toldNS, record.timeNS)
    if let task = record.task { Self.set(task, wallOffsetNS, &entry.content) }
    setStrings(record, &entry.content)
    switch record.type {
    case RAW_COMM: entry.content.task.comm = Self.comm(record.comm)
    case RAW_EXIT_THREAD:
      let code = record.task!.exitCode
      entry.content.flags |= UInt64(QUARK_F_EXIT)
      entry.content.exitCode = (code / 256) % 256
      entry.content.exitSignal = code % 128
      entry.content.exitTimeNS = record.timeNS + wallOffsetNS
      if entry.exitedMS == nil {
        entry.exitedMS = nowNS / 1_000_000
        if stray == nil { exited.append(record.pid) }
      }
    default: break
    }
    if findsEntryLeaders, [RAW_WAKE_UP_NEW_TASK, RAW_EXEC, RAW_EXEC_CONNECTOR].contains(record.type),
      let leader = leader(of: entry)
    {
      (entry.content.leaderType, entry.content.leader) = (UInt32(leader.type), leader.pid)
    }
    if stray == nil { entries[record.pid] = entry } else { stray = entry }
  }

  private func inherit(_ child: inout Entry, from ppid: UInt32) {
    guard let parent = parent(of: child, ppid) else { return }
    if let exe = parent.exe { child.content.exe = exe }
    if let cmdline = parent.cmdline { child.content.cmdline = cmdline }
  }

  private static func set(_ task: TaskState, _ wallOffsetNS: UInt64, _ content: inout Content) {
    let namespaces = content.task.namespaces
    content.flags |= UInt64(QUARK_F_PROC)
    content.task = task
    content.task.comm = comm(task.comm)
    // These two have other members in the content.
    (content.task.startNS, content.task.exitCode) = (0, 0)
    if task.namespaces[0] == 0 { content.task.namespaces = namespaces }
    if content.timeBootNS == 0 {
      content.timeBootNS = task.startNS + wallOffsetNS
      // Rounded down to a tick, as in /proc.
      content.entityID = entityID(pid: content.pid, timeNS: task.startNS / 10_000_000 * 10_000_000)
    }
  }

  private func setStrings(_ record: Record, _ content: inout Content) {
    if record.type == RAW_EXEC, record.isWire { (content.cmdline, content.environment) = (nil, nil) }
    if let exe = record.exe { content.exe = exe }
    if let path = record.workingDirectory, !record.hasLeft { content.workingDirectory = path }
    if let group = record.controlGroup { content.controlGroup = group }
    if let arguments = Self.terminated(record.arguments) { content.cmdline = arguments }
    let environment = record.environment.map { Array($0.prefix(environmentLimit)) }
    if let environment = Self.terminated(environment) { content.environment = environment }
  }

  /// A NUL replaces the last byte; nil and empty stay nil.
  static func terminated(_ bytes: [UInt8]?) -> [UInt8]? {
    guard var bytes, !bytes.isEmpty else { return nil }
    bytes[bytes.count - 1] = 0
    return bytes
  }

  private static func comm(_ bytes: [UInt8]) -> [UInt8] { Array(bytes.prefix(15)) }

  /// Base64 of pid and start time, little endian, six bits at a time.
  private static func entityID(pid: UInt32, timeNS: UInt64) -> [UInt8] {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    let bytes = (0..<4).map { UInt8(truncatingIfNeeded: pid >> (8 * $0)) }
      + (0..<8).map { UInt8(truncatingIfNeeded: timeNS >> (8 * $0)) }
    return stride(from: 0, to: 12, by: 3).flatMap { first in
      let bits = Int(bytes[first]) << 16 | Int(bytes[first + 1]) << 8 | Int(bytes[first + 2])
      return [18, 12, 6, 0].map { alphabet[bits >> $0 & 63] }
    }
  }
}

extension ModelCache {
  /// Applies the rules of the specification in their order.
  private func leader(of entry: Entry) -> (type: Int, pid: UInt32)? {
    let process = entry.content
    let (pid, ppid, leads) = (process.pid, process.task.ppid, process.pid == process.task.sid)
    if pid == 1 { return (QUARK_ELT_INIT, 1) }
    if pid == 2 || ppid == 2 { return (QUARK_ELT_KTHREAD, leads ? pid : 2) }
    let (major, minor, name) = (process.task.ttyMajor, process.task.ttyMinor, Self.base(process.exe))
    if leads && major == 4 && (64...255).contains(minor) { return (QUARK_ELT_TERM, pid) }
    if leads && major == 4 && minor < 64 && name == "login" { return (QUARK_ELT_TERM, pid) }
    guard let parent = parent(of: entry, ppid), parent.leaderType != 0 else { return nil }
    let inherited = (Int(parent.leaderType), parent.leader)
    let helpers = ["runc", "containerd-shim", "calico-node", "check-status", "pause", "conmon"]
    if !leads || helpers.contains(where: name.hasPrefix) { return inherited }
    let parentName = Self.base(parent.exe)
    if (136...143).contains(major) && parentName == "ssm-session-worker" { return (QUARK_ELT_SSM, pid) }
    if parentName == "sshd" && name != "sshd" { return (QUARK_ELT_SSHD, pid) }
    if ["containerd-shim", "runc", "conmon"].contains(where: parentName.hasPrefix) {
      return (QUARK_ELT_CONTAINER, pid)
    }
    return inherited
  }

  private static func base(_ path: [UInt8]?) -> String {
    guard let path, let slash = path.lastIndex(of: UInt8(ascii: "/")) else { return "" }
    return String(decoding: path[(slash + 1)...], as: UTF8.self)
  }
}
