import CLinux
import CQuark
import Quark
import QuarkLinux

/// If only kprobe hooks are allowed, everything that a process does is seen, and the queue names these hooks.
func hooksKprobe(_ context: TestContext) throws(TestEnd) {
  unsafe setenv("QUARK_EBPF_HOOKS", "kprobe", 1)
  defer { unsafe unsetenv("QUARK_EBPF_HOOKS") }
  var queue = try context.open()
  let hooks = unsafe Array(queue.queue.pointee.hooks.utf8)
  try expectEqual("lines of a kprobe", lines(hooks, containing: ": kprobe/"), 6)
  let life = try context.live(in: &queue, status: 9) {
    must("name itself", unsafe clinux_set_name("by-kprobe"))
    must("begin a session", setsid())
    must("change the group", clinux_set_gids(4242, 4242, 4242))
    must("change the user", clinux_set_uids(4242, 4242, 4242))
    return execute("/bin/exit", ["exit", "9"])
  }
  try expectEqual("changes", Int(life.idChange), 7)
  try expect(life.count(QUARK_EV_SETPROCTITLE) > 0, "no new name")
  try expectEqual("execs", life.count(QUARK_EV_EXEC), 1)
  try expectEqual("exe", life.known.exe, "/bin/exit")
  try expectEqual("cmdline", life.known.commandLine, "exit|9|")
}

func lines(_ text: [UInt8], containing words: StaticString) -> Int {
  var count = 0
  for line in text.split(separator: UInt8(ascii: "\n")) where contains(line, words) { count += 1 }
  return count
}

func containsLine(_ text: String, _ words: StaticString) -> Bool { lines(Array(text.utf8), containing: words) > 0 }

private func contains(_ text: ArraySlice<UInt8>, _ words: StaticString) -> Bool {
  place(of: words.withUTF8Buffer { unsafe Array($0) }, in: text) != nil
}

/// The index of the first occurrence of the pattern.
func place(of pattern: [UInt8], in text: ArraySlice<UInt8>) -> Int? {
  guard text.count >= pattern.count else { return nil }
  for start in text.startIndex...(text.endIndex - pattern.count) {
    var length = 0
    while length < pattern.count, text[start + length] == pattern[length] { length += 1 }
    if length == pattern.count { return start }
  }
  return nil
}

/// The self-test passes where the backend works, also for what must be asked for, and leaves nothing: no event, no
/// child, no signal.
func selfTest(_ context: TestContext) throws(TestEnd) {
  var context = context
  context.attributes.flags |= QQ_SELF_TEST | QQ_GETPID | QQ_PTRACE | QQ_SHM | QQ_TTY
  clinux_on_signal(SIGCHLD) { _ in _exit(1) }
  var queue = try context.open()
  clinux_on_signal(SIGCHLD, { _ in })
  var status: CInt = 0
  try expect(unsafe waitpid(-1, &status, WNOHANG | CInt(bitPattern: 0x4000_0000)) == -1, "a child is left")
  try expectEqual("raw events at first", unsafe queue.queue.pointee.length, 0)
  try expect(unsafe !containsLine(queue.queue.pointee.hooks, "says nothing"), "a hook says nothing")
  let life = try context.live(in: &queue, status: 3) { execute("/bin/exit", ["exit", "3"]) }
  try life.expect(execs: 1)
  var pid: UInt32 = 0
  while let process = unsafe queue.queue.pointee.firstProcess(notBelow: pid) {
    try expect(unsafe !Known(process).comm.utf8.elementsEqual(CLINUX_CANARY_NAME.utf8), "the canary is known")
    pid = unsafe process.pointee.pid + 1
  }
}

