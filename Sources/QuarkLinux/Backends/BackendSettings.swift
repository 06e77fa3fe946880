internal import CQuark

/// What a queue asks of its backend.
public struct BackendSettings: Sendable {
  /// Bytes of a ring: a power of two, a page or more; 0: the backend's default.
  public var ringSize = 0
  /// Bytes of environment kept of each process.
  public var maxEnvironment = 4096
  /// How long events are held. The reader is woken at most ten times in that, unless the ring fills up.
  public var holdTimeMS = 1000
  /// Try the backend on a process of its own, and refuse to work if what arrives is wrong.
  public var testsItself = false
  /// The types of raw events that are asked for, a bit each: 1 << `raw_types`. Nobody needs to ask for these.
  public var types: UInt32 = cquark_types_for(0)
  /// Tell what threads do, too, where the backend can: KPROBE.
  public var seesThreads = false

  public init() {}
}
