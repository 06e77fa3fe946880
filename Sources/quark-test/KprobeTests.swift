import CLinux
import CQuark
import Quark
import QuarkLinux

/// Kprobes do not know what quark(7) lists: changes of ids and the environment.
func unknownToKprobes(_ context: TestContext) throws(TestEnd) {
  var queue = try context.open()
  let life = try context.live(in: &queue, status: 30) {
    must("setresgid", clinux_set_gids(4242, 4242, 4242))
    must("setresuid", clinux_set_uids(4242, 4242, 4242))
    must("setsid", setsid())
    return execute("/bin/exit", ["exit", "30"], environment: ["A=1"])
  }
  try life.expect(execs: 1, idChanges: 0)
  let known = life.known
  try expectEqual("bytes of environment", known.environment.count, 0)
  try expectEqual("bytes of environment there were", known.environmentThere, 0)
  // The ids themselves are known, with the exec.
  try expectEqual("uid", known.uid, 4242)
  try expectEqual("sgid", known.sgid, 4242)
  try expectEqual("sid", known.sid, known.pid)
}

/// Both backends know the same of the same processes, except for what quark(7) lists: the environment, changes of ids,
/// and data that was read late.
func sameLives(_ context: TestContext) throws(TestEnd) {
  // EBPF needs the kernel's types: here they are hidden, or the kernel has none.
  if unsafe access("/sys/kernel/btf/vmlinux", R_OK) != 0 { return }
  let scratch = try Scratch()
  _ = try scratch.addProgram("program")
  let script = try scratch.addFile("script", Array("#!/bin/exit 30\n".utf8))
  var queue = try context.open()
  var other = context
  other.attributes.flags ^= QQ_KPROBE | QQ_EBPF
  var otherQueue = try other.open()
  for kind in 0..<7 {
    let pid = try start {
      must("chdir", unsafe chdir(scratch.path))
      switch kind {
      case 0: return 3
      case 1: kill(getpid(), SIGKILL)
      case 2: must("setsid", setsid())
      case 3: return execute("./script", ["x"])
      case 4: must("chroot", unsafe chroot(scratch.path))
      case 5: must("unshare", clinux_unshare(CLINUX_NEW_UTS.rawValue | CLINUX_NEW_MNT.rawValue))
      default:
        descend(from: scratch.path, 3)
        must("setresgid", clinux_set_gids(4242, 4243, 4244))
        must("setresuid", clinux_set_uids(4242, 4243, 4244))
        return execute(script, ["x"], environment: ["A=1"])
      }
      return execute("./program", ["x", "5", "a b"])
    }
    let status = try wait(for: pid)
    let ours = try context.life(of: pid, endingWith: status, in: &queue).known
    let theirs = try other.life(of: pid, endingWith: status, in: &otherQueue).known
    for (index, (one, another)) in zip(numbers(ours), numbers(theirs)).enumerated() where one != another {
      throw .failed("life \(kind), number \(index): \(one), with EBPF \(another)")
    }
    // One millisecond, because there may be an interruption between the readings of two clocks.
    let apart = max(ours.startTime, theirs.startTime) - min(ours.startTime, theirs.startTime)
    try expect(apart < 1_000_000, "life \(kind) began \(apart) ns earlier or later with EBPF")
    for (one, another) in zip(texts(ours), texts(theirs)) where !equal(one, another) {
      throw .failed("life \(kind): \(one), with EBPF \(another)")
    }
  }
}

/// All numbers that are known of a process, except its times, which each queue converts with its own clock readings,
/// and the flags that tell how data was found.
private func numbers(_ known: Known) -> [UInt64] {
  let words = [
    known.ppid, known.uid, known.gid, known.suid, known.sgid, known.euid, known.egid, known.pgid, known.sid,
    known.terminal.major, known.terminal.minor, known.uts, known.ipc, known.mnt, known.net, known.entryLeader,
    known.entryLeaderType,
  ]
  let late = UInt64(QUARK_F_LATE_CWD | QUARK_F_LATE_CMDLINE)
  return words.map { UInt64($0) } + known.capabilities
    + [known.flags & ~late, known.poisonTag, UInt64(known.argumentsThere)]
}

