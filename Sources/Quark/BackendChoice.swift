import CQuark
import QuarkLinux

/// What a backend is, of those that there are.
struct BackendChoice: ~Copyable {
  // One of the two is there.
  private var ebpf: EBPFBackend?
  private var kprobe: KprobeBackend?
  /// Why one that was allowed is not used; empty: the first one is.
  let fallbackReason: String

  init(_ flags: CInt, _ settings: BackendSettings) throws(QuarkError) {
    guard flags & QQ_EBPF != 0 else {
      ebpf = nil
      kprobe = try KprobeBackend.open(settings)
      fallbackReason = ""
      return
    }
    let reason: QuarkError
    do throws(QuarkError) {
      ebpf = try EBPFBackend(settings)
      kprobe = nil
      fallbackReason = ""
      return
    } catch {
      reason = error
    }
    guard flags & QQ_KPROBE != 0 else { throw reason }
    do throws(QuarkError) {
      kprobe = try KprobeBackend.open(settings)
    } catch {
      throw QuarkError(error.attempt, error.errno, detail: Self.joined(error.detail, "EBPF: " + reason.message))
    }
    ebpf = nil
    fallbackReason = reason.message
  }

  private static func joined(_ first: String, _ second: String) -> String {
    first.isEmpty ? second : first + "\n" + second
  }

  var flag: CInt { ebpf != nil ? QQ_EBPF : QQ_KPROBE }

  mutating func watch(_ epoll: borrowing Epoll) throws(Errno) {
    if ebpf != nil { try ebpf!.watch(epoll) }
    if kprobe != nil { try kprobe!.watch(epoll) }
  }

  mutating func consume(limit: Int, _ body: (RawSpan) -> Void) -> Int {
    if ebpf != nil { return ebpf!.consume(limit: limit, body) }
    return kprobe!.consume(limit: limit, body)
  }

  func lost() -> UInt64 {
    switch ebpf {
    case .some(let backend): return backend.lost()
    case nil: break
    }
    switch kprobe {
    case .some(let backend): return backend.lost()
    case nil: return 0
    }
  }

  var malformed: UInt64 {
    switch kprobe {
    case .some(let backend): backend.malformed
    case nil: 0
    }
  }

  var description: String {
    switch ebpf {
    case .some(let backend): return backend.plan.description
    case nil: break
    }
    switch kprobe {
    case .some(let backend): return backend.description
    case nil: return ""
    }
  }
}
