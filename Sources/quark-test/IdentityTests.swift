import CLinux
import CQuark
import Quark
import QuarkLinux

/// A child changes all its ids, begins a session and executes a program: the changes are joined to the event of its
/// fork, which has all of them; the exec is another event, because it has another user.
func idChange(_ context: TestContext) throws(TestEnd) {
  var queue = try context.open()
  let life = try context.live(in: &queue) {
    must("setresgid", clinux_set_gids(4242, 4242, 4242))
    must("setresuid", clinux_set_uids(4242, 4242, 4242))
    must("setsid", setsid())
    return execute("/bin/true", ["true", "this", "is", "nop!"])
  }
  let first = life.parts[0]
  try expectEqual("the first event", first.events, UInt64(QUARK_EV_FORK | QUARK_EV_ID_CHANGE))
  try expectEqual(
    "id_change", first.idChange, UInt32(QUARK_ID_CHANGE_SETSID | QUARK_ID_CHANGE_SETUID | QUARK_ID_CHANGE_SETGID))
  let known = first.known
  try expectIDs("user", (known.uid, known.euid, known.suid), (4242, 4242, 4242))
  try expectIDs("group", (known.gid, known.egid, known.sgid), (4242, 4242, 4242))
  try expectEqual("sid", known.sid, known.pid)
  try expectEqual("pgid", known.pgid, known.pid)
  try life.expect(execs: 1, idChanges: 1)
}

/// Real, effective and saved ids may differ, and each record has the new ones.
func savedIDs(_ context: TestContext) throws(TestEnd) {
  var queue = try context.open()
  let life = try context.live(in: &queue) {
    must("setresgid", clinux_set_gids(21, 22, 23))
    must("setegid", setegid(23))
    must("setresuid", clinux_set_uids(11, 12, 13))
    return 0
  }
  try life.expect(idChanges: 3)
  try expectEqual("events", life.parts.count, 5)
  let (resgid, egid, resuid) = (life.parts[1], life.parts[2], life.parts[3])
  try expectEqual("id_change of setresgid", resgid.idChange, UInt32(QUARK_ID_CHANGE_SETGID))
  try expectIDs("group", (resgid.known.gid, resgid.known.egid, resgid.known.sgid), (21, 22, 23))
  try expectEqual("id_change of setegid", egid.idChange, UInt32(QUARK_ID_CHANGE_SETGID))
  try expectIDs("group", (egid.known.gid, egid.known.egid, egid.known.sgid), (21, 23, 23))
  try expectEqual("id_change of setresuid", resuid.idChange, UInt32(QUARK_ID_CHANGE_SETUID))
  try expectIDs("user", (resuid.known.uid, resuid.known.euid, resuid.known.suid), (11, 12, 13))
}

/// setsid(2) is a change of ids.
func newSession(_ context: TestContext) throws(TestEnd) {
  var queue = try context.open()
  let truth = try Truth()
  let life = try context.live(in: &queue) {
    truth[0] = Int(setsid())
    return 0
  }
  try life.expect(idChanges: 1)
  try expectEqual("sid before", life.parts[0].known.sid, UInt32(getsid(0)))
  try expectEqual("id_change", life.parts[1].idChange, UInt32(QUARK_ID_CHANGE_SETSID))
  try expectEqual("sid", life.parts[1].known.sid, UInt32(truth[0]))
  try expectEqual("pgid", life.parts[1].known.pgid, UInt32(truth[0]))
}

