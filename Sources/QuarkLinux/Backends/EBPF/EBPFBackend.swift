internal import CLinux
internal import CQuark
internal import CWire
public import QuarkCore

/// The programs of bpf/quark.bpf.c, loaded and attached, and the ring to which they write.
public struct EBPFBackend: RecordSource, ~Copyable {
  /// Bytes of the ring: 4 MiB.
  public static var defaultRingSize: Int { 4 << 20 }

  /// The number of descriptors that it has open at the same time, and some more. libbpf probes the kernel's features,
  /// and keeps the results for the whole program: it must not find a feature missing because there is no free
  /// descriptor.
  private static var descriptors: Int { 48 }

  private var loaded: LoadedObject
  /// The last known number of missed runs. Between 5.12 and 5.19 the kernel does not report it after privileges were
  /// dropped; these kernels count only fentry programs, and here other kinds are used wherever kprobes are available.
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

  /// Lends up to `limit` records, each only for the duration of the call. Returns their number.
  public mutating func consume(limit: Int, _ body: (RawSpan) -> Void) -> Int { loaded.ring.consume(limit: limit, body) }

  /// Records that were lost since the backend was opened: those that did not fit in the ring, and those of programs
  /// that the kernel skipped.
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
