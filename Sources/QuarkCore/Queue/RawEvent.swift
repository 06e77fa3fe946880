public import CWire

/// One record of a backend, decoded and waiting in the queue. Owns its variable data until it is applied or dropped.
@unsafe public struct RawEvent {
  public enum Kind: UInt8, Sendable { case fork, exec, exit }

  public var kind: Kind
  /// Thread group, in the initial pid namespace.
  public var pid: UInt32
  /// Nanoseconds since boot, suspend included.
  public var timeNS: UInt64
  /// Order of arrival: decides between equal time stamps.
  public var sequence: UInt64 = 0
  public var task: wire_task
  public var exe: OwnedBytes?
  public var cwd: OwnedBytes?
  /// NUL-separated; the last argument's NUL is the one `OwnedBytes` adds.
  public var arguments: OwnedBytes?

  public func deallocate() {
    unsafe exe?.deallocate()
    unsafe cwd?.deallocate()
    unsafe arguments?.deallocate()
  }
}
