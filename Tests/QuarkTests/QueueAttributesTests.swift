import CQuark
import Quark
import QuarkLinux
import Testing

/// Attributes are checked before anything is opened: none of these tests uses the kernel's tracing.
@Suite struct QueueAttributesTests {
  func errno(_ change: (inout quark_queue_attr) -> Void) -> CInt? {
    var attributes = Queue.defaultAttributes
    change(&attributes)
    do {
      _ = try Queue(attributes)
      return nil
    } catch {
      return error.errno.rawValue
    }
  }

  @Test func outOfRange() {
    #expect(errno { $0.max_length = 0 } == 22)
    #expect(errno { $0.max_length = -1 } == 22)
    #expect(errno { $0.cache_grace_time = -1 } == 22)
    #expect(errno { $0.hold_time = 9 } == 22)
    #expect(errno { $0.flags = 0 } == 22)
    #expect(errno { $0.flags = QQ_MIN_AGG } == 22)
    for size in [1, 4095, 2048, 12288, 1 << 31] { #expect(errno { $0.ring_size = size } == 22, "\(size)") }
  }

  static let families: [(CInt, String)] = [
    (QQ_SOCK_CONN, "QQ_SOCK_CONN"), (QQ_DNS, "QQ_DNS"), (QQ_BYPASS, "QQ_BYPASS"), (QQ_FILE, "QQ_FILE"),
    (QQ_MPROTECT, "QQ_MPROTECT"),
  ]

  @Test(arguments: families) func unsupportedFlagIsNamed(flag: CInt, name: String) {
    var attributes = Queue.defaultAttributes
    attributes.flags = QQ_EBPF | flag
    do {
      _ = try Queue(attributes)
      Issue.record("\(name) is supported")
    } catch {
      #expect(error.errno.rawValue == 95)
      #expect(error.message.contains(name))
    }
  }

  @Test func bypassGoesWithEBPFAlone() {
    for other in [QQ_KPROBE, QQ_NOVA, QQ_ENTRY_LEADER, QQ_MIN_AGG, QQ_THREAD_EVENTS] {
      #expect(errno { $0.flags = QQ_BYPASS | QQ_EBPF | other } == 22)
    }
    #expect(errno { $0.flags = QQ_BYPASS | QQ_KPROBE } == 22)
    #expect(errno { ($0.flags, $0.kubefd) = (QQ_BYPASS | QQ_EBPF, 3) } == 22)
  }

  @Test func notThereYet() {
    #expect(errno { $0.flags = QQ_NOVA } == 95)
    #expect(errno { $0.flags = QQ_EBPF | 1 << 20 } == 95)
    #expect(errno { $0.flags = QQ_EBPF | QQ_FILE } == 95)
    #expect(errno { $0.kubefd = 3 } == 95)
  }
}
