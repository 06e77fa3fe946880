import CLinux
import CQuark
import Quark
import QuarkLinux

/// The queue opens and closes.
func probe(_ context: TestContext) throws(TestEnd) {
  let queue = try context.open()
  try expectEqual("backend", queue.counters().backend, context.isKprobe ? QQ_KPROBE : QQ_EBPF)
  let isOfTable = containsLine(queue.hooks, "offsets: the table")
  try expect(context.backend != .kprobeTable || isOfTable, "the offsets are not the table's:\n\(queue.hooks)")
}

/// A child that executes `true` and ends is one event that knows all about it.
func forkExecExit(_ context: TestContext) throws(TestEnd) {
  var queue = try context.open()
  let before = wallTime()
  let child = try runTrue()
  let after = wallTime()
  let event = unsafe try context.nextEvent(of: child, in: &queue)
  let expected = UInt64(QUARK_EV_FORK | QUARK_EV_EXEC | QUARK_EV_EXIT)
  try unsafe expectEqual("events", event.pointee.events, expected)
  // The two clocks' readings may differ by as much as it takes to read them.
  let toleranceNS: UInt64 = 1_000_000
  try unsafe expect(
    event.pointee.time + toleranceNS >= before && event.pointee.time <= after + toleranceNS,
    "time \(event.pointee.time) is not within \(before)...\(after)")
  let process = unsafe event.pointee.process!
  try unsafe checkContent(of: process)
  try unsafe checkIdentity(of: process)
  let stats = queue.counters()
  try expectEqual("lost", stats.lost, 0)
  try expectEqual("malformed", stats.malformed, 0)
}

private func checkContent(of process: UnsafePointer<quark_process>) throws(TestEnd) {
  try unsafe expectEqual("flags", process.pointee.flags, UInt64(QUARK_F_PROC | QUARK_F_EXIT))
  try unsafe expectEqual("exit_code", process.pointee.exit_code, 0)
  try unsafe expectEqual("exit_signal", process.pointee.exit_signal, 0)
  try unsafe expect(process.pointee.exit_time_event > 0, "no exit time")
  let comm = unsafe withUnsafeBytes(of: process.pointee.comm) {
    unsafe String(cString: $0.baseAddress!.assumingMemoryBound(to: CChar.self))
  }
  try expectEqual("comm", comm, "true")
  let exe = unsafe text(process.pointee.exe)
  try expect(equal(exe, "/bin/true") || equal(exe, "/usr/bin/true"), "exe is \(exe)")
  try unsafe expectEqual("cwd", text(process.pointee.cwd), workingDirectory())
  guard let cmdline = unsafe process.pointee.cmdline else { throw .failed("no cmdline") }
  let bytes = unsafe UnsafeBufferPointer(start: cmdline, count: process.pointee.cmdline_len)
  let arguments = unsafe String(decoding: bytes.lazy.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  try expectEqual("cmdline", arguments, "true\0this\0is\0nop!\0")
}

private func checkIdentity(of process: UnsafePointer<quark_process>) throws(TestEnd) {
  let known = unsafe process.pointee
  try unsafe expectEqual("ppid", known.proc_ppid, UInt32(getpid()))
  try unsafe expectEqual("uid", known.proc_uid, getuid())
  try unsafe expectEqual("gid", known.proc_gid, getgid())
  try unsafe expectEqual("suid", known.proc_suid, geteuid())
  try unsafe expectEqual("sgid", known.proc_sgid, getegid())
  try unsafe expectEqual("euid", known.proc_euid, geteuid())
  try unsafe expectEqual("egid", known.proc_egid, getegid())
  try unsafe expectEqual("pgid", known.proc_pgid, UInt32(getpgid(0)))
  try unsafe expectEqual("sid", known.proc_sid, UInt32(getsid(0)))
  try unsafe expect(known.proc_time_boot > 0, "no start time")
  try unsafe expect(
    known.proc_entry_leader != 0 && known.proc_entry_leader_type != UInt32(QUARK_ELT_UNKNOWN), "no entry leader")
  try unsafe expect(known.proc_entity_id.0 != 0 && known.proc_entity_id.15 != 0, "no entity id")
  try unsafe expect(known.proc_cap_effective != 0 && known.proc_cap_permitted != 0, "no capabilities")
  try unsafe expectOurNamespaces(process)
}

func expectOurNamespaces(_ process: UnsafePointer<quark_process>) throws(TestEnd) {
  let known = unsafe process.pointee
  try unsafe expectEqual("uts namespace", known.proc_uts_inonum, namespace("uts"))
  try unsafe expectEqual("ipc namespace", known.proc_ipc_inonum, namespace("ipc"))
  try unsafe expectEqual("mnt namespace", known.proc_mnt_inonum, namespace("mnt"))
  try unsafe expectEqual("net namespace", known.proc_net_inonum, namespace("net"))
}

/// A thread that ends the whole group while the main thread sleeps: the group's exit is reported, once, as its.
func exitTgid(_ context: TestContext) throws(TestEnd) {
  var context = context
  context.attributes.hold_time = 10
  var queue = try context.open()
  for round in 1...20 {
    let child = clinux_fork()
    if child == 0 { exitFromThread() }
    try expect(child > 0, "fork failed")
    _ = try wait(for: child)
    // With so little hold time the two parts may well come one by one.
    var events: UInt64 = 0
    let wanted = UInt64(QUARK_EV_FORK | QUARK_EV_EXIT)
    while events & wanted != wanted {
      let event = unsafe try context.nextEvent(of: child, in: &queue)
      try unsafe expectEqual("repeated events", event.pointee.events & events, 0)
      unsafe events |= event.pointee.events
      if events & UInt64(QUARK_EV_EXIT) != 0 {
        try unsafe expectEqual("exit_code", event.pointee.process!.pointee.exit_code, 7)
      }
    }
    try expect(events == wanted, "round \(round): events are \(events), expected \(wanted)")
  }
}

private func exitFromThread() -> Never {
  var thread = pthread_t()
  // pthread_exit would end the thread alone; exit_group(2), which _exit calls, ends them all.
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

private func text(_ string: UnsafeMutablePointer<CChar>?) -> String {
  unsafe string.map { unsafe String(cString: $0) } ?? "(none)"
}
