import CLinux
import CQuark
import Quark
import QuarkCore
import QuarkLinux

/// The queue that a test reads: its own, or a shared one from which it gets the events of its descendants. It reads
/// both in the same way.
@safe struct TestQueue: ~Copyable {
  /// Nil for a shared queue.
  private let own: UnsafeMutablePointer<Queue>?
  /// The socket of the process with the shared queue; it belongs to the test's process; -1 if there is none.
  private let line: CInt
  /// Events that came while the test waited for others.
  private var waiting: [Life.Part] = []
  private let verbosity: Int
  private let lock: TestLock?

  /// Opens a queue. With a lock, no shared queue is opened until this one is closed.
  init(opening attributes: quark_queue_attr, lock: TestLock?, verbosity: Int) throws(TestEnd) {
    unsafe own = try Self.open(attributes)
    line = -1
    self.verbosity = verbosity
    self.lock = lock
  }

  private static func open(_ attributes: quark_queue_attr) throws(TestEnd) -> UnsafeMutablePointer<Queue> {
    let start = milliseconds()
    do throws(QuarkError) {
      let queue = try Queue(attributes)
      let own = UnsafeMutablePointer<Queue>.allocate(capacity: 1)
      unsafe own.initialize(to: queue)
      Stopwatch.opening.add(milliseconds() - start)
      return unsafe own
    } catch { throw .failed("open: \(error.message)") }
  }

  /// Joins a shared queue. From then on it delivers the events of this process's children.
  init(sharing line: CInt, verbosity: Int) throws(TestEnd) {
    unsafe own = nil
    lock = nil
    self.line = line
    self.verbosity = verbosity
    try send(.attach, UInt32(getpid()))
    // The queue may just be opening, beside others.
    let words = try receive(milliseconds: 5 * Patience.milliseconds / 2, "the shared queue is not open")
    try expectEqual("the shared queue's first word", words.first ?? 0, Message.welcome.rawValue)
  }

  deinit {
    guard let own = unsafe own else { return }
    // Others need not wait until it is closed.
    lock?.release()
    let start = milliseconds()
    unsafe own.deinitialize(count: 1)
    unsafe own.deallocate()
    Stopwatch.closing.add(milliseconds() - start)
  }

  /// The queue itself, if the test has its own.
  var queue: UnsafeMutablePointer<Queue> {
    guard let own = unsafe own else { fatalError("the queue is a shared one") }
    return unsafe own
  }

  /// The next event. If `pid` is given, it is an event of this process, and others are kept for later. Fails if none
  /// comes in time.
  @inline(never) mutating func next(of pid: pid_t? = nil) throws(TestEnd) -> Life.Part {
    func isAsked(_ part: Life.Part) -> Bool { pid.map { UInt32($0) == part.known.pid } ?? true }
    if let index = waiting.firstIndex(where: isAsked) { return waiting.remove(at: index) }
    let deadline = milliseconds() + Patience.milliseconds
    while milliseconds() < deadline {
      guard let part = try read(milliseconds: deadline - milliseconds()) else { continue }
      if isAsked(part) { return part }
      waiting.append(part)
    }
    let whose = pid.map { " of pid \($0)" } ?? ""
    throw .failed("no event\(whose) within \(Patience.milliseconds / 1000) s; \(Self.describe(try counters()))")
  }

  /// Makes the queue take the records that are ready.
  mutating func populate() throws(TestEnd) {
    if let own = unsafe own {
      _ = unsafe own.pointee.populate()
    } else {
      try send(.populate)
      _ = try answer(.done)
    }
  }

  /// What is known of a process now.
  mutating func lookup(pid: UInt32) throws(TestEnd) -> Known? {
    if let own = unsafe own { return unsafe own.pointee.lookup(pid: pid).map { unsafe Known($0) } }
    try send(.lookup, pid)
    let bytes = try answer(.known)
    return bytes.count > 1 ? try Life.Part(bytes).known : nil
  }

  mutating func counters() throws(TestEnd) -> quark_queue_stats {
    if let own = unsafe own { return unsafe own.pointee.counters() }
    try send(.counters)
    let bytes = try answer(.statistics)
    try expectEqual("bytes of statistics", bytes.count, 1 + MemoryLayout<quark_queue_stats>.size)
    // Safe: there are this many bytes, and any bits are valid.
    return unsafe bytes.withUnsafeBytes { unsafe $0.loadUnaligned(fromByteOffset: 1, as: quark_queue_stats.self) }
  }

  // MARK: -

  /// Nil if there is none so far.
  private mutating func read(milliseconds: Int) throws(TestEnd) -> Life.Part? {
    if let own = unsafe own {
      guard let event = unsafe own.pointee.nextEvent() else {
        do { try unsafe own.pointee.block(milliseconds: min(milliseconds, 100)) } catch {
          if error.rawValue != EINTR { throw .failed("block: \(error.description)") }
        }
        return nil
      }
      if verbosity > 1 { unsafe Life.Part.show(event.pointee) }
      return unsafe event.pointee.process == nil ? nil : Life.Part(event.pointee)
    }
    let bytes = try receive(milliseconds: milliseconds, "no event")
    try expectEqual("a word of the shared queue", bytes.first ?? 0, Message.event.rawValue)
    let part = try Life.Part(bytes)
    if verbosity > 1 { FileDescriptor.complain("pid \(part.known.pid): events \(part.events) of \(part.known.exe)\n") }
    return part
  }

  /// Waits for an answer; events may come before it.
  private mutating func answer(_ message: Message) throws(TestEnd) -> [UInt8] {
    while true {
      let bytes = try receive()
      if bytes.first == message.rawValue { return bytes }
      try expectEqual("a word of the shared queue", bytes.first ?? 0, Message.event.rawValue)
      waiting.append(try Life.Part(bytes))
    }
  }

