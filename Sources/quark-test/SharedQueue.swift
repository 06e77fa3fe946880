import CLinux
import CQuark
import Quark
import QuarkCore
import QuarkLinux

/// A queue that tests share, in its own process: whatever a test does, the queue goes on. A test reads through a
/// socket, and gets only the events of its descendants.
struct SharedQueue: ~Copyable {
  private var queue: Queue
  /// Sockets of new readers come through this socket; when its other end is closed, the queue closes.
  private let control: FileDescriptor
  private var readers: [Reader] = []
  /// The reader that made each process; only a few are alive at a time.
  private var owners: [(pid: UInt32, reader: UInt32)] = []

  /// Opens a queue and serves readers until no new reader can come.
  static func serve(
    _ attributes: quark_queue_attr, control: consuming FileDescriptor, isSeparate: Bool
  ) -> TestProcess.Ending {
    _ = clinux_end_with_parent(SIGKILL)
    let opened: Queue
    do throws(TestEnd) { opened = try open(attributes) } catch {
      guard case .failed(let reason) = error else { return TestProcess.Ending(status: 1) }
      return TestProcess.Ending(status: 1, reason: reason)
    }
    var host = SharedQueue(queue: opened, control: control)
    if isSeparate { host.queue.forbidJoining() }
    while host.turn() {}
    let end = milliseconds()
    _ = consume host
    Stopwatch.closing.add(milliseconds() - end)
    return TestProcess.Ending()
  }

  private static func open(_ attributes: quark_queue_attr) throws(TestEnd) -> Queue {
    let lock = try TestLock.sharedOpening()
    let start = milliseconds()
    defer { Stopwatch.opening.add(milliseconds() - start) }
    do throws(QuarkError) {
      let queue = try Queue(attributes)
      extendLifetime(lock)
      return queue
    } catch { throw .failed("open: \(error.message)") }
  }

  private init(queue: consuming Queue, control: consuming FileDescriptor) {
    self.queue = queue
    self.control = control
  }

  /// Waits for something to do, and does it. False at the end.
  private mutating func turn() -> Bool {
    var watched = [
      pollfd(fd: control.rawValue, events: Int16(POLLIN), revents: 0),
      pollfd(fd: queue.epollDescriptor, events: Int16(POLLIN), revents: 0),
    ]
    for reader in readers {
      watched.append(pollfd(fd: reader.socket, events: Int16(POLLIN) | (reader.isBehind ? Int16(POLLOUT) : 0), revents: 0))
    }
    // Events become ready without a wake-up. Without readers there is nothing to deliver, and the ring wakes the queue
    // when it fills up.
    _ = unsafe poll(&watched, nfds_t(watched.count), readers.isEmpty ? 100 : 20)
    for index in readers.indices where watched[2 + index].revents & ~Int16(POLLOUT) != 0 { hear(index) }
    pump()
    if watched[0].revents != 0 {
      let socket = clinux_receive_descriptor(control.rawValue)
      guard socket >= 0 else { return false }
      _ = clinux_fcntl(socket, F_SETFL, O_NONBLOCK)
      readers.append(Reader(socket: socket))
    }
    for index in readers.indices { readers[index].flush() }
    for reader in readers where reader.isGone {
      close(reader.socket)
      owners.removeAll { $0.reader == reader.pid }
    }
    readers.removeAll { $0.isGone }
    return true
  }

  /// Delivers the events that are ready.
  private mutating func pump() {
    while let event = unsafe queue.nextEvent() {
      guard let process = unsafe event.pointee.process else { continue }
      let (pid, parent) = unsafe (process.pointee.pid, process.pointee.proc_ppid)
      if unsafe event.pointee.events & UInt64(QUARK_EV_FORK) != 0 {
        owners.removeAll { $0.pid == pid }
        if let reader = owner(of: parent) { owners.append((pid, reader)) }
      }
      let owner = owner(of: pid)
      let bytes = unsafe Life.Part.encode(.event, event.pointee, process)
      // A process whose parents are not known may belong to any reader.
      for index in readers.indices where owner == nil || readers[index].pid == owner { readers[index].send(bytes) }
    }
  }

  /// The reader that is this process, or that made it.
  private func owner(of pid: UInt32) -> UInt32? {
    readers.contains { $0.pid == pid } ? pid : owners.last { $0.pid == pid }?.reader
  }

  /// Answers the request of a reader.
  private mutating func hear(_ index: Int) {
    let bytes = Message.receive(from: readers[index].socket)
    guard bytes.count == 5, let message = Message(rawValue: bytes[0]) else {
      readers[index].isGone = true
      return
    }
    // Safe: there are four bytes after the first.
    let number = unsafe bytes.withUnsafeBytes { unsafe $0.loadUnaligned(fromByteOffset: 1, as: UInt32.self) }
    switch message {
    case .attach:
      readers[index].pid = number
      // Events of its children come after the answer; an older process with its pid is another one.
      owners.removeAll { $0.pid == number }
      readers[index].send([Message.welcome.rawValue])
    case .populate:
      _ = queue.populate()
      readers[index].send([Message.done.rawValue])
    case .lookup:
      guard let process = unsafe queue.lookup(pid: number) else { return readers[index].send([Message.known.rawValue]) }
      readers[index].send(unsafe Life.Part.encode(.known, quark_event(), process))
    case .counters:
      var answer = [Message.statistics.rawValue]
      unsafe answer.append(bytesOf: queue.counters())
      readers[index].send(answer)
    default: readers[index].isGone = true
    }
  }

  /// A test at the other end of a socket.
  private struct Reader {
    let socket: CInt
    /// The pid of the test; 0 until it has attached.
    var pid: UInt32 = 0
    var isGone = false
    /// Messages that the reader has not taken yet.
    private var backlog: [[UInt8]] = []

    init(socket: CInt) { self.socket = socket }

    var isBehind: Bool { !backlog.isEmpty }

    mutating func send(_ bytes: [UInt8]) {
      if pid != 0 || bytes.count == 1 { backlog.append(bytes) }
      flush()
    }

    mutating func flush() {
      var sent = 0
      for bytes in backlog {
        let count = unsafe bytes.withUnsafeBytes {
          unsafe CLinux.send(socket, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
        }
        if count < 0 {
          if Errno.current.rawValue != EAGAIN { isGone = true }
          break
        }
        sent += 1
      }
      backlog.removeFirst(sent)
    }
  }
}

extension Queue {
  /// Makes each record an event.
  mutating func forbidJoining() {
    for parent in 0..<RAW_NUM_TYPES.rawValue {
      for child in 0..<RAW_NUM_TYPES.rawValue {
        forbidAggregation(raw_types(parent), raw_types(child))
      }
    }
  }
}
