import CLinux
import CQuark
import Quark
import QuarkLinux

/// Requests of include/uapi/linux/ptrace.h, by their numbers.
enum PtraceRequest {
  static var traceMe: Int { 0 }
  static var peekData: Int { 2 }
  static var peekUser: Int { 3 }
  static var attach: Int { 16 }
  static var detach: Int { 17 }
  static var seize: Int { 0x4206 }
  static var interrupt: Int { 0x4207 }
}

/// What is done to a process by ptrace(2) is told if it succeeds, from wherever it is done and by whichever hooks it is
/// seen; what fails is not, nor what a process does to its own child once it traces that.
func ptraceCalls(_ context: TestContext) throws(TestEnd) {
  var context = context
  context.attributes.flags |= QQ_PTRACE
  for kind in Place.returns {
    var queue = try context.open(returnsBy: kind)
    for place in Place.allCases { try expectTracing(context, at: place, in: &queue) }
    try expectTracedChild(context, in: &queue)
    let used = unsafe queue.queue.pointee.hooks
    for hook in ["attach: %/ptrace_attach", "traceme: %/ptrace_traceme", "request: %/arch_ptrace"] {
      try expectHook(hook, kind, in: used)
    }
  }
}

/// `hook` has a `%` for the kind.
func expectHook(_ hook: String, _ kind: String, in used: String) throws(TestEnd) {
  var line: [UInt8] = []
  for byte in hook.utf8 { line += byte == UInt8(ascii: "%") ? Array(kind.utf8) : [byte] }
  let isThere = place(of: line + [UInt8(ascii: "\n")], in: Array(used.utf8)[...]) != nil
  try expect(isThere, "not \(String(decoding: line, as: UTF8.self)):\n\(used)")
}

private func expectTracing(_ context: TestContext, at place: Place, in queue: inout TestQueue) throws(TestEnd) {
  let truth = try Truth()
  let life = try context.live(at: place, in: &queue) {
    let victim = Victim(truth)
    fail(victim.pid)
    trace(victim.pid)
    seizeAndLetGo(victim.pid)
    victim.end()
  }
  typealias Request = PtraceRequest
  let expected = [
    Request.attach, Request.peekUser, Request.detach, Request.seize, Request.interrupt, Request.detach,
  ]
  try expectCalls(life, expected, to: pid_t(truth[2]))
  let told = life.parts.first { $0.has(QUARK_EV_PTRACE) && $0.ptrace.request == Request.peekUser }
  try expectEqual("addr", told?.ptrace.addr ?? 0, 8)
}

/// Of its own child a process is told to trace it, and not what it does then.
private func expectTracedChild(_ context: TestContext, in queue: inout TestQueue) throws(TestEnd) {
  let truth = try Truth()
  let life = try context.live(in: &queue, status: 5) {
    truth[2] = Int(traceChild())
    return 5
  }
  try expectCalls(life, [], to: 0)
  let child = try context.life(of: pid_t(truth[2]), in: &queue)
  try expectCalls(child, [PtraceRequest.traceMe], to: pid_t(truth[2]))
}

func expectCalls(_ life: Life, _ expected: [Int], to target: pid_t) throws(TestEnd) {
  var requests: [Int] = []
  for part in life.parts where part.has(QUARK_EV_PTRACE) {
    try expectEqual("events", part.events, UInt64(QUARK_EV_PTRACE))
    try expectEqual("child_pid", part.ptrace.child_pid, UInt32(target))
    requests.append(Int(part.ptrace.request))
  }
  try expectEqual("requests", list(requests), list(expected))
}

private func list(_ numbers: [Int]) -> String { numbers.map { "\($0)" }.joined(separator: " ") }

/// In a child: a process that waits to be traced, and is no child of who does that.
struct Victim {
  /// In the caller's namespace.
  let pid: pid_t
  private let parent: pid_t

  /// Of the test's memory the numbers 1 and 2 are used; the latter is the pid as the test knows it.
  init(_ truth: borrowing Truth) {
    truth[1] = 0
    truth[2] = 0
    parent = clinux_fork()
    if parent == 0 {
      let child = clinux_fork()
      if child == 0 {
        // In a namespace the pid is another one; where there is no /proc, it is the same.
        truth[2] = Int(linkTarget("/proc/self")) ?? Int(getpid())
        while true { pause() }
      }
      truth[1] = Int(child)
      while true { pause() }
    }
    while truth[1] == 0 || truth[2] == 0 { usleep(1000) }
    pid = pid_t(truth[1])
  }

  func end() {
    _ = kill(pid, SIGKILL)
    _ = kill(parent, SIGKILL)
    _ = try? wait(for: parent)
  }
}

/// Calls that fail: of oneself, of nobody, of one that is not traced.
private func fail(_ victim: pid_t) {
  typealias Request = PtraceRequest
  for (request, pid) in [
    (Request.attach, getpid()), (Request.attach, 4_000_000), (Request.seize, 4_000_000), (Request.peekUser, victim),
  ] {
    if clinux_ptrace(request, pid, 0, 0) == 0 { must("fail", -1) }
  }
}

/// Among others a call that fails: of memory that is not there.
private func trace(_ victim: pid_t) {
  must("attach", clinux_ptrace(PtraceRequest.attach, victim, 0, 0))
  must("wait for the stop", clinux_wait_for_stop(victim))
  must("look at a register", clinux_ptrace(PtraceRequest.peekUser, victim, 8, 0))
  if clinux_ptrace(PtraceRequest.peekData, victim, 0, 0) == 0 { must("fail", -1) }
  must("detach", clinux_ptrace(PtraceRequest.detach, victim, 0, 0))
}

private func seizeAndLetGo(_ victim: pid_t) {
  must("seize", clinux_ptrace(PtraceRequest.seize, victim, 0, 0))
  must("interrupt", clinux_ptrace(PtraceRequest.interrupt, victim, 0, 0))
  must("wait for the stop", clinux_wait_for_stop(victim))
  must("detach", clinux_ptrace(PtraceRequest.detach, victim, 0, 0))
}

/// Starts a child that asks to be traced, and then continues it.
private func traceChild() -> pid_t {
  let child = clinux_fork()
  if child == 0 {
    must("be traced", clinux_ptrace(PtraceRequest.traceMe, 0, 0, 0))
    kill(getpid(), SIGSTOP)
    _exit(0)
  }
  must("wait for the stop", clinux_wait_for_stop(child))
  must("look at a register", clinux_ptrace(PtraceRequest.peekUser, child, 8, 0))
  must("let it go on", clinux_continue(child))
  _ = try? wait(for: child)
  return child
}