/// Programs with a set-user-ID or set-group-ID bit.
func execSetID(_ context: TestContext) throws(TestEnd) {
  let scratch = try Scratch()
  let user = try scratch.addProgram("user")
  let group = try scratch.addProgram("group")
  must("chown", unsafe chown(user, 4242, 0))
  must("chmod", unsafe chmod(user, 0o4755))
  must("chown", unsafe chown(group, 0, 4242))
  must("chmod", unsafe chmod(group, 0o2755))
  var queue = try context.open()
  for path in [user, group] {
    let life = try context.live(in: &queue, status: 20) {
      must("setresgid", clinux_set_gids(1000, 1000, 1000))
      must("setresuid", clinux_set_uids(1000, 1000, 1000))
      return execute(path, ["program", "20"])
    }
    let isUser = equal(path, user)
    let known = life.known
    let (uid, gid): (UInt32, UInt32) = isUser ? (4242, 1000) : (1000, 4242)
    try expectIDs("user", (known.uid, known.euid, known.suid), (1000, uid, uid))
    try expectIDs("group", (known.gid, known.egid, known.sgid), (1000, gid, gid))
    try life.expect(execs: 1, idChanges: context.isKprobe ? 0 : 3)
    if context.isKprobe { continue }
    // The change of credentials that is part of the exec comes before it.
    let change = life.parts[3]
    try expectEqual("id_change", change.idChange, UInt32(isUser ? QUARK_ID_CHANGE_SETUID : QUARK_ID_CHANGE_SETGID))
    try expectIDs("user at exec", (life.parts[4].known.uid, life.parts[4].known.euid, life.parts[4].known.suid), (1000, uid, uid))
  }
}

/// All five capability words are those of /proc/PID/status.
func capabilityWords(_ context: TestContext) throws(TestEnd) {
  var queue = try context.open()
  let truth = try Truth()
  let life = try context.live(in: &queue) {
    // CAP_SYS_TIME goes; CAP_CHOWN 0, CAP_KILL 5 and CAP_SETUID 7 stay, in different sets.
    must("drop a capability", clinux_drop_capability(25))
    must("set capabilities", clinux_set_capabilities(1 << 0 | 1 << 7, 1 << 0 | 1 << 5 | 1 << 7, 1 << 0 | 1 << 5))
    must("raise an ambient capability", clinux_raise_ambient_capability(5))
    for (index, key) in capabilityKeys.enumerated() {
      truth[index] = Int(bitPattern: UInt(hexadecimal(value(of: key, in: "/proc/self/status") ?? "")))
    }
    return 0
  }
  for (index, key) in capabilityKeys.enumerated() {
    let (actual, expected) = (life.known.capabilities[index], UInt64(UInt(bitPattern: truth[index])))
    try expect(actual == expected, "\(key) \(String(actual, radix: 16)), expected \(String(expected, radix: 16))")
  }
  // The comparison is only useful if the 5 words are all different.
  for first in 0..<5 {
    for second in 0..<first { try expect(truth[first] != truth[second], "\(first) and \(second) are equal") }
  }
}

private var capabilityKeys: [String] { ["CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:"] }

private func hexadecimal(_ text: String) -> UInt64 {
  var number: UInt64 = 0
  for digit in text.utf8 {
    number = number << 4 | UInt64(digit <= UInt8(ascii: "9") ? digit - UInt8(ascii: "0") : digit - UInt8(ascii: "a") + 10)
  }
  return number
}

@inline(never)
private func expectIDs(
  _ what: StaticString, _ actual: (UInt32, UInt32, UInt32), _ expected: (UInt32, UInt32, UInt32),
  file: StaticString = #fileID, line: UInt = #line
) throws(TestEnd) {
  if actual == expected { return }
  func words(_ ids: (UInt32, UInt32, UInt32)) -> String { "\(ids.0) \(ids.1) \(ids.2)" }
  throw failure("\(what) ids are \(words(actual)), expected \(words(expected))", file, line)
}

/// The device number of a session's terminal.
func terminal(_ context: TestContext) throws(TestEnd) {
  let truth = try Truth()
  let master = unsafe clinux_open_pty(truth.buffer, truth.capacity)
  guard master >= 0 else { throw .failed("no pseudoterminal: \(Errno.current.description)") }
  let file = FileDescriptor(owning: master)
  let slave = truth.text
  var queue = try context.open()
  let life = try context.live(in: &queue, status: 21) {
    setsid()
    let terminal = unsafe clinux_open(slave, O_RDWR | O_NOCTTY, 0)
    must("open a terminal", terminal)
    must("take a terminal", clinux_take_terminal(terminal))
    var information = stat()
    must("fstat", unsafe fstat(terminal, &information))
    truth[0] = Int(gnu_dev_major(information.st_rdev))
    truth[1] = Int(gnu_dev_minor(information.st_rdev))
    return execute("/bin/exit", ["exit", "21"])
  }
  _ = file.rawValue
  // With kprobes the whole life is one event.
  if !context.isKprobe { try expectEqual("terminal before", life.parts[0].known.terminal.major, 0) }
  try expect(truth[0] != 0, "the terminal has no number")
  try expectEqual("tty major", life.known.terminal.major, UInt32(truth[0]))
  try expectEqual("tty minor", life.known.terminal.minor, UInt32(truth[1]))
}

