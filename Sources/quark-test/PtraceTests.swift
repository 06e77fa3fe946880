import CLinux
import CQuark
import Quark
import QuarkLinux

// include/uapi/linux/ptrace.h
private let traceMe = 0, peekUser = 3, attach = 16, detach = 17, seize = 0x4206, interrupt = 0x4207
private let peekData = 2

/// Calls of ptrace(2) that succeed are reported, whichever thread makes them. Calls that fail are not, nor what a
/// process does to its own child after it has begun to trace it.
func ptraceCalls(_ context: TestContext) throws(TestEnd) {
  var context = context
  context.attributes.flags |= QQ_PTRACE
  var queue = try context.open()
  let hooks = unsafe queue.queue.pointee.hooks
  if context.isKprobe { return try expect(containsLine(hooks, "QQ_PTRACE: none"), "no word of ptrace:\n\(hooks)") }
  let truth = try Truth()
  let victim = try start {
    while true { pause() }
  }
  defer { _ = kill(victim, SIGKILL) }
  truth[1] = Int(victim)
  let life = try context.live(in: &queue, status: 5) {
    fail(victim)
    trace(victim)
    traceByThread(truth)
    truth[2] = Int(traceChild())
    return 5
  }
  let expected = [attach, peekUser, detach, seize, interrupt, detach]
  try expectCalls(life, expected, to: victim)
  let child = try context.life(of: pid_t(truth[2]), in: &queue)
  try expectCalls(child, [traceMe], to: pid_t(truth[2]))
  let told = life.parts.first { $0.has(QUARK_EV_PTRACE) && $0.ptrace.request == peekUser }
  try expectEqual("addr", told?.ptrace.addr ?? 0, 8)
}

private func expectCalls(_ life: Life, _ expected: [Int], to target: pid_t) throws(TestEnd) {
  var requests: [Int] = []
  for part in life.parts where part.has(QUARK_EV_PTRACE) {
    try expectEqual("events", part.events, UInt64(QUARK_EV_PTRACE))
    try expectEqual("child_pid", part.ptrace.child_pid, UInt32(target))
    requests.append(Int(part.ptrace.request))
  }
  try expectEqual("requests", list(requests), list(expected))
}

private func list(_ numbers: [Int]) -> String { numbers.map { "\($0)" }.joined(separator: " ") }

/// Calls that fail: on the caller itself, on a pid without process, on a process that is not traced, and on memory that
/// does not exist.
private func fail(_ victim: pid_t) {
  for (request, pid) in [(attach, getpid()), (attach, 4_000_000), (seize, 4_000_000), (peekUser, victim)] {
    if clinux_ptrace(request, pid, 0, 0) == 0 { must("fail", -1) }
  }
}

private func trace(_ victim: pid_t) {
  must("attach", clinux_ptrace(attach, victim, 0, 0))
  must("wait for the stop", clinux_wait_for_stop(victim))
  must("look at a register", clinux_ptrace(peekUser, victim, 8, 0))
  if clinux_ptrace(peekData, victim, 0, 0) == 0 { must("fail", -1) }
  must("detach", clinux_ptrace(detach, victim, 0, 0))
}

private func traceByThread(_ truth: borrowing Truth) {
  unsafe startThread(truth) { memory in
    let victim = unsafe pid_t(memory!.load(fromByteOffset: MemoryLayout<Int>.stride, as: Int.self))
    must("seize", clinux_ptrace(seize, victim, 0, 0))
    must("interrupt", clinux_ptrace(interrupt, victim, 0, 0))
    must("wait for the stop", clinux_wait_for_stop(victim))
    must("detach", clinux_ptrace(detach, victim, 0, 0))
    unsafe memory!.storeBytes(of: 1, as: Int.self)
    return nil
  }
  while truth[0] == 0 { usleep(1000) }
}

/// Starts a child that asks to be traced, and then continues it.
private func traceChild() -> pid_t {
  let child = clinux_fork()
  if child == 0 {
    must("be traced", clinux_ptrace(traceMe, 0, 0, 0))
    kill(getpid(), SIGSTOP)
    _exit(0)
  }
  must("wait for the stop", clinux_wait_for_stop(child))
  must("look at a register", clinux_ptrace(peekUser, child, 8, 0))
  must("let it go on", clinux_continue(child))
  _ = try? wait(for: child)
  return child
}