private func texts(_ known: Known) -> [String] {
  [known.comm, known.exe, known.cwd, known.cgroup, known.script, known.commandLine]
}

/// Threads are reported if they are asked for: their begin, new name and end are events of their process, and do not
/// change what is known of it.
func threadEvents(_ context: TestContext) throws(TestEnd) {
  var context = context
  context.attributes.flags |= QQ_THREAD_EVENTS
  var queue = try context.open()
  let truth = try Truth()
  let pid = try start {
    for index in 0..<3 {
      unsafe startThread(truth) { memory in
        must("prctl", unsafe clinux_set_name("thread"))
        // Safe: this is the memory of the truth, which begins with a number.
        unsafe memory!.assumingMemoryBound(to: Int.self).pointee += 1
        return nil
      }
      // One at a time, because they all use one counter.
      while truth[0] <= index { usleep(1000) }
    }
    // If a thread ended at the same time as the process, its end could be taken as that of the process.
    while lines((try? readFile("/proc/self/status")) ?? [], containing: "Threads:\t1") == 0 { usleep(1000) }
    return 7
  }
  _ = try wait(for: pid)
  var (forks, names, threadExits) = (0, 0, 0)
  while true {
    let event = try queue.next(of: pid)
    if event.has(QUARK_EV_FORK) { forks += 1 }
    if event.has(QUARK_EV_SETPROCTITLE) { names += 1 }
    try expect(!equal(event.known.comm, "thread"), "the process has a thread's name")
    guard event.known.flags & UInt64(QUARK_F_EXIT) == 0 else {
      try expectEqual("its exit code", event.known.exitCode, 7)
      break
    }
    if event.has(QUARK_EV_EXIT) { threadExits += 1 }
  }
  try expectEqual("beginnings", forks, 4)
  try expectEqual("new names of threads", names, 3)
  try expectEqual("ends of threads", threadExits, 3)
}

/// Arguments up to 1 KiB come from the kernel. Of longer ones only the beginning does; the rest is read from /proc if
/// the process is still alive, and a flag says so; their length is known in any case.
func longArguments(_ context: TestContext) throws(TestEnd) {
  var queue = try context.open()
  for (there, isAlive) in [(1024, false), (1025, true), (20480, true), (30000, true), (5000, false)] {
    let text = String(repeating: "x", count: there - 8)
    var whole = Array("exit\u{0}7\u{0}\(text)".utf8)
    whole.append(0)
    let pid = try start {
      // The queue gets the exec before the program goes on.
      if isAlive { must("trace me", clinux_stop_at_exec()) }
      return execute("/bin/exit", ["exit", "7", text])
    }
    if isAlive {
      try expectEqual("the child's stop", clinux_wait_for_stop(pid), 0)
      try queue.populate()
      try expectEqual("the child's going on", clinux_continue(pid), 0)
    }
    let life = try context.life(of: pid, endingWith: try wait(for: pid), in: &queue)
    let known = life.known
    let isWhole = there <= 1024
    let kept = isWhole ? there : isAlive ? min(there, 20480) : known.arguments.count
    try expectEqual("bytes of arguments there were", known.argumentsThere, there)
    try expectEqual("bytes of arguments", known.arguments.count, kept)
    try expect(known.arguments.count >= 64, "\(known.arguments.count) bytes of arguments")
    for index in 0..<kept - 1 where known.arguments[index] != whole[index] {
      throw .failed("of \(there) bytes of arguments, byte \(index) is wrong")
    }
    let isLate = known.flags & UInt64(QUARK_F_LATE_CMDLINE) != 0
    try expect(isLate == (isAlive && !isWhole), "of \(there) bytes, late: \(isLate)")
  }
}

