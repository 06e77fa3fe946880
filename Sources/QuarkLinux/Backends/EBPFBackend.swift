internal import CLibbpf
internal import CLinux
internal import CWire

/// The programs of bpf/process.bpf.c, loaded and attached, and the ring they write to.
public struct EBPFBackend: ~Copyable {
  /// Bytes of the ring: 4 MiB.
  public static var defaultRingSize: Int { 4 << 20 }

  private var loaded: LoadedObject
  private let possibleCPUs: Int
  /// By which means each kind of record is had.
  public let plan: HookPlan

  public init(_ settings: BackendSettings = BackendSettings()) throws(QuarkError) {
    do throws(QuarkError) {
      var loader = try EBPFLoader(settings)
      loaded = try loader.open()
      plan = loader.plan
      possibleCPUs = loader.possibleCPUs
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

  /// Records of the process family that were missed since the backend was opened: those the ring had no room for, and
  /// those of programs that the kernel passed over.
  public func lost() -> UInt64 {
    var zero: UInt32 = 0
    let perCPU = UnsafeMutablePointer<wire_ring_stats>.allocate(capacity: possibleCPUs)
    defer { unsafe perCPU.deallocate() }
    // Safe: a look-up in a per-CPU map fills one 8-byte-aligned value per possible CPU: what was allocated.
    guard unsafe bpf_map_lookup_elem(loaded.object.descriptor(ofMap: "ring_stats"), &zero, perCPU) == 0 else { return 0 }
    var sum = loaded.object.missedRuns()
    for index in 0..<possibleCPUs { unsafe sum &+= perCPU[index].lost.0 }
    return sum
  }
}
