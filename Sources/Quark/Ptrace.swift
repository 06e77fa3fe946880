internal import CQuark

/// A call of ptrace(2) that succeeded.
public struct Ptrace: Equatable, Sendable {
  /// The process to which it was done. Of PTRACE_TRACEME, which asks the parent to trace, it is the caller itself.
  public let childPID: UInt32
  /// PTRACE_*.
  public let request: Int64
  public let address: UInt64
  public let data: UInt64
}

extension EventProtocol where Self: ~Escapable {
  /// Of an event that is an ``EventKinds/ptrace``; else nil.
  public var ptrace: Ptrace? {
    guard kinds.contains(.ptrace) else { return nil }
    return unsafe Ptrace(
      childPID: storage.pointee.ptrace.child_pid, request: storage.pointee.ptrace.request,
      address: storage.pointee.ptrace.addr, data: storage.pointee.ptrace.data)
  }
}