  private func send(_ message: Message, _ number: UInt32 = 0) throws(TestEnd) {
    var bytes = [message.rawValue]
    unsafe bytes.append(bytesOf: number)
    let count = unsafe bytes.withUnsafeBytes { unsafe CLinux.send(line, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL)) }
    if count != bytes.count { throw .failed(Self.isGone) }
  }

  /// `missing` is the message of a failure; the time is appended.
  private func receive(
    milliseconds: Int = Patience.milliseconds, _ missing: StaticString = "no word of the shared queue"
  ) throws(TestEnd) -> [UInt8] {
    var watched = pollfd(fd: line, events: Int16(POLLIN), revents: 0)
    guard unsafe poll(&watched, 1, CInt(max(0, milliseconds))) != 0 else {
      throw .failed("\(missing) within \(milliseconds / 1000) s")
    }
    let bytes = Message.receive(from: line)
    if bytes.isEmpty { throw .failed(Self.isGone) }
    return bytes
  }

  /// The message of a test that has lost its queue and is not to blame: `Runner` looks for it.
  static var isGone: String { "the shared queue is gone" }

  private static func describe(_ stats: quark_queue_stats) -> String {
    "insertions \(stats.insertions) removals \(stats.removals) lost \(stats.lost) malformed \(stats.malformed)"
  }
}

/// How long a test waits for an event that must come: a third of its time.
enum Patience {
  static var milliseconds: Int { Options.timeLimitMS / 3 }
}

/// Milliseconds since boot.
func milliseconds() -> Int { Int(((try? Clock.bootNS()) ?? 0) / 1_000_000) }

/// The messages between tests and the process of a shared queue: one of these bytes, followed by its data, through a
/// local socket.
enum Message: UInt8 {
  /// The test's pid; `welcome` is the answer.
  case attach = 1, welcome
  /// A pid; the answer is `known`, with no data or a `Life.Part`.
  case lookup, known
  case populate, done
  case counters, statistics
  /// A `Life.Part`.
  case event

  /// Arguments, environment and paths of a process are never longer than this.
  private static var limit: Int { 1 << 17 }

  /// Empty if there is no message, or if the other end is closed.
  static func receive(from socket: CInt) -> [UInt8] {
    unsafe [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
      count = unsafe max(0, recv(socket, buffer.baseAddress, buffer.count, CInt(MSG_DONTWAIT)))
    }
  }
}

extension [UInt8] {
  @unsafe mutating func append<Value>(bytesOf value: Value) {
    unsafe Swift.withUnsafeBytes(of: value) { unsafe append(contentsOf: $0) }
  }
}

extension Life.Part {
  /// The data of `Message.event` and `Message.known` after their first byte: the numbers, the process structure, and
  /// the texts that its pointers point to, each after its length; a length of -1 means NULL.
  static func encode(_ message: Message, _ event: quark_event, _ process: UnsafePointer<quark_process>) -> [UInt8] {
    let known = unsafe process.pointee
    var bytes = [message.rawValue]
    unsafe bytes.append(bytesOf: event.events)
    unsafe bytes.append(bytesOf: event.time)
    unsafe bytes.append(bytesOf: event.id_change)
    unsafe bytes.append(bytesOf: known)
    for unsafe text in unsafe [known.exe, known.cwd, known.cgroup, known.script] {
      unsafe bytes.append(text, count: text.map { unsafe strlen($0) } ?? 0)
    }
    unsafe bytes.append(known.cmdline, count: known.cmdline_len)
    unsafe bytes.append(known.env, count: known.env_len)
    return bytes
  }

  init(_ bytes: [UInt8]) throws(TestEnd) {
    let head = unsafe 8 + 8 + 4 + MemoryLayout<quark_process>.size
    guard bytes.count >= 1 + head + 6 * 4 else { throw .failed("a short word of the shared queue") }
    var bytes = bytes
    // Safe: there are `head` bytes after the first, and `encode` wrote the lengths.
    self = unsafe bytes.withUnsafeMutableBytes { memory in
      var event = unsafe quark_event()
      unsafe event.events = memory.loadUnaligned(fromByteOffset: 1, as: UInt64.self)
      unsafe event.time = memory.loadUnaligned(fromByteOffset: 9, as: UInt64.self)
      unsafe event.id_change = memory.loadUnaligned(fromByteOffset: 17, as: UInt32.self)
      var known = unsafe memory.loadUnaligned(fromByteOffset: 21, as: quark_process.self)
      var offset = 1 + head
      func next() -> UnsafeMutablePointer<CChar>? {
        let count = unsafe Int(memory.loadUnaligned(fromByteOffset: offset, as: Int32.self))
        offset += 4
        guard count >= 0 else { return nil }
        defer { offset += count + 1 }
        return unsafe (memory.baseAddress! + offset).assumingMemoryBound(to: CChar.self)
      }
      unsafe known.exe = next()
      unsafe known.cwd = next()
      unsafe known.cgroup = next()
      unsafe known.script = next()
      unsafe known.cmdline = next()
      unsafe known.env = next()
      return unsafe withUnsafePointer(to: known) { process in
        unsafe event.process = unsafe process
        return unsafe Life.Part(event)
      }
    }
  }
}

extension [UInt8] {
  /// Appends a length, as many bytes, and a NUL.
  fileprivate mutating func append(_ text: UnsafeMutablePointer<CChar>?, count: Int) {
    guard let text = unsafe text else { return unsafe append(bytesOf: Int32(-1)) }
    unsafe append(bytesOf: Int32(count))
    unsafe append(contentsOf: UnsafeRawBufferPointer(start: text, count: count))
    append(0)
  }
}
