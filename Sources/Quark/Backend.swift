import CQuark
import QuarkLinux

/// The backend of a queue: one of those that are allowed, the best that this kernel has. In memory of its own, so that
/// its end is one call, and not written out wherever a queue ends.
@safe @usableFromInline struct Backend: ~Copyable {
  private let choice: UnsafeMutablePointer<Choice>

  init(_ flags: CInt, _ settings: BackendSettings) throws(QuarkError) {
    let choice = try Choice(flags, settings)
    unsafe self.choice = .allocate(capacity: 1)
    unsafe self.choice.initialize(to: choice)
  }

  @inlinable deinit { destroy() }

  @usableFromInline @inline(never) func destroy() {
    unsafe choice.deinitialize(count: 1)
    unsafe choice.deallocate()
  }

  var fallbackReason: String { unsafe choice.pointee.fallbackReason }
  /// QQ_EBPF or QQ_KPROBE.
  var flag: CInt { unsafe choice.pointee.flag }
  /// Whether the reader is woken after some time for what waits in a ring, however little that is.
  var wakesInTime: Bool { unsafe choice.pointee.flag == QQ_EBPF }
  /// Records that the backend itself could make no sense of.
  var malformed: UInt64 { unsafe choice.pointee.malformed }
  /// By which means of the kernel each kind of record is had.
  var description: String { unsafe choice.pointee.description }

  /// Becomes readable when it is time to read records.
  func watch(_ epoll: borrowing Epoll) throws(Errno) { try unsafe choice.pointee.watch(epoll) }

  /// Lends up to `limit` records, each only for the duration of the call. Returns how many.
  mutating func consume(limit: Int, _ body: (RawSpan) -> Void) -> Int {
    unsafe choice.pointee.consume(limit: limit, body)
  }

  /// Records of the process family that were missed.
  func lost() -> UInt64 { unsafe choice.pointee.lost() }
}

private struct Choice: ~Copyable {
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