/// A ring that is too small while the reader does not read loses records, and counts each: delivered and lost records
/// together are all that there were.
func ringOverflow(_ context: TestContext) throws(TestEnd) {
  var context = context
  context.attributes.ring_size = 16 << 10
  var queue = try context.open()
  let processes = 150
  let account = try undisturbed(&queue, lives: processes) { () throws(TestEnd) in
    for _ in 0..<processes { _ = try wait(for: try start { 0 }) }
  }
  try expect(account.lost > 0, "nothing was lost")
  try expect(account.came > 0, "nothing came")
  // Each process makes a fork and an exit.
  FileDescriptor.complain("\(account.came) records came, \(account.lost) were lost\n")
  try expectEqual("records that came and that were lost", account.came + account.lost, 2 * processes)
  // Later events are seen again.
  let life = try context.live(in: &queue, status: 5) { execute("/bin/exit", ["exit", "5"]) }
  try life.expect(execs: 1)
}

/// A reader that is stopped for long loses the records that do not fit in its rings, and knows their number at once: no
/// later record has to come for that.
func stoppedReader(_ context: TestContext) throws(TestEnd) {
  var context = context
  context.attributes.ring_size = 64 << 10
  var queue = try context.open()
  let most = Options.amount("QUARK_TEST_LOAD") ?? 150
  for processes in [15, most] {
    let account = try undisturbed(&queue, lives: processes + 1) { () throws(TestEnd) in
      let child = try start {
        for index in 0..<processes {
          let (words, variables) = unsafe (cStrings(["exit", "\(index % 200)"]), cStrings([]))
          let pid = unsafe clinux_vfork_exec("/bin/exit", words, variables)
          unsafe words.forEach { unsafe free($0) }
          if pid <= 0 || (try? wait(for: pid)) != CInt(index % 200) << 8 { return 1 }
        }
        return 0
      }
      try expectEqual("the child's end", try wait(for: child), 0)
    }
    // Each makes a fork, an exec and an exit; their parent makes two records more.
    let produced = processes * 3 + 2
    FileDescriptor.complain("\(processes) processes: \(account.came) records came, \(account.lost) were lost\n")
    try expectEqual("records that came and that were lost", account.came + account.lost, produced)
    try expect((account.lost == 0) == (processes == 15), "of \(processes) processes \(account.lost) records are lost")
  }
}

/// The counters of the queue while a known number of tasks begin and end. The kernel begins and ends its own threads at
/// any time: a round with more tasks than expected is repeated.
func undisturbed(
  _ queue: inout TestQueue, lives: Int, _ body: () throws(TestEnd) -> Void
) throws(TestEnd) -> (came: Int, lost: Int) {
  var seen = (births: 0, deaths: 0)
  for _ in 0..<5 {
    try drain(&queue)
    let (tasks, before) = (try TaskCount(), try queue.counters())
    try body()
    try drain(&queue)
    let after = try queue.counters()
    seen = try TaskCount().since(tasks)
    guard seen == (lives, lives) else { continue }
    let lost = Int(after.lost - before.lost)
    try expectEqual("lost, by family", Int(after.lost_by_family.0 - before.lost_by_family.0), lost)
    try expectEqual("malformed", Int(after.malformed), 0)
    return (Int(after.insertions - before.insertions), lost)
  }
  throw .failed("\(seen.births) births and \(seen.deaths) deaths of \(lives) tasks: the machine is never quiet")
}

/// Takes all records: a process that has been waited for has written all of its records by then.
private func drain(_ queue: inout TestQueue) throws(TestEnd) {
  var before: UInt64
  repeat {
    before = try queue.counters().insertions
    while unsafe queue.queue.pointee.nextEvent() != nil {}
  } while try queue.counters().insertions != before
}

/// The number of tasks that began since boot, and that exist now: proc_stat(5), proc_loadavg(5).
private struct TaskCount {
  private let births: Int
  private let living: Int

  init() throws(TestEnd) {
    guard let births = value(of: "processes", in: "/proc/stat") else { throw .failed("no count of births") }
    let words = try readFile("/proc/loadavg").split(separator: UInt8(ascii: " "))
    guard words.count == 5, let slash = words[3].firstIndex(of: UInt8(ascii: "/")) else {
      throw .failed("no count of tasks")
    }
    self.births = number(Array(births.utf8)[...])
    living = number(words[3][(slash + 1)...])
  }

