import CLinux
import CQuark
import Quark
import QuarkLinux

/// A client that reads the counters more than a thousand times a second, while processes begin and end, loses nothing.
func statisticsOften(_ context: TestContext) throws(TestEnd) {
  var queue = try context.open()
  let truth = try Truth()
  let load = try Load(truth, generators: 2) {
    let pid = clinux_spawn_exit(0, 1)
    return pid > 0 && (try? wait(for: pid)) == 0
  }
  var (seen, calls) = (Seen(), 0)
  let begin = milliseconds()
  while calls < 3000 || load.processes < 80 {
    for _ in 0..<10 { try expectEqual("lost", try queue.counters().lost, 0) }
    calls += 10
    while let event = unsafe queue.queue.pointee.nextEvent() { unsafe seen.add(event, of: load.pids) }
  }
  let elapsedMS = milliseconds() - begin
  try load.end()
  let deadline = milliseconds() + Patience.milliseconds
  while seen.exits < load.processes, milliseconds() < deadline {
    while let event = unsafe queue.queue.pointee.nextEvent() { unsafe seen.add(event, of: load.pids) }
    usleep(1000)
  }
  FileDescriptor.complain("\(calls) calls in \(elapsedMS) ms, \(load.processes) processes\n")
  try expectEqual("forks", seen.forks, load.processes)
  try expectEqual("execs", seen.execs, load.processes)
  try expectEqual("exits", seen.exits, load.processes)
  try expectEqual("lost", try queue.counters().lost, 0)
}

/// The records of the children of some processes.
private struct Seen {
  var (forks, execs, exits) = (0, 0, 0)

  @unsafe mutating func add(_ event: UnsafePointer<quark_event>, of parents: [pid_t]) {
    let events = unsafe event.pointee.events
    guard let process = unsafe event.pointee.process else { return }
    guard unsafe parents.contains(pid_t(process.pointee.proc_ppid)) else { return }
    if events & UInt64(QUARK_EV_FORK) != 0 { forks += 1 }
    if events & UInt64(QUARK_EV_EXEC) != 0 { execs += 1 }
    if events & UInt64(QUARK_EV_EXIT) != 0 { exits += 1 }
  }
}

/// Processes that make other processes until they must end.
@safe private struct Load: ~Copyable {
  let pids: [pid_t]
  private let counts: UnsafeMutablePointer<Int>

  /// `make` makes a process and waits for it.
  init(_ truth: borrowing Truth, generators: Int, _ make: () -> Bool) throws(TestEnd) {
    // Safe: the memory of the test lives longer than this.
    unsafe counts = truth.memory.assumingMemoryBound(to: Int.self)
    var pids: [pid_t] = []
    for index in 1...generators {
      pids.append(
        try start {
          while truth[0] == 0 {
            guard make() else { return 1 }
            truth[index] += 1
          }
          return 0
        })
    }
    self.pids = pids
  }

  /// The number of processes so far.
  var processes: Int {
    var sum = 0
    for index in pids.indices { unsafe sum += counts[1 + index] }
    return sum
  }

  func end() throws(TestEnd) {
    unsafe counts[0] = 1
    for pid in pids { try expectEqual("a generator's end", try wait(for: pid), 0) }
  }
}

/// While a program uses its maps with bpf(2), the kernel skips BPF programs on this processor, and some kernels run
/// another task there meanwhile. The same happens to programs of tracepoints that are preempted. Missed records are
/// counted: delivered and lost records together are all that there were, and a process that is gone does not stay known
/// for ever.
func missedRuns(_ context: TestContext) throws(TestEnd) {
  for hooks in ["", "raw_tp,fentry"] {
    if !hooks.isEmpty { unsafe setenv("QUARK_EBPF_HOOKS", hooks, 1) }
    defer { unsafe unsetenv("QUARK_EBPF_HOOKS") }
    try countAll(context, hooks)
  }
}

private func countAll(_ context: TestContext, _ hooks: String) throws(TestEnd) {
  var context = context
  context.attributes.cache_grace_time = 100
  var queue = try context.open()
  let truth = try Truth()
  var neighbours: [pid_t] = []
  for _ in 1...2 { neighbours.append(try startNeighbour(until: truth)) }
  let (generators, processes) = (3, 30)
  let account = try undisturbed(&queue, lives: generators * (processes + 1)) { () throws(TestEnd) in
    var pids: [pid_t] = []
    for _ in 1...generators {
      pids.append(
        try start {
          for _ in 1...processes {
            let pid = clinux_vfork_exit(0)
            if pid <= 0 || (try? wait(for: pid)) != 0 { return 1 }
          }
          return 0
        })
    }
    for pid in pids { try expectEqual("a generator's end", try wait(for: pid), 0) }
  }
  FileDescriptor.complain("\(hooks): \(account.came) records came, \(account.lost) were lost\n")
  // Each process makes a fork and an exit.
  try expectEqual("records that came and that were lost", account.came + account.lost, 2 * generators * (processes + 1))
  let deadline = milliseconds() + Patience.milliseconds
  while let gone = oneGone(of: queue) {
    try expect(milliseconds() < deadline, "\(gone.pid), \(gone.comm) of \(gone.ppid), is gone, and still known")
    while unsafe queue.queue.pointee.nextEvent() != nil {}
    usleep(20_000)
  }
  truth[0] = 1
  for pid in neighbours { try expectEqual("a neighbour's end", try wait(for: pid), 0) }
}

