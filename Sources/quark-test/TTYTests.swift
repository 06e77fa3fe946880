import CLinux
import CQuark
import Quark
import QuarkLinux

/// What a process writes to a terminal is told, whatever the call and the pieces, with the terminal's number, size and
/// modes; what is typed and echoed too. A password is not, nor what goes elsewhere.
func terminalWrites(_ context: TestContext) throws(TestEnd) {
  var context = context
  context.attributes.flags |= QQ_TTY
  var queue = try context.open(returnsBy: "fexit")
  for place in [Place.thread, .namespace] {
    let truth = try Truth()
    let terminal = try Terminal(truth)
    let life = try context.live(at: place, in: &queue) { use(terminal, truth) }
    try expectWrites(life, truth)
  }
  try expectHook("tty write: %/n_tty_write", "fexit", in: unsafe queue.queue.pointee.hooks)
}

private func use(_ terminal: borrowing Terminal, _ truth: borrowing Truth) {
  let slave = terminal.openSlave(truth)
  must("set the size", clinux_set_window(slave, 33, 99))
  say(slave, Array("one\n".utf8))
  say(slave, [])
  say(slave, Array("two".utf8), Array("three".utf8))
  say(slave, long.0, long.1)
  let file = unsafe clinux_open("/dev/null", O_WRONLY | O_CLOEXEC, 0)
  say(file, Array("to no terminal".utf8))
  say(terminal.master, Array("typed".utf8))
  must("turn the echo off", clinux_set_echo(slave, 0))
  say(terminal.master, Array("secret".utf8))
  say(slave, Array("\u{1b}[0m\\".utf8))
  if unsafe write(-1, "x", 1) >= 0 { must("fail", -1) }
}

/// More than the kernel takes at once, and its pieces do not end where the kernel's do.
private var long: ([UInt8], [UInt8]) {
  ([UInt8](repeating: UInt8(ascii: "a"), count: 1500), [UInt8](repeating: UInt8(ascii: "b"), count: 1000))
}

/// The kernel's pieces have 2048 bytes: do_tty_write().
private func expectWrites(_ life: Life, _ truth: borrowing Truth) throws(TestEnd) {
  let told = life.parts.filter { $0.has(QUARK_EV_TTY) }
  for part in told { try expectEqual("events", part.events, UInt64(QUARK_EV_TTY)) }
  let prefix = "\(truth[0]):\(truth[1]) 33x99"
  let bytes = long.0 + long.1
  let pieces = [bytes.prefix(2048), bytes.dropFirst(2048)].map { String(decoding: $0, as: UTF8.self) }
  let expected = [
    "\(prefix) output echo one\n|twothree|\(pieces[0])|\(pieces[1])|", "\(prefix) input echo typed|",
    "\(prefix) output silent \u{1b}[0m\\|",
  ]
  try expectEqual("writes", told.map { $0.terminal }.joined(separator: "/"), expected.joined(separator: "/"))
}

/// Of many writes to a terminal each comes once and in its order, or is counted as lost, also when nobody reads the
/// ring meanwhile and it overflows; what the reader itself writes does not come. If `QUARK_TEST_LOAD` says how many, so
/// it is by either kind of hooks.
func terminalLoad(_ context: TestContext) throws(TestEnd) {
  let amount = Options.amount("QUARK_TEST_LOAD")
  var context = context
  context.attributes.flags |= QQ_TTY
  context.attributes.hold_time = 10
  if amount == nil { context.attributes.ring_size = 32 << 10 }
  for kind in amount == nil ? ["kretprobe"] : Place.returns {
    var queue = try context.open(returnsBy: kind)
    try expectHook("tty write: %/n_tty_write", kind, in: unsafe queue.queue.pointee.hooks)
    for reads in [true, false] { try expectAll(amount ?? 400, in: &queue, readsMeanwhile: reads) }
  }
}

private func expectAll(_ count: Int, in queue: inout TestQueue, readsMeanwhile: Bool) throws(TestEnd) {
  let start = milliseconds()
  let lostBefore = try queue.counters().lost_by_family.7
  let account = try load(count, in: &queue, readsMeanwhile: readsMeanwhile)
  let statistics = try queue.counters()
  let lost = Int(statistics.lost_by_family.7 - lostBefore)
  FileDescriptor.complain(
    (readsMeanwhile ? "read" : "not read") + ": \(count) writes, \(account.count) came, \(lost) lost\n")
  try expectEqual("the reader's own writes", account.own, 0)
  try expect(account.isInOrder, "a write came twice, or in another order, or is another one")
  // Of the writes of others, which say how the tests fare, some may be lost, too.
  let others = account.count + lost - count
  let seconds = (milliseconds() - start) / 1000
  try expect((0...(2 + seconds)).contains(others), "\(account.count) came, \(lost) lost of \(count)")
  try expect(account.count > 0 && (readsMeanwhile || lost > 0), "\(account.count) came, and \(lost) were lost")
  try expectEqual("malformed", Int(statistics.malformed), 0)
}

