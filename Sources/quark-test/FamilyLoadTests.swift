import CLinux
import CQuark
import Quark
import QuarkLinux

/// Eight processes at a time make `QUARK_TEST_LOAD` calls of each family: what came and what is counted as lost of that
/// family is what was made, by whichever hooks it is seen. So it is with more of them at a time than the kernel keeps
/// returns for.
func familyLoad(_ context: TestContext) throws(TestEnd) {
  let count = Options.amount("QUARK_TEST_LOAD") ?? 500
  var context = context
  for calls in Calls.allCases { context.attributes.flags |= calls.flag }
  for kind in Place.returns {
    let (opening, closing) = (Stopwatch.opening.milliseconds, Stopwatch.closing.milliseconds)
    try expectAll(count, in: context, kind)
    FileDescriptor.complain(
      "\(kind): opened in \(Stopwatch.opening.milliseconds - opening) ms, closed in "
        + "\(Stopwatch.closing.milliseconds - closing) ms\n")
  }
}

/// One queue for all rounds of a kind. Others than fexit may miss returns of many calls at a time.
private func expectAll(_ count: Int, in context: TestContext, _ kind: String) throws(TestEnd) {
  var queue = try context.open(returnsBy: kind)
  if kind == "fexit" {
    for calls in Calls.allCases { try expectAll(count, of: calls, in: &queue, kind, atATime: 8) }
    return
  }
  for calls in [Calls.ptrace, .memory] {
    for atATime in [8, 40] { try expectAll(count, of: calls, in: &queue, kind, atATime: atATime) }
  }
}

private func expectAll(
  _ count: Int, of calls: Calls, in queue: inout TestQueue, _ kind: String, atATime: Int
) throws(TestEnd) {
  let lostBefore = calls.lost(try queue.counters())
  let truth = try Truth()
  var victims: [pid_t] = []
  var generators: [pid_t] = []
  defer { for victim in victims { end(victim) } }
  for index in 0..<atATime {
    let victim = try start { while true { pause() } }
    victims.append(victim)
    generators.append(
      try start {
        truth[index] = calls.make(count / atATime, victim)
        return 9
      })
  }
  var account = Account()
  for generator in generators {
    var status: CInt = 0
    while unsafe waitpid(generator, &status, WNOHANG) == 0 { try account.read(&queue, calls, of: generators) }
    try expectEqual("a generator's end", status, 9 << 8)
  }
  try account.readRest(&queue, calls, of: generators)
  var made = 0
  for index in 0..<atATime { made += truth[index] }
  let statistics = try queue.counters()
  let lost = calls.lost(statistics) - lostBefore
  FileDescriptor.complain(
    "\(calls.name), \(atATime) at a time, by \(calls == .getpid ? "kprobe" : kind): \(made) made, "
      + "\(account.came) came, \(lost) lost\n")
  try expect(made > 0 && made * 3 > count * 2, "\(made) calls were made")
  // What is lost of the family of processes may be the fork or the exit of one.
  if calls == .getpid, lost > 0 {
    try expect(account.came <= made && account.came + lost >= made, "\(account.came) came, \(lost) lost of \(made)")
  } else {
    try expectEqual("what came and what was lost", account.came + lost, made)
  }
  try expectEqual("malformed", statistics.malformed, 0)
  try expectEqual("refused", statistics.refused, 0)
}

/// A ring too small for the calls that are made while nobody reads it: what is lost is booked on the family whose calls
/// they are, and what came and what was lost is what was made.
func familyOverflow(_ context: TestContext) throws(TestEnd) {
  for calls in Calls.allCases {
    var context = context
    context.attributes.flags |= calls.flag
    context.attributes.ring_size = 16 << 10
    var queue = try context.open()
    let truth = try Truth()
    let victim = try start { while true { pause() } }
    defer { end(victim) }
    let child = try start {
      truth[0] = calls.make(400, victim)
      return 9
    }
    try expectEqual("the child's end", try wait(for: child), 9 << 8)
    var account = Account()
    try account.readRest(&queue, calls, of: [child])
    let statistics = try queue.counters()
    let lost = calls.lost(statistics)
    FileDescriptor.complain("\(calls.name): \(truth[0]) made, \(account.came) came, \(lost) lost\n")
    try expect(account.came > 0 && lost > 0, "\(account.came) came, and \(lost) were lost")
    let ofProcesses = Int(statistics.lost_by_family.0)
    if calls == .getpid {
      // What else can be lost is the child's exit, which comes behind all of them.
      let made = account.came + lost - truth[0]
      try expect((0...1).contains(made), "\(account.came) came and \(lost) were lost of \(truth[0])")
      try expectEqual("lost, of other families", Int(statistics.lost), lost)
    } else {
      try expectEqual("what came and what was lost", account.came + lost, truth[0])
      try expectEqual("lost, of this family and of processes", Int(statistics.lost), lost + ofProcesses)
      try expect(ofProcesses <= 1, "\(ofProcesses) records of processes are lost")
    }
  }
}

