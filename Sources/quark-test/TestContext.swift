import CLinux
import CQuark
import Quark
import QuarkCore
import QuarkLinux

/// What a test is handed: attributes for a queue of its own, and the way to the one that it shares.
struct TestContext {
  /// The test's backend with entry leaders, and so little hold time that tests are quick.
  var attributes: quark_queue_attr
  let backend: Backend
  let verbosity: Int
  private let isSeparate: Bool
  /// To the shared queue; -1: the test runs by itself.
  private let line: CInt

  init(_ test: Test, verbosity: Int, line: CInt) {
    backend = test.backend ?? .ebpf
    isSeparate = test.queue.isSeparate
    attributes = Self.attributes(backend, holdTimeMS: 100)
    self.verbosity = verbosity
    self.line = line
  }

  /// Of a queue that many share: what belongs together comes less close together then, for other tests get their turns
  /// in between. Where nothing is joined, being in order is all that events are held for, but for the two records that
  /// kprobes make of an exec.
  static func sharedAttributes(_ backend: Backend, isSeparate: Bool) -> quark_queue_attr {
    var attributes = attributes(backend, holdTimeMS: !isSeparate ? 800 : backend.isKprobe ? 250 : 50)
    // Who asks for a process that has ended may have to wait for its turn.
    attributes.cache_grace_time = CInt(Options.scaled(10_000))
    return attributes
  }

  /// `holdTimeMS` is for a machine that is as fast as it should be.
  private static func attributes(_ backend: Backend, holdTimeMS: Int) -> quark_queue_attr {
    var attributes = Queue.defaultAttributes
    attributes.flags = (backend.isKprobe ? QQ_KPROBE : QQ_EBPF) | QQ_ENTRY_LEADER
    attributes.hold_time = CInt(Options.scaled(holdTimeMS))
    return attributes
  }

  /// What kprobes cannot know is another thing than what there was: `t_unknown` says which.
  var isKprobe: Bool { backend.isKprobe }

  /// The queue that the test's declaration says it reads.
  func open() throws(TestEnd) -> TestQueue {
    if line >= 0 { return try TestQueue(sharing: line, verbosity: verbosity) }
    let queue = try TestQueue(opening: attributes, verbosity: verbosity)
    if isSeparate { unsafe queue.queue.pointee.forbidJoining() }
    return queue
  }
}
