internal import CLinux
internal import CQuark
internal import CWire
public import QuarkCore

/// The programs of bpf/quark.bpf.c, loaded and attached, and the ring they write to.
public struct EBPFBackend: RecordSource, ~Copyable {
  /// Bytes of the ring: 4 MiB.
  public static var defaultRingSize: Int { 4 << 20 }

  /// As many as it has open at a time, and some more. libbpf tries what the kernel can do, and keeps what it found for
  /// the whole program: it is not to find that the kernel can do nothing, for want of a descriptor.
  private static var descriptors: Int { 48 }

  private var loaded: LoadedObject
  /// As the kernel said last. Between 5.12 and 5.19 it stops to say so when privileges are dropped; those kernels count
  /// runs of fentry programs alone, and the ones here are of other kinds wherever kprobes can be had.
  private var missedRuns = LossCounts()
  private let plan: HookPlan

  public var traits: SourceTraits { SourceTraits(name: "ebpf", flag: QQ_EBPF, wakesInTime: true) }
  public var description: String { plan.description }
  public var means: SourceMeans { plan.means }

  public init(_ settings: BackendSettings = BackendSettings()) throws(QuarkError) {
    do throws(QuarkError) {
      guard DescriptorLimit.hasRoom(for: Self.descriptors) else {
        throw QuarkError("open so many descriptors", Errno(EMFILE))
      }
      var loader = try EBPFLoader(settings)
      loaded = try loader.open()
      plan = loader.plan
    } catch {
      throw Capabilities.explaining(error)
    }
  }

  /// Becomes readable when records wait.
  public func watch(_ epoll: borrowing Epoll) throws(Errno) {
    try epoll.add(readable: loaded.object.descriptor(ofMap: "ring"))
  }

  /// Lends up to `limit` records, each only for the duration of the call. Returns how many.
  public mutating func consume(limit: Int, _ body: (RawSpan) -> Void) -> Int { loaded.ring.consume(limit: limit, body) }

  /// Records that were missed since the backend was opened: those the ring had no room for, and those of programs that
  /// the kernel passed over.
  public mutating func lost() -> LossCounts {
    var runs = LossCounts()
    let isTold = unsafe loaded.object.addMissedRuns { program, count in
      if count > 0, let family = unsafe plan.family(ofProgram: program) { runs.add(count, of: family) }
    }
    if isTold { missedRuns = runs }
    var lost = loaded.counters.lost()
    lost.add(missedRuns)
    return lost
  }
}
