import CLinux
import CQuark
import Quark
import QuarkLinux

/// What a queue says that it tells is what it was asked for and its backend can tell, with the hooks that tell it; what
/// it does not has a reason. One that is to be strict opens if nothing is missing, and not otherwise.
func capabilityList(_ context: TestContext) throws(TestEnd) {
  var asking = context
  asking.attributes.flags |= QQ_GETPID | QQ_PTRACE | QQ_SHM | QQ_MODULE_LOAD | QQ_TTY
  if context.isKprobe {
    try expectRefusal(asking, QQ_SHM, "shm SHM (QQ_SHM): kprobe tells of no such events")
  } else {
    try expectRefusal(context, QQ_THREAD_EVENTS, "process FORK threads (QQ_THREAD_EVENTS): ebpf cannot tell")
    try choosing(context)
    asking.attributes.flags |= QQ_STRICT
  }
  let (opening, closing) = (Stopwatch.opening.milliseconds, Stopwatch.closing.milliseconds)
  try expectList(asking)
  // With everything that can be hooked. Some kernels take an eighth of a second for each hook of a kind.
  let (opened, closed) = (Stopwatch.opening.milliseconds - opening, Stopwatch.closing.milliseconds - closing)
  FileDescriptor.complain("opened in \(opened) ms, closed in \(closed) ms\n")
  try expect(context.isKprobe || closed <= 2 * opened, "opened in \(opened) ms, closed in \(closed) ms")
  guard context.isKprobe else { return }
  var plain = context
  plain.attributes.flags |= QQ_STRICT
  _ = try plain.open()
}

private func expectList(_ context: TestContext) throws(TestEnd) {
  let queue = try context.open()
  let hooks = unsafe queue.queue.pointee.hooks
  try expect(!containsLine(hooks, "cannot load"), "the kernel refuses a program:\n\(hooks)")
  let list = unsafe queue.queue.pointee.capabilities
  let byHook = context.isKprobe ? "kprobe/" as StaticString : "/" as StaticString
  for event in [QUARK_EV_FORK, QUARK_EV_EXEC, QUARK_EV_EXIT, QUARK_EV_SETPROCTITLE] {
    try list.require(event, "", .exact, means: byHook)
  }
  try list.require(QUARK_EV_FORK, "proc_entry_leader", .exact, means: byHook)
  try list.require(QUARK_EV_EXIT, "exit_signal", .exact, means: byHook)
  try list.require(QUARK_EV_FILE, "", .none, reason: "there are no such events so far")
  if context.isKprobe {
    try list.require(QUARK_EV_EXEC, "env", .none, reason: "kprobe cannot tell its environment")
    try list.require(QUARK_EV_EXEC, "exe", .part, means: byHook, reason: "more than the last four names")
    try list.require(QUARK_EV_ID_CHANGE, "", .none, reason: "that the ids of a process changed")
    try list.require(QUARK_EV_SHM, "path", .none, reason: "kprobe tells of no such events")
    try list.require(QUARK_EV_TTY, "", .none, reason: "kprobe tells of no such events")
  } else {
    try list.require(QUARK_EV_EXEC, "env", .exact, means: byHook)
    try list.require(QUARK_EV_ID_CHANGE, "id_change SETSID", .exact, means: byHook)
    try list.require(QUARK_EV_SHM, "", .part, means: "/ipcget", reason: "shm_open")
    try list.require(QUARK_EV_SHM, "path", .exact, means: "/__x64_sys_memfd_create")
    try list.require(QUARK_EV_TTY, "", .part, means: "/n_tty_write", reason: "what is typed and not echoed")
    try list.require(QUARK_EV_TTY, "data", .exact, means: "/n_tty_write")
    try list.require(QUARK_EV_GETPID, "", .exact, means: byHook)
    try list.require(QUARK_EV_MODULE_LOAD, "taints", .exact, means: byHook)
  }
}

/// The backend that tells all that is asked for is used, though it is not the first; or none is, and each says why.
private func choosing(_ context: TestContext) throws(TestEnd) {
  var either = context
  either.attributes.flags |= QQ_KPROBE
  try expectRefusal(
    either, QQ_THREAD_EVENTS | QQ_SHM, "shm SHM (QQ_SHM): kprobe tells of no such events",
    "EBPF: cannot tell all that is asked for")
  either.attributes.flags |= QQ_THREAD_EVENTS | QQ_STRICT
  let queue = try either.open()
  try expectEqual("the backend", unsafe queue.queue.pointee.backend, QQ_KPROBE)
}

private func expectRefusal(_ context: TestContext, _ flags: CInt, _ words: StaticString...) throws(TestEnd) {
  var attributes = context.attributes
  attributes.flags |= flags | QQ_STRICT
  do throws(QuarkError) {
    _ = try Queue(attributes)
  } catch {
    try expectEqual("the error of a strict queue", error.errno.rawValue, ENOTSUP)
    for words in words {
      try expect(containsLine(error.message, words), "it does not say \(words):\n\(error.message)")
    }
    return
  }
  throw .failed("a strict queue opens, though it tells less than it is asked for")
}

extension [Queue.Capability] {
  /// `means` and `reason`: words in them; empty: there must be none.
  fileprivate func require(
    _ event: CInt, _ field: StaticString, _ state: Queue.Capability.State, means: StaticString = "",
    reason: StaticString = ""
  ) throws(TestEnd) {
    let found = first { $0.event.rawValue == UInt64(event) && equal($0.field, "\(field)") }
    guard let found else { throw .failed("\(field) of event \(event) is not in the list") }
    let what = "\(found.family) \(event) \(field): \(found.means)\n\(found.reason)"
    try expect(found.state == state, "state \(found.state.rawValue): \(what)")
    try expect(found.means.isEmpty == (means.utf8CodeUnitCount == 0), "means: \(what)")
    try expect(found.reason.isEmpty == (reason.utf8CodeUnitCount == 0), "reason: \(what)")
    if !found.means.isEmpty { try expect(containsLine(found.means, means), "means: \(what)") }
    if !found.reason.isEmpty { try expect(containsLine(found.reason, reason), "reason: \(what)") }
  }
}
