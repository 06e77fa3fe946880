/// What happened, of which one event may tell several things.
public struct EventKinds: OptionSet, Sendable {
  /// The bits of QUARK_EV_* in quark.h.
  public let rawValue: UInt64
  @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// A process came to be.
  @inlinable public static var fork: EventKinds { EventKinds(rawValue: 1 << 0) }
  /// It began to run another program.
  @inlinable public static var exec: EventKinds { EventKinds(rawValue: 1 << 1) }
  /// It ended.
  @inlinable public static var exit: EventKinds { EventKinds(rawValue: 1 << 2) }
  /// It changed whose it is: ``EventProtocol/idChanges``.
  @inlinable public static var idChange: EventKinds { EventKinds(rawValue: 1 << 3) }
  /// It took another name.
  @inlinable public static var setProcessTitle: EventKinds { EventKinds(rawValue: 1 << 4) }
  /// It did something to another process by ptrace(2): ``EventProtocol/ptrace``. Only if that is asked for.
  @inlinable public static var ptrace: EventKinds { EventKinds(rawValue: 1 << 10) }
  /// It got shared memory: ``EventProtocol/sharedMemory``. Only if that is asked for.
  @inlinable public static var sharedMemory: EventKinds { EventKinds(rawValue: 1 << 12) }
  /// It loaded a module of the kernel: ``EventProtocol/moduleLoad``. Only if that is asked for.
  @inlinable public static var moduleLoad: EventKinds { EventKinds(rawValue: 1 << 11) }
  /// It called getpid(2). Only if that is asked for: ``Queue/Attributes/moreEvents``.
  @inlinable public static var getpid: EventKinds { EventKinds(rawValue: 1 << 14) }
}

/// How a process changed whose it is.
public struct IDChanges: OptionSet, Sendable {
  /// The bits of QUARK_ID_CHANGE_* in quark.h.
  public let rawValue: UInt32
  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// It leads a session of its own, setsid(2).
  @inlinable public static var session: IDChanges { IDChanges(rawValue: 1) }
  /// Some of its user ids: setuid(2) and its like.
  @inlinable public static var user: IDChanges { IDChanges(rawValue: 2) }
  /// Some of its group ids: setgid(2) and its like.
  @inlinable public static var group: IDChanges { IDChanges(rawValue: 4) }
}
