import CLinux
import CQuark
import Quark
import QuarkLinux

/// A queue opens and closes.
func probe(_ context: TestContext) throws(TestEnd) {
  var queue = try context.open()
  try expectEqual("backend", try queue.counters().backend, context.isKprobe ? QQ_KPROBE : QQ_EBPF)
  let hooks = unsafe queue.queue.pointee.hooks
  let isOfTable = containsLine(hooks, "offsets: the table")
  try expect(context.backend != .kprobeTable || isOfTable, "the offsets are not the table's:\n\(hooks)")
}

/// A child that executes `true` and ends is one event with all of its data.
func forkExecExit(_ context: TestContext) throws(TestEnd) {
  var queue = try context.open()
  let before = wallTime()
  let child = try runTrue()
  let after = wallTime()
  let event = try queue.next(of: child)
  try expectEqual("events", event.events, UInt64(QUARK_EV_FORK | QUARK_EV_EXEC | QUARK_EV_EXIT))
  // The readings of two clocks may differ by the time that reading takes.
  let toleranceNS: UInt64 = 1_000_000
  try expect(
    event.time + toleranceNS >= before && event.time <= after + toleranceNS,
    "time \(event.time) is not within \(before)...\(after)")
  try checkContent(event.known)
  try checkIdentity(event.known)
  let stats = try queue.counters()
  try expectEqual("lost", stats.lost, 0)
  try expectEqual("malformed", stats.malformed, 0)
}

private func checkContent(_ known: Known) throws(TestEnd) {
  try expectEqual("flags", known.flags, UInt64(QUARK_F_PROC | QUARK_F_EXIT))
  try expectEqual("exit_code", known.exitCode, 0)
  try expectEqual("exit_signal", known.exitSignal, 0)
  try expect(known.exitTime > 0, "no exit time")
  try expectEqual("comm", known.comm, "true")
  try expect(equal(known.exe, "/bin/true") || equal(known.exe, "/usr/bin/true"), "exe is \(known.exe)")
  try expectEqual("cwd", known.cwd, workingDirectory())
  try expectEqual("cmdline", known.commandLine, "true|this|is|nop!|")
}

private func checkIdentity(_ known: Known) throws(TestEnd) {
  try expectEqual("ppid", known.ppid, UInt32(getpid()))
  try expectEqual("uid", known.uid, getuid())
  try expectEqual("gid", known.gid, getgid())
  try expectEqual("suid", known.suid, geteuid())
  try expectEqual("sgid", known.sgid, getegid())
  try expectEqual("euid", known.euid, geteuid())
  try expectEqual("egid", known.egid, getegid())
  try expectEqual("pgid", known.pgid, UInt32(getpgid(0)))
  try expectEqual("sid", known.sid, UInt32(getsid(0)))
  try expect(known.startTime > 0, "no start time")
  let isLed = known.entryLeader != 0 && known.entryLeaderType != UInt32(QUARK_ELT_UNKNOWN)
  try expect(isLed, "no entry leader")
  try expectEqual("bytes of its entity id", known.entityID.utf8.count, 16)
  // In the order of /proc/PID/status: permitted and effective.
  try expect(known.capabilities[1] != 0 && known.capabilities[2] != 0, "no capabilities")
  try expectOurNamespaces(known)
}

private func expectOurNamespaces(_ known: Known) throws(TestEnd) {
  try expectEqual("uts namespace", known.uts, namespace("uts"))
  try expectEqual("ipc namespace", known.ipc, namespace("ipc"))
  try expectEqual("mnt namespace", known.mnt, namespace("mnt"))
  try expectEqual("net namespace", known.net, namespace("net"))
}

/// A child has our namespaces.
func namespaces(_ context: TestContext) throws(TestEnd) {
  var queue = try context.open()
  try expectOurNamespaces(try queue.next(of: try runTrue()).known)
}

/// A thread ends the whole group while the main thread sleeps: the exit of the group is reported once.
func exitTgid(_ context: TestContext) throws(TestEnd) {
  var context = context
  context.attributes.hold_time = 10
  var queue = try context.open()
  for round in 1...20 {
    let child = clinux_fork()
    if child == 0 { exitFromThread() }
    try expect(child > 0, "fork failed")
    _ = try wait(for: child)
    // With such a short hold time the two parts may come as two events.
    var events: UInt64 = 0
    let wanted = UInt64(QUARK_EV_FORK | QUARK_EV_EXIT)
    while events & wanted != wanted {
      let event = try queue.next(of: child)
      try expectEqual("repeated events", event.events & events, 0)
      events |= event.events
      if event.has(QUARK_EV_EXIT) { try expectEqual("exit_code", event.known.exitCode, 7) }
    }
    try expect(events == wanted, "round \(round): events are \(events), expected \(wanted)")
  }
}

private func exitFromThread() -> Never {
  var thread = pthread_t()
  // pthread_exit would end only the thread; exit_group(2), which _exit calls, ends all threads.
  guard unsafe pthread_create(&thread, nil, { _ in _exit(7) }, nil) == 0 else { _exit(8) }
  while true { pause() }
}

// MARK: -

/// Runs `true this is nop!` in a child and waits for it to succeed.
func runTrue() throws(TestEnd) -> pid_t {
  let child = clinux_fork()
  if child == 0 {
    unsafe setenv("IM_A_QUARK_TEST_CHILD", "OHYES", 1)
    var words: [UnsafeMutablePointer<CChar>?] = unsafe (["true", "this", "is", "nop!"] as [String]).map { unsafe strdup($0) }
    unsafe words.append(nil)
    unsafe execv("/usr/bin/true", words)
    unsafe execv("/bin/true", words)
    _exit(127)
  }
  try expect(child > 0, "fork failed")
  let status = try wait(for: child)
  try expect(clinux_wifexited(status) != 0 && clinux_wexitstatus(status) == 0, "true ended with \(status)")
  return child
}
