import CLinux
import CQuark
import Quark
import QuarkLinux

/// Checks every process under load: a generator runs `QUARK_TEST_LOAD` processes, several at a time, and notes the pid
/// and the end of each. The queue must report exactly these, with their arguments, and lose nothing. With kprobes,
/// records that did not fit in the rings may be missing, and must be counted.
func groundTruth(_ context: TestContext) throws(TestEnd) {
  let count = Options.amount("QUARK_TEST_LOAD") ?? (context.isKprobe ? 20_000 : 100_000)
  var context = context
  context.attributes.hold_time = 1000
  var queue = try context.open()
  let memory = try GroundTruth(count: count, atATime: context.isKprobe ? 4 : 8)
  let generator = try start { memory.generate() }
  var accounts = Accounts(count: count, generator: UInt32(generator))
  var status: CInt = -1
  var quiet = 0
  // Events are held for a second; after the last one wait until no more come.
  while quiet < 25 {
    var isQuiet = true
    while let event = unsafe queue.queue.pointee.nextEvent() {
      isQuiet = false
      unsafe accounts.add(event)
    }
    if status == -1, unsafe waitpid(generator, &status, WNOHANG) != generator { status = -1 }
    quiet = isQuiet && status != -1 ? quiet + 1 : 0
    do { try unsafe queue.queue.pointee.block() } catch { throw .failed("block: \(error.description)") }
  }
  try expectEqual("the generator's end", status, 0)
  let statistics = try queue.counters()
  FileDescriptor.complain(
    "\(count) processes: \(statistics.insertions) records, \(statistics.lost) lost, \(statistics.malformed) malformed, "
      + "\(statistics.refused) refused, \(statistics.late) late, \(statistics.aggregations) events of several\n")
  if !context.isKprobe { try expectEqual("lost", Int(statistics.lost), 0) }
  try expectEqual("late", Int(statistics.late), 0)
  try expectEqual("malformed", Int(statistics.malformed), 0)
  try expectEqual("refused", Int(statistics.refused), 0)
  try accounts.compare(with: memory, lost: Int(statistics.lost))
}

/// The notes of the generator, in memory that it shares with the test.
@safe private struct GroundTruth: ~Copyable {
  let count: Int
  private let pids: UnsafeMutablePointer<Int32>

  private let atATime: Int

  init(count: Int, atATime: Int) throws(TestEnd) {
    self.count = count
    self.atATime = atATime
    let protection = PROT_READ | PROT_WRITE
    let memory = unsafe mmap(nil, 4 * count, protection, MAP_SHARED | MAP_ANONYMOUS, -1, 0)
    guard let memory = unsafe memory, unsafe memory != clinux_map_failed() else { throw .failed("no shared memory") }
    unsafe pids = memory.bindMemory(to: Int32.self, capacity: count)
  }

  deinit { unsafe munmap(pids, 4 * count) }

  func pid(_ index: Int) -> Int32 { unsafe pids[index] }

  static func status(_ index: Int) -> Int { index % 251 }

  /// Runs in the generator. Returns 0 on success.
  func generate() -> CInt {
    var running: [(pid: pid_t, index: Int)] = []
    var next = 0
    while next < count || !running.isEmpty {
      while next < count, running.count < atATime {
        let index = next
        let pid = clinux_spawn_exit(CInt(Self.status(index)), CInt(index))
        if pid <= 0 { return 1 }
        unsafe pids[index] = pid
        running.append((pid, index))
        next += 1
      }
      var status: CInt = 0
      let pid = unsafe waitpid(-1, &status, 0)
      guard let place = running.firstIndex(where: { $0.pid == pid }) else { return 2 }
      if clinux_wifexited(status) == 0 || Int(clinux_wexitstatus(status)) != Self.status(running[place].index) { return 3 }
      running.remove(at: place)
    }
    return 0
  }
}

/// The data from the queue, by the index that is an argument of each process.
private struct Accounts {
  private struct Account {
    var pid: UInt32 = 0
    var exits = 0
    var execs = 0
    var exitCode: Int32 = -1
  }

  private let generator: UInt32
  private var accounts: [Account]
  private var forks = 0
  private var strangers = 0

  init(count: Int, generator: UInt32) {
    self.generator = generator
    accounts = [Account](repeating: Account(), count: count)
  }

  @unsafe mutating func add(_ event: UnsafePointer<quark_event>) {
    let events = unsafe event.pointee.events
    guard let process = unsafe event.pointee.process else { return }
    // Meanwhile the kernel begins and ends its own threads and helpers, which do not belong to this test.
    guard unsafe process.pointee.pid == generator || process.pointee.proc_ppid == generator else { return }
    if events & UInt64(QUARK_EV_FORK) != 0 { forks += 1 }
    guard events & UInt64(QUARK_EV_EXEC | QUARK_EV_EXIT) != 0 else { return }
    guard let index = unsafe Self.index(process), index < accounts.count else {
      strangers += 1
      return
    }
    if events & UInt64(QUARK_EV_EXEC) != 0 {
      accounts[index].execs += 1
      unsafe accounts[index].pid = process.pointee.pid
    }
    if events & UInt64(QUARK_EV_EXIT) != 0 {
      accounts[index].exits += 1
      unsafe accounts[index].exitCode = process.pointee.exit_code
    }
  }

  /// `exit STATUS INDEX`: the third argument.
  @unsafe private static func index(_ process: UnsafePointer<quark_process>) -> Int? {
    guard let cmdline = unsafe process.pointee.cmdline else { return nil }
    let length = unsafe process.pointee.cmdline_len
    var (offset, words, number) = (0, 0, 0)
    guard length > 5, unsafe memcmp(cmdline, "exit", 5) == 0 else { return nil }
    while offset < length {
      let byte = unsafe UInt8(bitPattern: cmdline[offset])
      offset += 1
      if byte == 0 {
        words += 1
      } else if words == 2 {
        guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
        number = 10 * number + Int(byte - UInt8(ascii: "0"))
      }
    }
    return words == 3 ? number : nil
  }

  /// For each lost record, data of one process may be missing.
  func compare(with truth: borrowing GroundTruth, lost: Int) throws(TestEnd) {
    var excused = 0
    for index in accounts.indices {
      let account = accounts[index]
      if excused < lost, account.execs == 0 || account.exits == 0 {
        excused += (1 - account.execs) + (1 - account.exits)
        continue
      }
      guard account.execs == 1, account.exits == 1 else {
        throw .failed("process \(index), pid \(truth.pid(index)): \(account.execs) execs, \(account.exits) exits")
      }
      guard account.pid == UInt32(bitPattern: truth.pid(index)) else {
        throw .failed("process \(index): pid \(account.pid), should be \(truth.pid(index))")
      }
      guard Int(account.exitCode) == GroundTruth.status(index) else {
        throw .failed("process \(index): exit code \(account.exitCode), should be \(GroundTruth.status(index))")
      }
    }
    // The generator is one more process, and its own exit has no index (a stranger).
    try expect(forks <= accounts.count + 1, "\(forks) forks")
    try expect(forks + lost >= accounts.count + 1, "\(forks) forks, and \(lost) records lost")
    // An exit whose exec is lost has no index either.
    try expect(strangers <= 1 + lost, "\(strangers) events without the arguments of any process, \(lost) records lost")
  }
}
