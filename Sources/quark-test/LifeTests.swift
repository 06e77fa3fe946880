import CLinux
import CQuark
import Quark
import QuarkLinux

/// A child that shares its parent's memory until it executes a program.
func vforked(_ context: TestContext) throws(TestEnd) {
  var queue = try context.open()
  let (words, variables) = unsafe (cStrings(["exit", "23"]), cStrings([]))
  let pid = unsafe clinux_vfork_exec("/bin/exit", words, variables)
  try expect(pid > 0, "vfork: \(Errno.current.description)")
  let status = try wait(for: pid)
  try expectEqual("the child's end", status, 23 << 8)
  let life = try context.life(of: pid, endingWith: status, in: &queue)
  try life.expect(execs: 1)
  try expectEqual("cmdline", life.known.commandLine, "exit|23|")
  try expectEqual("ppid", life.known.ppid, UInt32(getpid()))
}

/// Processes that live for some microseconds: no one is missed.
func shortLives(_ context: TestContext) throws(TestEnd) {
  var queue = try context.open()
  var children: [pid_t] = []
  for index in 0..<200 {
    let pid = clinux_vfork_exit(CInt(index))
    try expect(pid > 0, "vfork: \(Errno.current.description)")
    _ = try wait(for: pid)
    children.append(pid)
  }
  for (index, pid) in children.enumerated() {
    try context.life(of: pid, endingWith: CInt(index) << 8, in: &queue).expect()
  }
  try expectEqual("lost", try queue.counters().lost, 0)
}

/// A child makes a process that becomes a sibling of the child.
func cloneParent(_ context: TestContext) throws(TestEnd) {
  var queue = try context.open()
  let truth = try Truth()
  let middle = try start {
    let sibling = clinux_fork_sibling()
    if sibling == 0 {
      truth[0] = Int(getppid())
      _exit(24)
    }
    truth[1] = Int(sibling)
    return 0
  }
  _ = try wait(for: middle)
  let sibling = pid_t(truth[1])
  try expect(sibling > 0, "no sibling")
  let life = try context.life(of: sibling, endingWith: try wait(for: sibling), in: &queue)
  try life.expect()
  try expectEqual("the sibling's parent", truth[0], Int(getpid()))
  for part in life.parts { try expectEqual("ppid", part.known.ppid, UInt32(getpid())) }
}

/// An orphan becomes the child of the subreaper.
func subreaper(_ context: TestContext) throws(TestEnd) {
  var queue = try context.open()
  let truth = try Truth()
  let reaper = try start {
    must("become a subreaper", clinux_become_subreaper())
    let us = getpid()
    let middle = clinux_fork()
    if middle == 0 {
      truth[0] = Int(getpid())
      let orphan = clinux_fork()
      if orphan == 0 {
        while getppid() != us { usleep(1000) }
        _exit(25)
      }
      truth[1] = Int(orphan)
      _exit(0)
    }
    while wait(nil) > 0 {}
    return 0
  }
  _ = try wait(for: reaper)
  let life = try context.life(of: pid_t(truth[1]), endingWith: 25 << 8, in: &queue)
  try life.expect()
  try expectEqual("ppid at fork", life.parts[0].known.ppid, UInt32(truth[0]))
  try expectEqual("ppid at exit", life.known.ppid, UInt32(reaper))
}

/// Pids are those of the initial PID namespace, also for processes in another one. The mounted /proc has these pids.
func pidNamespace(_ context: TestContext) throws(TestEnd) {
  var queue = try context.open()
  let truth = try Truth()
  let outer = try start {
    must("unshare", clinux_unshare(CLINUX_NEW_PID.rawValue))
    let first = clinux_fork()
    if first == 0 {
      (truth[0], truth[1]) = (Int(getpid()), number(linkTarget("/proc/self")))
      let second = clinux_fork()
      if second == 0 {
        (truth[2], truth[3]) = (Int(getpid()), number(linkTarget("/proc/self")))
        _exit(execute("/bin/exit", ["exit", "26"]))
      }
      while wait(nil) > 0 {}
      _exit(0)
    }
    truth[4] = Int(first)
    while wait(nil) > 0 {}
    return 0
  }
  _ = try wait(for: outer)
  try expectEqual("the first's own pid", truth[0], 1)
  try expectEqual("the first's pid for /proc", truth[1], truth[4])
  try expectEqual("the second's own pid", truth[2], 2)
  // They end in the other order, but the events of the second one begin later.
  let second = try context.life(of: pid_t(truth[3]), endingWith: 26 << 8, in: &queue)
  try second.expect(execs: 1)
  try expectEqual("ppid", second.known.ppid, UInt32(truth[1]))
  try expectEqual("cmdline", second.known.commandLine, "exit|26|")
}

private func number(_ digits: String) -> Int { Int(digits) ?? -1 }

/// With few pids, pids are used again soon. Each of many processes is seen once, with its own arguments, and no process
/// is mistaken for an earlier one with its pid.
func pidsWrap(_ context: TestContext) throws(TestEnd) {
  let limit = "/proc/sys/kernel/pid_max"
  let before = try readFile(limit)
  var context = context
  // All records are read at the end.
  if context.isKprobe { context.attributes.ring_size = 8 << 20 }
  var queue = try context.open()
  try writeFile(limit, Array("400".utf8))
  let result = liveAgain(context, &queue)
  try writeFile(limit, before)
  if let result { throw result }
}

/// The reason why the test ends, or nil.
private func liveAgain(_ context: TestContext, _ queue: inout TestQueue) -> TestEnd? {
  do throws(TestEnd) {
    // Pids wrap around to 300: a hundred pids are used three times.
    let count = 300
    var pids: [pid_t] = []
    var largest: pid_t = 0
    for first in stride(from: 0, to: count, by: 100) {
      for index in first..<first + 100 {
        let (words, variables) = unsafe (cStrings(["exit", "\(index % 251)", "\(index)"]), cStrings([]))
        let pid = unsafe clinux_vfork_exec("/bin/exit", words, variables)
        try expect(pid > 0, "vfork: \(Errno.current.description)")
        try expectEqual("a child's end", try wait(for: pid), CInt(index % 251) << 8)
        unsafe words.forEach { unsafe free($0) }
        pids.append(pid)
        largest = max(largest, pid)
      }
    }
    try expect(largest < 400, "a pid of \(largest)")
    for index in 0..<count {
      // The pid may have belonged to another process before, such as a helper of the kernel.
      var life: Life
      repeat { life = try context.life(of: pids[index], in: &queue) } while life.known.ppid != UInt32(getpid())
      try context.expectEnd(of: life, CInt(index % 251) << 8)
      try life.expect(execs: 1)
      try expectEqual("cmdline", life.known.commandLine, "exit|\(index % 251)|\(index)|")
    }
    try expectEqual("lost", try queue.counters().lost, 0)
    return nil
  } catch { return error }
}
