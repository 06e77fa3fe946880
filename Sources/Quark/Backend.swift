import CQuark
import QuarkLinux

/// The backend of a queue: one of those that are allowed, the best that this kernel has.
struct Backend: ~Copyable {
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

  /// QQ_EBPF or QQ_KPROBE.
  var flag: CInt { ebpf != nil ? QQ_EBPF : QQ_KPROBE }

  /// Whether the reader is woken after some time for what waits in a ring, however little that is.
  var wakesInTime: Bool { ebpf != nil }

  /// Becomes readable when it is time to read records.
  func watch(_ epoll: borrowing Epoll) throws(Errno) {
    switch ebpf {
    case .some(let backend): try backend.watch(epoll)
    case nil: break
    }
    switch kprobe {
    case .some(let backend): try backend.watch(epoll)
    case nil: break
    }
  }

  /// Lends up to `limit` records, each only for the duration of the call. Returns how many.
  mutating func consume(limit: Int, _ body: (RawSpan) -> Void) -> Int {
    if ebpf != nil { return ebpf!.consume(limit: limit, body) }
    return kprobe!.consume(limit: limit, body)
  }

  /// Records of the process family that were missed.
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

  /// Records that the backend itself could make no sense of.
  var malformed: UInt64 {
    switch kprobe {
    case .some(let backend): backend.malformed
    case nil: 0
    }
  }

  /// By which means of the kernel each kind of record is had.
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