/// Changes that make no event are known with the next event, which may be the exit.
func knownAtExit(_ context: TestContext) throws(TestEnd) {
  var queue = try context.open()
  let truth = try Truth()
  let life = try context.live(in: &queue) {
    must("chdir", unsafe chdir("/proc"))
    must("setpgid", setpgid(0, 0))
    must("unshare", clinux_unshare(
      CLINUX_NEW_UTS.rawValue | CLINUX_NEW_IPC.rawValue | CLINUX_NEW_MNT.rawValue | CLINUX_NEW_NET.rawValue))
    for (index, name) in (["uts", "ipc", "mnt", "net"] as [String]).enumerated() {
      truth[index] = Int(namespace(name))
    }
    return 0
  }
  try life.expect()
  let known = life.known
  try expectEqual("pgid", known.pgid, known.pid)
  try expectEqual("uts namespace", known.uts, UInt32(truth[0]))
  try expectEqual("ipc namespace", known.ipc, UInt32(truth[1]))
  try expectEqual("mnt namespace", known.mnt, UInt32(truth[2]))
  try expectEqual("net namespace", known.net, UInt32(truth[3]))
  try expect(truth[0] != Int(namespace("uts")), "the child's namespaces are ours")
  try expectEqual("cwd", known.cwd, "/proc")
}

/// A process enters a namespace by its descriptor.
func enterNamespace(_ context: TestContext) throws(TestEnd) {
  var queue = try context.open()
  let truth = try Truth()
  let life = try context.live(in: &queue) {
    let ours = unsafe clinux_open("/proc/self/ns/uts", O_RDONLY, 0)
    must("unshare", clinux_unshare(CLINUX_NEW_UTS.rawValue | CLINUX_NEW_IPC.rawValue))
    truth[0] = Int(namespace("ipc"))
    must("setns", clinux_enter(ours))
    return 0
  }
  try expectEqual("uts namespace", life.known.uts, namespace("uts"))
  try expectEqual("ipc namespace", life.known.ipc, UInt32(truth[0]))
}

/// New names of a process, by prctl(2) and by /proc, are reported, but not those of a thread, nor the name that an exec
/// gives.
func newNames(_ context: TestContext) throws(TestEnd) {
  var queue = try context.open()
  let life = try context.live(in: &queue, status: 22) {
    must("prctl", unsafe clinux_set_name("first"))
    guard (try? writeFile("/proc/self/comm", Array("second".utf8))) != nil else { return 117 }
    var thread = pthread_t()
    _ = unsafe pthread_create(&thread, nil, { _ in
      must("prctl", unsafe clinux_set_name("thread"))
      // This file always sets the name of the first thread.
      let isWritten = (try? writeFile("/proc/self/comm", Array("third".utf8))) != nil
      return unsafe isWritten ? nil : UnsafeMutableRawPointer(bitPattern: 1)
    }, nil)
    var result: UnsafeMutableRawPointer?
    _ = unsafe pthread_join(thread, &result)
    guard unsafe result == nil else { return 116 }
    return execute("/bin/exit", ["exit", "22"])
  }
  try life.expect(execs: 1, names: 3)
  try expectEqual("comm", life.parts[1].known.comm, "first")
  try expectEqual("comm", life.parts[2].known.comm, "second")
  try expectEqual("comm", life.parts[3].known.comm, "third")
  try expectEqual("comm", life.known.comm, "exit")
}
