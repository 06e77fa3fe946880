internal import CQuark
internal import QuarkCore
internal import QuarkLinux

/// What a backend is, of those that there are.
struct BackendChoice: ~Copyable {
  // One of the three is there.
  private var ebpf: EBPFBackend?
  private var kprobe: KprobeBackend?
  private var replay: ReplayBackend?
  /// Why one that was allowed is not used; empty: the first one is.
  let fallbackReason: String

  init(replaying path: String) throws(QuarkError) {
    replay = try .open(path)
    ebpf = nil
    kprobe = nil
    fallbackReason = ""
  }

  init(_ flags: CInt, _ settings: BackendSettings) throws(QuarkError) {
    replay = nil
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
      throw error.after(ebpf: reason)
    }
    ebpf = nil
    fallbackReason = reason.message
  }

  var flag: CInt {
    if ebpf != nil { return QQ_EBPF }
    return kprobe != nil ? QQ_KPROBE : 0
  }

  /// How things stand in a recording; nil: the kernel is the source.
  mutating func replayState() -> ReplayBackend.State? { replay?.state() }

  mutating func watch(_ epoll: borrowing Epoll) throws(Errno) {
    if ebpf != nil { try ebpf!.watch(epoll) }
    if kprobe != nil { try kprobe!.watch(epoll) }
    switch replay {
    case .some(let replay): try epoll.add(readable: replay.readable)
    case nil: break
    }
  }

  mutating func consume(limit: Int, _ body: (RawSpan) -> Void) -> Int {
    if ebpf != nil { return ebpf!.consume(limit: limit, body) }
    if kprobe != nil { return kprobe!.consume(limit: limit, body) }
    return replay?.consume(limit: limit, body) ?? 0
  }

  mutating func lost() -> LossCounts {
    if ebpf != nil { return ebpf!.lost() }
    switch kprobe {
    case .some(let backend): return backend.lost()
    case nil: break
    }
    switch replay {
    case .some(let backend): return backend.lost()
    case nil: return LossCounts()
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
    case nil: return "a recording\n"
    }
  }
}
