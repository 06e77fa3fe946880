internal import CQuark

/// The settings that a queue gives its backend.
public struct BackendSettings: Sendable {
  /// Bytes of a ring: a power of two, a page or more; 0 means the backend's default.
  public var ringSize = 0
  /// Bytes of environment kept for each process.
  public var maxEnvironment = 4096
  /// How long events are held. The reader is woken at most ten times in this time, unless the ring fills up.
  public var holdTimeMS = 1000
  /// Test the backend on a process made for that, and fail if the records are wrong.
  public var testsItself = false
  /// The types of raw events that are wanted, one bit each: 1 << `raw_types`. The default are those that every queue
  /// gets.
  public var types: UInt32 = cquark_types_for(0)
  /// Report threads, too, if the backend can do this: KPROBE can.
  public var seesThreads = false

  public init() {}
}
