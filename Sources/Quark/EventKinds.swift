/// What happened. One event may have several kinds.
public struct EventKinds: OptionSet, Sendable {
  /// The bits of QUARK_EV_* in quark.h.
  public let rawValue: UInt64
  @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// A process was forked.
  @inlinable public static var fork: EventKinds { EventKinds(rawValue: 1 << 0) }
  /// It executed a program.
  @inlinable public static var exec: EventKinds { EventKinds(rawValue: 1 << 1) }
  /// It ended.
  @inlinable public static var exit: EventKinds { EventKinds(rawValue: 1 << 2) }
  /// It changed its ids or its session: ``EventProtocol/idChanges``.
  @inlinable public static var idChange: EventKinds { EventKinds(rawValue: 1 << 3) }
  /// It changed its name.
  @inlinable public static var setProcessTitle: EventKinds { EventKinds(rawValue: 1 << 4) }
  /// It acted on another process with ptrace(2): ``EventProtocol/ptrace``. Only reported if it is asked for.
  @inlinable public static var ptrace: EventKinds { EventKinds(rawValue: 1 << 10) }
  /// It got shared memory: ``EventProtocol/sharedMemory``. Only reported if it is asked for.
  @inlinable public static var sharedMemory: EventKinds { EventKinds(rawValue: 1 << 12) }
  /// It loaded a kernel module: ``EventProtocol/moduleLoad``. Only reported if it is asked for.
  @inlinable public static var moduleLoad: EventKinds { EventKinds(rawValue: 1 << 11) }
  /// It wrote to a terminal: ``EventProtocol/terminalWrite``. Only reported if it is asked for.
  @inlinable public static var terminalWrite: EventKinds { EventKinds(rawValue: 1 << 13) }
  /// It called getpid(2). Only reported if it is asked for: ``Queue/Attributes/moreEvents``.
  @inlinable public static var getpid: EventKinds { EventKinds(rawValue: 1 << 14) }
}

/// Which ids a process changed.
public struct IDChanges: OptionSet, Sendable {
  /// The bits of QUARK_ID_CHANGE_* in quark.h.
  public let rawValue: UInt32
  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// It began a new session, setsid(2).
  @inlinable public static var session: IDChanges { IDChanges(rawValue: 1) }
  /// It changed user ids, with setuid(2) and similar calls.
  @inlinable public static var user: IDChanges { IDChanges(rawValue: 2) }
  /// It changed group ids, with setgid(2) and similar calls.
  @inlinable public static var group: IDChanges { IDChanges(rawValue: 4) }
}
