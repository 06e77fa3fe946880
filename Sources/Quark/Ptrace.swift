internal import CQuark

/// A call of ptrace(2) that succeeded.
public struct Ptrace: Equatable, Sendable {
  /// The process that is traced. For PTRACE_TRACEME, which asks the parent to trace, it is the caller itself.
  public let childPID: UInt32
  /// One of PTRACE_*.
  public let request: Int64
  public let address: UInt64
  public let data: UInt64
}

extension EventProtocol where Self: ~Escapable {
  /// The call, if the event is an ``EventKinds/ptrace``; otherwise nil.
  public var ptrace: Ptrace? {
    guard kinds.contains(.ptrace) else { return nil }
    return unsafe Ptrace(
      childPID: storage.pointee.ptrace.child_pid, request: storage.pointee.ptrace.request,
      address: storage.pointee.ptrace.addr, data: storage.pointee.ptrace.data)
  }
}