  func since(_ earlier: TaskCount) -> (births: Int, deaths: Int) {
    (births - earlier.births, births - earlier.births - (living - earlier.living))
  }
}

/// A processor goes offline and comes back, three times, while processes begin and end on it. Then it is traced again:
/// for each process that begins there later everything is known. The queue reports that records may have been lost
/// meanwhile.
func processorOffline(_ context: TestContext) throws(TestEnd) {
  let file = "/sys/devices/system/cpu/cpu1/online"
  var queue = try context.open()
  let load = try start {
    while true {
      let pid = clinux_vfork_exit(0)
      if pid <= 0 || (try? wait(for: pid)) == nil { return 1 }
    }
  }
  defer { try? writeFile(file, [UInt8(ascii: "1")]) }
  for _ in 0..<3 {
    try writeFile(file, [UInt8(ascii: "0")])
    try queue.populate()
    try writeFile(file, [UInt8(ascii: "1")])
  }
  // Otherwise its pids would soon be used again by the processes below.
  _ = kill(load, SIGKILL)
  _ = try wait(for: load)
  // The backend looks for the processor ten times a second.
  let deadline = milliseconds() + 500
  while milliseconds() < deadline {
    while unsafe queue.queue.pointee.nextEvent() != nil {}
    do { try unsafe queue.queue.pointee.block() } catch { throw .failed("block: \(error.description)") }
  }
  for status in 0..<10 as Range<CInt> {
    let life = try context.live(in: &queue, status: status) {
      must("run on the processor", clinux_run_on(1))
      return execute("/bin/exit", ["exit", "\(status)"])
    }
    try life.expect(execs: 1)
  }
  let lost = try queue.counters().lost
  try expect(context.isKprobe == (lost > 0), "\(lost) records are said to be lost")
}

/// Without privileges opening fails, and the message names the missing one.
func unprivileged(_ context: TestContext) throws(TestEnd) {
  let child = try start {
    become(65534, keeping: 0)
    do throws(QuarkError) {
      _ = try Queue(context.attributes)
      return 2
    } catch {
      let message = Array(error.message.utf8)
      let isRight = error.errno.rawValue == EPERM || error.errno.rawValue == EACCES
      let isNamed = context.isKprobe
        ? contains(message[...], "/sys/kernel/tracing/kprobe_events: Permission denied")
        : contains(message[...], "CAP_BPF") && contains(message[...], "CAP_PERFMON")
      if isRight, isNamed { return 0 }
      FileDescriptor.complain(error.message + "\n")
      return 3
    }
  }
  try expectEqual("the child's end", try wait(for: child), 0)
}

/// CAP_BPF and CAP_PERFMON are enough; where maps count as locked memory, before 5.11, with CAP_SYS_RESOURCE.
func capabilities(_ context: TestContext) throws(TestEnd) {
  let needed: UInt64 = 1 << 38 | 1 << 39
  for extra in [0, 1 << 24] as [UInt64] {
    let child = try start { sees(context, with: needed | extra) }
    let status = try wait(for: child)
    if status == 0 { return }
    let isOld = unsafe !isKernel(atLeast: 5, 11)
    try expect(extra == 0 && isOld, "with capabilities \(needed | extra) the child ends with \(status >> 8)")
  }
}

/// Call it in a child: it becomes a user with only these capabilities.
func become(_ user: uid_t, keeping capabilities: UInt64) {
  must("keep capabilities", clinux_keep_capabilities())
  must("change the group", clinux_set_gids(user, user, user))
  must("change the user", clinux_set_uids(user, user, user))
  must("drop capabilities", clinux_set_capabilities(capabilities, capabilities, 0))
}

