import CLinux
import CQuark
import Quark
import QuarkLinux

// include/uapi/linux/ptrace.h
private let traceMe = 0, peekData = 2, peekUser = 3, attach = 16, detach = 17, seize = 0x4206, interrupt = 0x4207
private let traceGoodSyscalls = 1

/// Kprobes tell of ptrace(2) what EBPF tells where the kernel keeps a function's arguments until it returns, from Linux
/// 6.9 on. Before that they tell by whom a process is traced from when on, and say that they tell nothing else.
func kprobePtraceCalls(_ context: TestContext) throws(TestEnd) {
  try expectPtraceCalls(context, keepsArguments: keepsArguments(SystemName().release))
  unsafe setenv("QUARK_KPROBE_WITHOUT", "kept", 1)
  defer { unsafe unsetenv("QUARK_KPROBE_WITHOUT") }
  try expectPtraceCalls(context, keepsArguments: false)
}

private func keepsArguments(_ release: String) -> Bool {
  let numbers = release.utf8.split { $0 < UInt8(ascii: "0") || $0 > UInt8(ascii: "9") }.prefix(2).map { digits in
    digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
  }
  return numbers[0] > 6 || numbers[0] == 6 && numbers[1] >= 9
}

private func expectPtraceCalls(_ context: TestContext, keepsArguments: Bool) throws(TestEnd) {
  var context = context
  context.attributes.flags |= QQ_PTRACE
  var queue = try context.open()
  let hooks = unsafe queue.queue.pointee.hooks
  let lines: [StaticString] =
    keepsArguments
    ? ["ptrace attach: kretprobe/ptrace_attach", "ptrace request: kretprobe/arch_ptrace"]
    : ["ptrace attach: kprobe/proc_ptrace_connector", "ptrace request: none"]
  for line in lines { try expect(containsLine(hooks, line), "not \(line):\n\(hooks)") }
  // Some compilers make this function part of the system call.
  let tellsTraceMe = containsLine(hooks, "ptrace traceme: kretprobe/ptrace_traceme")
  if !tellsTraceMe {
    try expect(containsLine(hooks, "ptrace traceme: none"), "no word of traceme:\n\(hooks)")
    try expect(try !hasFunction("ptrace_traceme"), "the kernel has ptrace_traceme:\n\(hooks)")
  }
  try expect(!containsLine(hooks, "module load"), "who asked for modules?\n\(hooks)")
  let truth = try Truth()
  let victim = try start {
    while true { pause() }
  }
  defer { _ = kill(victim, SIGKILL) }
  truth[1] = Int(victim)
  let life = try context.live(in: &queue, status: 5) {
    failToTrace(victim)
    traceFromBegin(victim)
    traceByThread(truth)
    truth[2] = Int(traceChild())
    return 5
  }
  let all = [attach, peekUser, detach, seize, interrupt, detach]
  try expectRequests(life, keepsArguments ? all : [attach, seize], to: victim)
  let child = try context.life(of: pid_t(truth[2]), in: &queue)
  try expectRequests(child, tellsTraceMe ? [traceMe] : [], to: pid_t(truth[2]))
  for part in life.parts where part.has(QUARK_EV_PTRACE) {
    switch Int(part.ptrace.request) {
    case peekUser: try expectEqual("addr", part.ptrace.addr, 8)
    case seize: try expectEqual("data", part.ptrace.data, UInt64(traceGoodSyscalls))
    default: break
    }
  }
}

private func hasFunction(_ name: String) throws(TestEnd) -> Bool {
  let end = Array(" \(name)".utf8)
  return try readFile("/proc/kallsyms").split(separator: UInt8(ascii: "\n")).contains { line in
    line.suffix(end.count).elementsEqual(end)
  }
}

private func expectRequests(_ life: Life, _ expected: [Int], to target: pid_t) throws(TestEnd) {
  var requests = ""
  for part in life.parts where part.has(QUARK_EV_PTRACE) {
    try expectEqual("events", part.events, UInt64(QUARK_EV_PTRACE))
    try expectEqual("child_pid", part.ptrace.child_pid, UInt32(target))
    requests += "\(part.ptrace.request) "
  }
  try expectEqual("requests", requests, expected.map { "\($0) " }.joined())
}

// MARK: - In a child

/// Of oneself, of nobody, and of one that is not traced.
private func failToTrace(_ victim: pid_t) {
  for (request, pid) in [(attach, getpid()), (attach, 4_000_000), (seize, 4_000_000), (peekUser, victim)] {
    if clinux_ptrace(request, pid, 0, 0) == 0 { must("fail", -1) }
  }
}

/// Among others a call that fails: of memory that is not there.
private func traceFromBegin(_ victim: pid_t) {
  must("attach", clinux_ptrace(attach, victim, 0, 0))
  must("wait for the stop", clinux_wait_for_stop(victim))
  must("look at a register", clinux_ptrace(peekUser, victim, 8, 0))
  if clinux_ptrace(peekData, victim, 0, 0) == 0 { must("fail", -1) }
  must("detach", clinux_ptrace(detach, victim, 0, 0))
}

private func traceByThread(_ truth: borrowing Truth) {
  unsafe startThread(truth) { memory in
    let victim = unsafe pid_t(memory!.load(fromByteOffset: MemoryLayout<Int>.stride, as: Int.self))
    must("seize", clinux_ptrace(seize, victim, 0, UInt(traceGoodSyscalls)))
    must("interrupt", clinux_ptrace(interrupt, victim, 0, 0))
    must("wait for the stop", clinux_wait_for_stop(victim))
    must("detach", clinux_ptrace(detach, victim, 0, 0))
    unsafe memory!.storeBytes(of: 1, as: Int.self)
    return nil
  }
  while truth[0] == 0 { usleep(1000) }
}

/// A child that asks to be traced, and then is let go on: what is done to it then is not told.
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
