import Glibc
import Quark

/// A failed check.
struct Wrong: Error {
  var words: String
}

func expect(_ condition: Bool, _ words: @autoclosure () -> String) throws {
  if !condition { throw Wrong(words: words()) }
}

func attributes(_ backend: Queue.Backends) -> Queue.Attributes {
  var attributes = Queue.Attributes()
  attributes.backends = backend
  attributes.holdTimeMS = 100
  return attributes
}

/// Passes all events up to the exit of a process to `body`, for 60 seconds at most.
func drain(_ queue: inout Queue, upToExitOf pid: UInt32, _ body: (EventView) throws -> Void) throws {
  for _ in 0..<600 {
    while true {
      let isLast = try queue.withNextEvent { event in
        try body(event)
        return event.process?.pid == pid && event.kinds.contains(.exit)
      }
      guard let isLast else { break }
      if isLast { return }
    }
    do throws(Errno) { try queue.block() } catch { try expect(error == Errno(EINTR), "block: \(error)") }
  }
  throw Wrong(words: "process \(pid) does not end")
}

struct Test: Sendable {
  var name: String
  /// Runs with a backend, and with the number of rounds for repeated actions.
  var run: @Sendable (Queue.Backends, Int) async throws -> Void
}

let tests = [
  Test(name: "views") { backend, _ in
    var queue = try Queue(attributes(backend))
    try expect(queue.source == (backend == .ebpf ? .ebpf : .kprobe), "the source is \(queue.source)")
    let pid = try Child.run(["/bin/exit", "3", "two words"])
    var kept: [Event] = []
    try drain(&queue, upToExitOf: pid) { event in
      guard let process = event.process, process.pid == pid else { return }
      kept.append(Event(copying: event))
      let parent = event.processes[UInt32(getpid())]?.command
      try expect(parent == "quark-swift-tes", "our name is \(parent ?? "not known")")
    }
    try expect(kept.count == 1 && kept[0].kinds == [.fork, .exec, .exit], "\(kept.map(\.kinds))")
    guard let process = kept[0].process else { throw Wrong(words: "no process") }
    try expect(process.arguments == ["/bin/exit", "3", "two words"], "arguments \(process.arguments)")
    try expect(process.executable == "/bin/exit", "executable \(process.executable ?? "nil")")
    try expect(process.parentPID == UInt32(getpid()), "parent \(process.parentPID ?? 0)")
    try expect(process.exit?.code == 3 && process.exit?.signal == 0, "exit \(String(describing: process.exit))")
    let counters = queue.statistics
    try expect(counters.lost == 0 && counters.malformed == 0 && counters.aggregations > 0, "\(counters)")
  },
  Test(name: "processes") { backend, _ in
    let queue = try Queue(attributes(backend))
    let copies = queue.processes.copies()
    try expect(copies.contains { $0.pid == 1 } && copies.contains { $0.pid == UInt32(getpid()) }, "some are missing")
    try expect(copies.map(\.pid) == copies.map(\.pid).sorted(), "they are in no order")
    try expect(queue.processes[1]?.hasDetails == true, "1 has no details")
  },
  Test(name: "rules") { backend, _ in
    let text = Array("drop on process.exe /bin/exit\n".utf8)
    var queue = try Queue(attributes(backend), rules: try Ruleset.parsing(text.span))
    _ = try Child.run(["/bin/exit", "0"])
    let pid = try Child.run(["/bin/true"])
    var names: [String] = []
    try drain(&queue, upToExitOf: pid) { event in names.append(event.process?.command ?? "") }
    try expect(!names.contains("exit") && names.contains("true"), "\(names)")
    let statistics = queue.ruleStatistics
    try expect(statistics.count == 1 && statistics[0].hits >= 1, "\(statistics)")
  },
  Test(name: "sequence") { backend, _ in
    let events = try Queue(attributes(backend)).events()
    var pids = try Set((0..<20).map { _ in try Child.run(["/bin/true"]) })
    var last: UInt64 = 0
    reading: for try await batch in events {
      try expect(batch.dropped == 0, "\(batch.dropped) were dropped")
      for event in batch {
        try expect(event.timeNS >= last, "out of order")
        last = event.timeNS
        if event.kinds.contains(.exit), let process = event.process { pids.remove(process.pid) }
        if pids.isEmpty { break reading }
      }
    }
    let pid = UInt32(getpid())
    let known = try events.withQueue { $0.processes[pid] != nil }
    try expect(known, "we are not known")
    await events.close()
  },
  Test(name: "cancelling gives back what is the kernel's") { backend, rounds in
    // After these rounds the runtime and the C library have the memory that they keep.
    for _ in 0..<5 + rounds / 10 { try await openAndCancel(backend) }
    let (before, memory) = (Resources.settled(), Resources.residentKiB())
    for _ in 0..<rounds { try await openAndCancel(backend) }
    let after = Resources.settled()
    try expect(before.threads == 0, "threads that take events: \(before.threads)")
    try expect(after == before, "before \(before), after \(after)")
    let now = Resources.residentKiB()
    print("# \(rounds) rounds: \(now) KiB resident, \(memory) before")
    try expect(memory > 0 && now <= memory + 1024, "\(now) KiB resident, \(memory) before")
  },
  Test(name: "who is slow is told what it missed") { backend, _ in
    let events = try Queue(attributes(backend)).events(batchLimit: 4, overflow: .dropOldest(bufferSize: 16_384))
    for _ in 0..<100 { _ = try Child.run(["/bin/true"]) }
    // Wait until all of them have left the queue.
    try await Task.sleep(for: .seconds(2))
    let last = try Child.run(["/bin/true"])
    var (got, dropped, isOver) = (0, 0, false)
    reading: for try await batch in events {
      got += batch.count
      dropped += Int(batch.dropped)
      for event in batch where event.process?.pid == last && event.kinds.contains(.exit) { isOver = true }
      if isOver { break }
    }
    let statistics = try events.statistics()
    let all = Int(statistics.aggregations + statistics.nonAggregations)
    try expect(dropped > 0 && got > 0 && got + dropped >= 101, "\(got) came, \(dropped) did not")
    try expect(got + dropped <= all, "\(got) and \(dropped) of \(all)")
    await events.close()
  },
]

/// Opens a sequence that waits for events, in a task that is cancelled. When the task has ended, nothing is left.
func openAndCancel(_ backend: Queue.Backends) async throws {
  let before = Resources.now().ofTheKernel
  let events = try Queue(attributes(backend)).events()
  let during = Resources.now().ofTheKernel
  try expect(during.count > before.count + 3, "what is open: \(during)")
  let task = Task { for try await _ in events {} }
  _ = try Child.run(["/bin/true"])
  task.cancel()
  try await task.value
  let after = Resources.now().ofTheKernel
  try expect(after == before, "left open: \(after), before \(before)")
}
