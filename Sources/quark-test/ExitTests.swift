import CLinux
import CQuark
import Quark
import QuarkLinux

/// The lowest eight bits of a process's exit status are known.
func exitStatus(_ context: TestContext) throws(TestEnd) {
  var queue = try context.open()
  for status in [0, 1, 127, 255] as [CInt] {
    let life = try context.live(in: &queue, status: status) { status }
    try life.expect()
  }
  let pid = try start { 256 + 3 }
  _ = try context.life(of: pid, endingWith: try wait(for: pid), in: &queue)
}

/// The signal that kills a process is known, and there is no status, with and without a core dump.
func exitSignal(_ context: TestContext) throws(TestEnd) {
  let scratch = try Scratch()
  var queue = try context.open()
  for signal in [SIGTERM, SIGKILL, 40, SIGABRT] {
    let pid = try start {
      if signal == SIGABRT {
        must("chdir", unsafe chdir(scratch.path))
        must("allow a core", clinux_allow_core(100 << 20))
      }
      kill(getpid(), signal)
      return 117
    }
    let status = try wait(for: pid)
    try expectEqual("the child's signal", clinux_wtermsig(status), signal)
    // This file exists if the kernel was built with CONFIG_ELF_CORE: base.c in fs/proc.
    let dumps = unsafe access("/proc/self/coredump_filter", F_OK) == 0
    try expect(signal != SIGABRT || !dumps || clinux_wcoredump(status) != 0, "the child left no core")
    let life = try context.life(of: pid, endingWith: status, in: &queue)
    try life.expect()
  }
}

/// The first thread ends before the others: the process exits only when the last thread is gone.
func exitLeaderFirst(_ context: TestContext) throws(TestEnd) {
  var queue = try context.open()
  // How the process ends: each thread ends by itself (-1); the last thread ends all, with a status, or with status 0
  // while the first thread had another one.
  for group in [-1, 6, 0] {
    let truth = try Truth()
    truth[1] = group
    let pid = try start {
      unsafe startThread(truth) { memory in
        let truth = unsafe memory!.assumingMemoryBound(to: Int.self)
        while !equal(value(of: "State:", in: "/proc/self/task/\(getpid())/status") ?? "", "Z (zombie)") { usleep(1000) }
        unsafe truth[0] = Int(wallTime())
        if unsafe truth[1] >= 0 { unsafe _exit(CInt(truth[1])) }
        clinux_exit_thread(4)
      }
      clinux_exit_thread(3)
    }
    let status = try wait(for: pid)
    let life = try context.life(of: pid, endingWith: status, in: &queue)
    try life.expect()
    try expect(truth[0] > 0, "the other thread did not tell when it ended")
    // Two clocks are read one after the other, so they may differ a little.
    let tolerance: UInt64 = 1_000_000
    try expect(
      life.known.exitTime + tolerance >= UInt64(truth[0]),
      "the exit at \(life.known.exitTime) was before the last thread's, at \(truth[0])")
  }
}

/// A process without a terminal has none, even in a deep directory: an empty field must not get other data.
func withoutTerminal(_ context: TestContext) throws(TestEnd) {
  let scratch = try Scratch()
  var queue = try context.open()
  for depth in [0, 12, 40] {
    let life = try context.live(in: &queue, status: 33) {
      must("setsid", setsid())
      descend(from: scratch.path, depth)
      // Its children are reported, too.
      let child = clinux_fork()
      if child == 0 { _exit(0) }
      while wait(nil) > 0 {}
      return execute("/bin/exit", ["exit", "33"])
    }
    for part in life.parts where part.known.sid == part.known.pid {
      try expectEqual("the terminal's major number", part.known.terminal.major, 0)
      try expectEqual("the terminal's minor number", part.known.terminal.minor, 0)
    }
  }
}

/// Threads that end at the same moment make one exit.
func exitTogether(_ context: TestContext) throws(TestEnd) { try exitTogether(context, rounds: 10) }

func exitTogether(_ context: TestContext, rounds: Int) throws(TestEnd) {
  var queue = try context.open()
  let truth = try Truth()
  var children: [pid_t] = []
  for _ in 1...rounds {
    truth[0] = 0
    let pid = try start {
      for _ in 1...4 {
        unsafe startThread(truth) { memory in
          let start = unsafe memory!.assumingMemoryBound(to: Int.self)
          // The threads do not sleep, so that on two processors they run at the same time.
          while unsafe clinux_load_acquire_u64(start) == 0 { sched_yield() }
          clinux_exit_thread(5)
        }
      }
      truth[0] = 1
      clinux_exit_thread(5)
    }
    let status = try wait(for: pid)
    try expectEqual("the child's end", status, 5 << 8)
    children.append(pid)
  }
  for child in children { try context.life(of: child, endingWith: 5 << 8, in: &queue).expect() }
  // Nothing came after the last exit.
  let more = try context.live(in: &queue) { 0 }
  try expectEqual("events of a process", more.parts.count, 2)
}