private func sees(_ context: TestContext, with capabilities: UInt64) -> CInt {
  become(65534, keeping: capabilities)
  do throws(TestEnd) {
    var queue = try context.open()
    let life = try context.live(in: &queue, status: 6) { execute("/bin/exit", ["exit", "6"]) }
    try life.expect(execs: 1)
    try expectEqual("exe", life.known.exe, "/bin/exit")
    return 0
  } catch {
    if case .failed(let reason) = error { FileDescriptor.complain(reason + "\n") }
    return 4
  }
}

/// Compares the first two numbers of the running kernel's release.
@unsafe private func isKernel(atLeast major: Int, _ minor: Int) -> Bool {
  var system = utsname()
  unsafe uname(&system)
  let release = unsafe withUnsafeBytes(of: &system.release) { unsafe Array($0) }
  let parts = release.split(separator: UInt8(ascii: "."), maxSplits: 2)
  guard parts.count >= 2 else { return true }
  let (first, second) = (number(parts[0]), number(parts[1]))
  return first > major || first == major && second >= minor
}

private func number(_ digits: ArraySlice<UInt8>) -> Int {
  var result = 0
  for digit in digits {
    guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { break }
    result = 10 * result + Int(digit - UInt8(ascii: "0"))
  }
  return result
}

/// Nothing stays in the kernel after a queue was closed, after its process was killed, and after many rounds.
func leftovers(_ context: TestContext) throws(TestEnd) {
  let before = BPFObjects()
  do {
    let queue = try context.open()
    try expect(before.newer[0] > 0, "an open queue has no programs")
    extendLifetime(queue)
  }
  try before.expectNoneNewer("after a queue was closed")
  let truth = try Truth()
  let child = try start {
    guard let queue = try? Queue(context.attributes) else { return 1 }
    truth[0] = 1
    while true {
      pause()
      _ = queue.length
    }
  }
  while truth[0] == 0 { usleep(10_000) }
  _ = kill(child, SIGKILL)
  _ = try wait(for: child)
  try before.expectNoneNewer("after its process was killed")
  let rounds = Options.amount("QUARK_TEST_ROUNDS") ?? 2
  let first = try residentKiB()
  for _ in 0..<rounds { _ = try context.open() }
  try before.expectNoneNewer("after \(rounds) rounds")
  // After the first rounds the C library has the freed memory that it keeps.
  let last = try residentKiB()
  try expect(last <= first + 1024, "memory grew from \(first) to \(last) KiB")
}

/// The BPF objects of the kernel at one moment. Objects of earlier tests may be freed later.
private struct BPFObjects {
  private static var kinds: [(StaticString, clinux_bpf_object)] {
    [("programs", CLINUX_BPF_PROGRAMS), ("maps", CLINUX_BPF_MAPS), ("links", CLINUX_BPF_LINKS)]
  }

  private let last = Self.kinds.map { clinux_bpf_last_id($0.1) }

  /// The number of all programs.
  private static var programs: Int { clinux_bpf_count_above(CLINUX_BPF_PROGRAMS, 0) }

  /// The number of newer objects of each kind.
  var newer: [Int] { Self.kinds.enumerated().map { index, kind in clinux_bpf_count_above(kind.1, last[index]) } }

  /// The kernel frees them a while after their last descriptor is closed: kprobes one after the other, behind those of
  /// earlier tests. As long as there are ever fewer, it is at it.
  func expectNoneNewer(_ moment: String) throws(TestEnd) {
    var least = Self.programs
    var deadline = milliseconds() + Patience.milliseconds
    while milliseconds() < deadline {
      if newer.allSatisfy({ $0 == 0 }) { return }
      usleep(2000)
      let programs = Self.programs
      if programs < least { (least, deadline) = (programs, milliseconds() + Patience.milliseconds) }
    }
    var words = ""
    for (index, count) in newer.enumerated() { words += " \(count) \(Self.kinds[index].0)" }
    throw .failed("\(moment) there are still:\(words)")
  }
}

private func residentKiB() throws(TestEnd) -> Int {
  guard let text = value(of: "VmRSS", in: "/proc/self/status") else { throw .failed("no VmRSS") }
  return number(Array(text.utf8)[...])
}