private func load(
  _ count: Int, in queue: inout TestQueue, readsMeanwhile: Bool
) throws(TestEnd) -> WriteAccount {
  let truth = try Truth()
  let terminal = try Terminal(truth)
  let drain = try start { terminal.drain() }
  let writer = try start {
    let slave = terminal.openSlave(truth)
    for index in 0..<count { say(slave, [UInt8](repeating: UInt8(truncatingIfNeeded: index), count: length(index))) }
    return 8
  }
  var account = WriteAccount(writer: UInt32(writer))
  must("type", CInt(unsafe write(terminal.master, "reader", 6)))
  var status: CInt = 0
  while unsafe waitpid(writer, &status, WNOHANG) == 0 {
    if readsMeanwhile { try account.read(&queue) } else { usleep(1000) }
  }
  try expectEqual("the writer's end", status, 8 << 8)
  try expectEqual("the end of who reads the terminal", try wait(for: drain), 9 << 8)
  try queue.populate()
  while unsafe queue.queue.pointee.length > 0 { try account.read(&queue) }
  return account
}

/// The lengths tell the writes apart, and are below what a terminal takes at once.
private func length(_ index: Int) -> Int { 1 + index % 2000 }

/// What came of a writer's writes.
private struct WriteAccount {
  let writer: UInt32
  private(set) var count = 0
  private(set) var isInOrder = true
  /// Writes of the reader, which must not come.
  private(set) var own = 0
  /// The number of the last one.
  private var last = -1

  init(writer: UInt32) { self.writer = writer }

  /// What there is now.
  mutating func read(_ queue: inout TestQueue) throws(TestEnd) {
    while let event = unsafe queue.queue.pointee.nextEvent() { unsafe add(event.pointee) }
    do { try unsafe queue.queue.pointee.block() } catch { throw .failed("block: \(error.description)") }
  }

  private mutating func add(_ event: quark_event) {
    guard var write = unsafe event.tty, let process = unsafe event.process else { return }
    if unsafe process.pointee.pid == UInt32(getpid()) { own += 1 }
    guard unsafe process.pointee.pid == writer else { return }
    while true {
      unsafe add(write)
      guard let next = unsafe write.pointee.next else { return }
      unsafe write = next
    }
  }

  /// Its number is greater than that of the last one; the length and the first byte say it, up to a multiple of both.
  private mutating func add(_ write: UnsafeMutablePointer<quark_tty>) {
    count += 1
    // Safe: a NUL follows the structure if there are no data.
    let first = unsafe (UnsafeRawPointer(write) + MemoryLayout<quark_tty>.size).load(as: UInt8.self)
    let size = unsafe write.pointee.data_len
    var number = last + 1
    while length(number) != size || UInt8(truncatingIfNeeded: number) != first {
      number += 1
      if number > last + 40_000 { return isInOrder = false }
    }
    last = number
  }
}

/// A pseudo terminal, whose slave's path is the truth's text.
private struct Terminal: ~Copyable {
  private let file: FileDescriptor
  var master: CInt { file.rawValue }

  init(_ truth: borrowing Truth) throws(TestEnd) {
    let master = unsafe clinux_open_pty(truth.buffer, truth.capacity)
    guard master >= 0 else { throw .failed("no pseudo terminal: \(Errno.current.description)") }
    file = FileDescriptor(owning: master)
  }

  /// In a child. Its number becomes the truth's first two numbers.
  func openSlave(_ truth: borrowing Truth) -> CInt {
    let slave = unsafe clinux_open(truth.buffer, O_RDWR | O_NOCTTY, 0)
    must("open a terminal", slave)
    var information = stat()
    must("fstat", unsafe fstat(slave, &information))
    truth[0] = Int(gnu_dev_major(information.st_rdev))
    truth[1] = Int(gnu_dev_minor(information.st_rdev))
    return slave
  }

  /// In a child: reads the master until nobody has the slave open any more. Returns 9.
  func drain() -> CInt {
    unsafe withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 1) { buffer in
      while unsafe read(master, buffer.baseAddress!, buffer.count) > 0 {}
    }
    return 9
  }
}

/// By write(2), or in two pieces by writev(2).
private func say(_ file: CInt, _ words: [UInt8], _ more: [UInt8]? = nil) {
  let count =
    if let more {
      unsafe clinux_write_pieces(file, words, words.count, more, more.count)
    } else {
      unsafe write(file, words, words.count)
    }
  must("write all of it", count == words.count + (more ?? []).count ? 0 : -1)
}