/// Starts a process that uses its own map until it must end.
private func startNeighbour(until truth: borrowing Truth) throws(TestEnd) -> pid_t {
  try start {
    let map = clinux_bpf_map()
    must("make a map", map)
    while truth[0] == 0 {
      for _ in 0..<200 { must("look something up", clinux_bpf_look_up(map)) }
      // The kernel removes programs from function entries only after every task has slept.
      usleep(100)
    }
    return 0
  }
}

/// A process that the queue knows although it is gone.
private func oneGone(of queue: borrowing TestQueue) -> Known? {
  var pid: UInt32 = 0
  while let process = unsafe queue.queue.pointee.firstProcess(notBelow: pid) {
    if unsafe access("/proc/\(process.pointee.pid)", F_OK) != 0 { return unsafe Known(process) }
    unsafe pid = process.pointee.pid + 1
  }
  return nil
}

/// A process that dropped its privileges still gets the number of lost records.
func lossOfDropped(_ context: TestContext) throws(TestEnd) {
  let child = try start {
    do throws(TestEnd) {
      var context = context
      context.attributes.ring_size = 16 << 10
      var queue = try context.open()
      become(65534, keeping: 0)
      let processes = 150
      let account = try undisturbed(&queue, lives: processes) { () throws(TestEnd) in
        for _ in 0..<processes { _ = try wait(for: try start { 0 }) }
      }
      try expect(account.lost > 0, "nothing was lost")
      try expectEqual("records that came and that were lost", account.came + account.lost, 2 * processes)
      return 0
    } catch {
      if case .failed(let reason) = error { FileDescriptor.complain(reason + "\n") }
      return 4
    }
  }
  try expectEqual("the child's end", try wait(for: child), 0)
}

/// Without room to note which exits were reported, an exit may be reported twice, which makes one event, but it is
/// never missed.
func exitsWithoutNotes(_ context: TestContext) throws(TestEnd) {
  unsafe setenv("QUARK_EBPF_WITHOUT", "notes", 1)
  defer { unsafe unsetenv("QUARK_EBPF_WITHOUT") }
  try exitTogether(context, rounds: 4)
}

/// Damaged rings, as after a fault of the kernel or of the memory: their positions claim records that do not exist, or
/// fewer than were read already. This is counted, their content is skipped, and later records are seen.
func stalledRing(_ context: TestContext) throws(TestEnd) {
  for bytes in [8, -16] {
    var queue = try context.open()
    // The next record of the kernel repairs the position.
    for _ in 1...20 where try queue.counters().stalls == 0 {
      while unsafe queue.queue.pointee.nextEvent() != nil {}
      try expect(try moveHeads(by: bytes) > 0, "there are no rings")
      _ = unsafe queue.queue.pointee.populate()
    }
    let counters = try queue.counters()
    try expect(counters.stalls > 0, "no ring made no sense")
    try expect(counters.malformed >= counters.stalls && counters.lost >= counters.stalls, "and nothing is missing")
    // The next records in a ring do not begin at the expected position, and are skipped, too.
    for cpu in 0..<CInt(max(1, sysconf(CInt(_SC_NPROCESSORS_ONLN)))) {
      let pid = try start {
        must("run on a processor", clinux_run_on(cpu))
        let child = clinux_fork()
        if child == 0 { _exit(0) }
        while wait(nil) > 0 {}
        return 0
      }
      _ = try wait(for: pid)
    }
    _ = unsafe queue.queue.pointee.populate()
    let life = try context.live(in: &queue, status: 4) { execute("/bin/exit", ["exit", "4"]) }
    try life.expect(execs: 1)
    let stalls = try queue.counters().stalls
    try expect(stalls <= UInt64(sysconf(CInt(_SC_NPROCESSORS_CONF))), "\(stalls) rings made no sense")
  }
}

/// Moves the end of each ring of this process, `data_head` of perf_event_open(2) in its first page, by this many bytes;
/// the kernel corrects it with its next record. Returns the number of rings.
private func moveHeads(by bytes: Int) throws(TestEnd) -> Int {
  var count = 0
  for line in try readFile("/proc/self/maps").split(separator: UInt8(ascii: "\n")) {
    guard place(of: Array("[perf_event]".utf8), in: line) != nil else { continue }
    let start = hexadecimal(line.prefix { $0 != UInt8(ascii: "-") })
    guard let page = unsafe UnsafeMutableRawPointer(bitPattern: start) else { continue }
    // Safe: this is mapped, and its first page is writable.
    let head = unsafe page.load(fromByteOffset: 1024, as: Int.self)
    unsafe page.storeBytes(of: head &+ bytes, toByteOffset: 1024, as: Int.self)
    count += 1
  }
  return count
}

private func hexadecimal(_ digits: ArraySlice<UInt8>) -> UInt {
  digits.reduce(0) { $0 << 4 | UInt($1 < UInt8(ascii: "a") ? $1 - UInt8(ascii: "0") : $1 - UInt8(ascii: "a") + 10) }
}
