import CLinux
import CQuark
import Quark
import QuarkCore
import QuarkLinux

/// What a test is handed: attributes for its queue, and helpers.
struct TestContext {
  /// The test's backend with entry leaders, and 100 ms of hold time so that tests are quick.
  var attributes: quark_queue_attr
  let backend: Backend
  let verbosity: Int

  init(_ backend: Backend, verbosity: Int) {
    self.backend = backend
    attributes = Queue.defaultAttributes
    attributes.flags = (backend.isKprobe ? QQ_KPROBE : QQ_EBPF) | QQ_ENTRY_LEADER
    attributes.hold_time = 100
    self.verbosity = verbosity
  }

  /// What kprobes cannot know is another thing than what there was: `t_unknown` says which.
  var isKprobe: Bool { backend.isKprobe }

  func open() throws(TestEnd) -> Queue {
    do { return try Queue(attributes) } catch { throw .failed("open: \(error.message)") }
  }

  /// The next event of `pid`; others are passed over. Fails after 10 seconds without one.
  @unsafe func nextEvent(of pid: pid_t, in queue: inout Queue) throws(TestEnd) -> UnsafePointer<quark_event> {
    let deadline = now() + 10_000_000_000
    while now() < deadline {
      guard let event = unsafe queue.nextEvent() else {
        do { try queue.block() } catch { throw .failed("block: \(error.description)") }
        continue
      }
      if verbosity > 1 { unsafe show(event) }
      if let process = unsafe event.pointee.process, unsafe process.pointee.pid == UInt32(pid) { return unsafe event }
    }
    throw .failed("no event of pid \(pid) within 10 s; statistics: \(describe(queue.counters()))")
  }

  private func now() -> UInt64 { (try? Clock.bootNS()) ?? 0 }

  private func show(_ event: UnsafePointer<quark_event>) {
    var text = ByteBuffer()
    _ = unsafe EventText.append(event.pointee, to: &text)
    FileDescriptor.complain(String(decoding: text.bytes, as: UTF8.self))
  }

  private func describe(_ stats: quark_queue_stats) -> String {
    "insertions \(stats.insertions) removals \(stats.removals) lost \(stats.lost) malformed \(stats.malformed)"
  }
}