/// A working directory of any depth, with names of any length: what the kernel did not report is read from /proc, or
/// taken from the parent, and a flag says so. If neither is possible, the path begins with a dot.
func deepDirectory(_ context: TestContext) throws(TestEnd) {
  let scratch = try Scratch()
  var queue = try context.open()
  let long = String(repeating: "n", count: 253)
  for (depth, name) in [(12, "level"), (40, "level"), (2, long)] {
    try expectInherited(context, &queue, scratch, depth, name)
  }
  try expectLikeParent(context, &queue, scratch)
  // The child changed the directory itself, and may be gone before it can be read.
  let truth = try Truth()
  let life = try context.live(in: &queue, status: 33) {
    descend(from: scratch.path, 40, "own")
    truth.text = workingDirectory()
    return 33
  }
  let (told, whole) = (life.known.cwd, truth.text)
  let tail = Array(whole.utf8.suffix(max(0, told.utf8.count - 1)))
  let isCut = told.utf8.first == UInt8(ascii: ".") && Array(told.utf8.dropFirst()) == tail && tail.count > 8
  try expect(equal(told, whole) || isCut, "cwd is \(told) of \(whole)")
}

/// Checks the directory of a child, and of its own child that ended at once.
private func expectInherited(
  _ context: TestContext, _ queue: inout TestQueue, _ scratch: borrowing Scratch, _ depth: Int, _ name: String
) throws(TestEnd) {
  let truth = try Truth()
  let path = scratch.path
  let pid = try start {
    descend(from: path, depth, name)
    truth.text = workingDirectory()
    let child = clinux_fork()
    if child == 0 {
      while truth[0] == 0 { usleep(1000) }
      // This child ends at once: its parent's directory is known by now.
      let other = clinux_fork()
      if other == 0 { _exit(31) }
      truth[1] = Int(other)
      while wait(nil) > 0 {}
      _exit(execute("/bin/exit", ["exit", "32"]))
    }
    truth[2] = Int(child)
    while wait(nil) > 0 {}
    return 0
  }
  while truth[2] == 0 { usleep(1000) }
  // The first child waits: its fork is read while it is alive.
  try queue.populate()
  truth[0] = 1
  _ = try wait(for: pid)
  for index in [1, 2] {
    let known = try context.life(of: pid_t(truth[index]), in: &queue).known
    try expectEqual("cwd", known.cwd, truth.text)
    try expect(known.flags & UInt64(QUARK_F_LATE_CWD) != 0, "and it is not said that this was read late")
  }
}

/// Checks the directory of processes that are gone before it can be read, while their parent stays: commands of a
/// shell.
private func expectLikeParent(
  _ context: TestContext, _ queue: inout TestQueue, _ scratch: borrowing Scratch
) throws(TestEnd) {
  let truth = try Truth()
  let path = scratch.path
  let pid = try start {
    descend(from: path, 9, "shell")
    truth.text = workingDirectory()
    let child = clinux_fork()
    if child == 0 { _exit(execute("/bin/exit", ["exit", "34"])) }
    while wait(nil) > 0 {}
    truth[1] = Int(child)
    while truth[0] == 0 { usleep(1000) }
    return 0
  }
  // The queue reads nothing before the command has ended.
  while truth[1] == 0 { usleep(1000) }
  let known = try context.life(of: pid_t(truth[1]), in: &queue).known
  truth[0] = 1
  _ = try wait(for: pid)
  try expectEqual("cwd of a command", known.cwd, truth.text)
  try expect(known.flags & UInt64(QUARK_F_LATE_CWD) != 0, "and it is not said that this was read late")
}

/// A kernel without arrays, clocks and counters of losses, with small samples, and with one probe for each event, like
/// older kernels.
func poorerKernel(_ context: TestContext) throws(TestEnd) {
  unsafe setenv("QUARK_KPROBE_WITHOUT", "arrays,clock,lost,recent,joining", 1)
  defer { unsafe unsetenv("QUARK_KPROBE_WITHOUT") }
  var queue = try context.open()
  let hooks = unsafe queue.queue.pointee.hooks
  try expect(containsLine(hooks, "without arrays"), "there are arrays:\n\(hooks)")
  try expect(containsLine(hooks, "the clock of perf"), "there is a clock:\n\(hooks)")
  try expect(containsLine(hooks, "counted by ring"), "losses are counted by event:\n\(hooks)")
  let life = try context.live(in: &queue, status: 9) {
    must("chdir", unsafe chdir("/proc"))
    return execute("/bin/exit", ["exit", "9", "argument"])
  }
  try life.expect(execs: 1)
  try expectEqual("cmdline", life.known.commandLine, "exit|9|argument|")
  try expectEqual("cwd", life.known.cwd, "/proc")
  try expectEqual("comm", life.known.comm, "exit")
  try expectEqual("uid", life.known.uid, getuid())
}