private func end(_ victim: pid_t) {
  _ = kill(victim, SIGKILL)
  _ = try? wait(for: victim)
}

/// What came of some processes.
private struct Account {
  private(set) var came = 0

  /// What there is now.
  mutating func read(_ queue: inout TestQueue, _ calls: Calls, of pids: [pid_t]) throws(TestEnd) {
    while let event = unsafe queue.queue.pointee.nextEvent() {
      guard unsafe event.pointee.events & UInt64(calls.event) != 0, let process = unsafe event.pointee.process,
        unsafe pids.contains(pid_t(process.pointee.pid))
      else { continue }
      came += 1
      if let mistake = unsafe calls.mistake(in: event.pointee) { throw .failed(mistake) }
    }
    do { try unsafe queue.queue.pointee.block() } catch { throw .failed("block: \(error.description)") }
  }

  /// What there is of who has ended: all of it is in the ring, or in the queue, which holds it for a while.
  mutating func readRest(_ queue: inout TestQueue, _ calls: Calls, of pids: [pid_t]) throws(TestEnd) {
    try queue.populate()
    while unsafe queue.queue.pointee.length > 0 { try read(&queue, calls, of: pids) }
  }
}

/// A family of calls, and how many of them are made.
private enum Calls: CaseIterable {
  case getpid, ptrace, memory

  var name: StaticString {
    switch self {
    case .getpid: "getpid"
    case .ptrace: "ptrace"
    case .memory: "shared memory"
    }
  }

  var flag: CInt {
    switch self {
    case .getpid: QQ_GETPID
    case .ptrace: QQ_PTRACE
    case .memory: QQ_SHM
    }
  }

  var event: CInt {
    switch self {
    case .getpid: QUARK_EV_GETPID
    case .ptrace: QUARK_EV_PTRACE
    case .memory: QUARK_EV_SHM
    }
  }

  func lost(_ statistics: quark_queue_stats) -> Int {
    let families = statistics.lost_by_family
    return switch self {
    case .getpid: Int(families.0)
    case .ptrace: Int(families.4)
    case .memory: Int(families.6)
    }
  }

  /// What is wrong with an event of it; nil: nothing.
  func mistake(in event: quark_event) -> String? {
    switch self {
    case .getpid: return nil
    case .ptrace:
      let request = unsafe Int(event.ptrace.request)
      typealias Request = PtraceRequest
      let made = [Request.seize, Request.interrupt, Request.peekUser, Request.detach]
      return made.contains(request) ? nil : "request \(request)"
    case .memory:
      guard let shm = unsafe event.shm else { return "no shared memory" }
      if unsafe shm.pointee.kind == QUARK_SHM_SHMGET {
        return unsafe shm.pointee.shmget_size == 4096 && shm.pointee.shmget_shmflg == 0o1600 ? nil : "another segment"
      }
      return unsafe strcmp(shm.pointee.path, "memfd:load") == 0 ? nil : "another name"
    }
  }

  /// Makes about so many calls, and returns how many.
  func make(_ count: Int, _ victim: pid_t) -> Int {
    switch self {
    case .getpid:
      for _ in 0..<count { _ = CLinux.getpid() }
      return count
    case .ptrace:
      for _ in 0..<(count / 10) { trace(victim) }
      return count / 10 * 10
    case .memory:
      for index in 0..<count { index & 1 == 0 ? makeFile() : makeSegment() }
      return count
    }
  }

  /// Ten calls.
  private func trace(_ victim: pid_t) {
    must("seize", clinux_ptrace(PtraceRequest.seize, victim, 0, 0))
    must("interrupt", clinux_ptrace(PtraceRequest.interrupt, victim, 0, 0))
    must("wait for the stop", clinux_wait_for_stop(victim))
    for _ in 0..<7 { must("look at a register", clinux_ptrace(PtraceRequest.peekUser, victim, 8, 0)) }
    must("detach", clinux_ptrace(PtraceRequest.detach, victim, 0, 0))
  }

  private func makeFile() {
    let file = unsafe clinux_memfd_create("load", 1)
    must("make a memory file", file)
    close(file)
  }

  private func makeSegment() {
    let segment = clinux_shmget(0, 4096, 0o1600)
    must("get a segment", segment)
    must("remove a segment", clinux_shm_remove(segment))
  }
}
