import CLinux
import CQuark
import Quark
import QuarkCore
import QuarkLinux

/// What a test gets: attributes for its own queue, and the socket of the shared queue.
struct TestContext {
  /// The test's backend with entry leaders, and a short hold time, so that tests are fast.
  var attributes: quark_queue_attr
  let backend: Backend
  let verbosity: Int
  private let isSeparate: Bool
  private let isKeepingOthers: Bool
  /// The socket of the shared queue; -1 if the test runs by itself.
  private let line: CInt

  init(_ test: Test, verbosity: Int, line: CInt) {
    backend = test.backend ?? .ebpf
    isSeparate = test.queue.isSeparate
    isKeepingOthers = test.isKeepingOthers
    // A test reads its own queue when its processes have ended: all of their records are there.
    attributes = Self.attributes(backend, holdTimeMS: 20)
    self.verbosity = verbosity
    self.line = line
  }

  /// The attributes of a shared queue. There the records of one process come with larger gaps, because other tests run
  /// in between. If nothing is joined, events are held only to be ordered, except for the two records that kprobes make
  /// of an exec.
  static func sharedAttributes(_ backend: Backend, isSeparate: Bool) -> quark_queue_attr {
    var attributes = attributes(backend, holdTimeMS: !isSeparate ? 800 : backend.isKprobe ? 250 : 50)
    // A test that looks up an exited process may have to wait for its turn.
    attributes.cache_grace_time = CInt(Options.scaled(10_000))
    return attributes
  }

  /// `holdTimeMS` is for the reference machine.
  private static func attributes(_ backend: Backend, holdTimeMS: Int) -> quark_queue_attr {
    var attributes = Queue.defaultAttributes
    attributes.flags = (backend.isKprobe ? QQ_KPROBE : QQ_EBPF) | QQ_ENTRY_LEADER
    attributes.hold_time = CInt(Options.scaled(holdTimeMS))
    return attributes
  }

  /// True if some data cannot be known: `t_unknown` says which.
  var isKprobe: Bool { backend.isKprobe }

  /// Opens or joins the queue that the test's declaration names.
  func open() throws(TestEnd) -> TestQueue {
    if line >= 0 { return try TestQueue(sharing: line, verbosity: verbosity) }
    let lock = isKeepingOthers ? try TestLock.sharedOpening() : nil
    let queue = try TestQueue(opening: attributes, lock: lock, verbosity: verbosity)
    if isSeparate { unsafe queue.queue.pointee.forbidJoining() }
    return queue
  }
}