/// If EBPF is not available and both backends are allowed, KPROBE is used, and the reason is known. If only EBPF is
/// allowed, opening fails.
func fallingBack(_ context: TestContext) throws(TestEnd) {
  unsafe setenv("QUARK_EBPF_HOOKS", "none", 1)
  defer { unsafe unsetenv("QUARK_EBPF_HOOKS") }
  var context = context
  context.attributes.flags |= QQ_EBPF
  do {
    var queue = try context.open()
    try expectEqual("backend", try queue.counters().backend, QQ_KPROBE)
    try expect(unsafe !queue.queue.pointee.fallbackReason.isEmpty, "no reason is given")
    let life = try context.live(in: &queue, status: 8) { execute("/bin/exit", ["exit", "8"]) }
    try life.expect(execs: 1)
  }
  context.attributes.flags &= ~QQ_KPROBE
  do throws(QuarkError) {
    _ = try Queue(context.attributes)
  } catch { return }
  throw .failed("EBPF was opened without a hook")
}

/// Nothing stays in the kernel's tracing files after a queue was closed, or after its process was killed and another
/// queue was opened. A second queue does not remove the probes of the first one.
func probesLeft(_ context: TestContext) throws(TestEnd) {
  do {
    var queue = try context.open()
    let ours = try probeCount(of: getpid())
    try expect(ours > 0, "a queue has no probes")
    do { _ = try context.open() }
    try expectEqual("probes behind another", try probeCount(of: getpid()), ours)
    let copier = clinux_fork()
    if copier == 0 {
      drop(queue)
      _exit(0)
    }
    try expect(copier > 0, "fork: \(Errno.current.description)")
    _ = try wait(for: copier)
    try expectEqual("probes behind a child's copy", try probeCount(of: getpid()), ours)
    let life = try context.live(in: &queue, status: 4) { execute("/bin/exit", ["exit", "4"]) }
    try life.expect(execs: 1)
  }
  try expectEqual("probes behind a queue", try probeCount(of: getpid()), 0)
  let truth = try Truth()
  let child = try start {
    guard let queue = try? Queue(context.attributes) else { return 1 }
    truth[0] = 1
    while true {
      pause()
      _ = queue.length
    }
  }
  while truth[0] == 0 { usleep(1000) }
  _ = kill(child, SIGKILL)
  _ = try wait(for: child)
  try expect(try probeCount(of: child) > 0, "a killed process has no probes")
  let queue = try context.open()
  try expectEqual("probes of a killed process behind the next open", try probeCount(of: child), 0)
  extendLifetime(queue)
}

private func drop(_ queue: consuming TestQueue) {}

/// A process that dropped its privileges and changed its root directory still removes its probes.
func probesOfDropped(_ context: TestContext) throws(TestEnd) {
  let scratch = try Scratch()
  let child = try start {
    guard let queue = try? Queue(context.attributes) else { return 1 }
    must("chroot", unsafe chroot(scratch.path))
    must("chdir", unsafe chdir("/"))
    must("change the group", clinux_set_gids(65534, 65534, 65534))
    must("change the user", clinux_set_uids(65534, 65534, 65534))
    _ = queue.length
    return 0
  }
  try expectEqual("the child's end", try wait(for: child), 0)
  try expectEqual("probes behind it", try probeCount(of: child), 0)
}

/// The number of a process's definitions in the kernel's tracing files.
private func probeCount(of pid: pid_t) throws(TestEnd) -> Int {
  ProbeDefinitions().owners.filter { $0 == pid }.count
}
