/// The user and group ids of a process: credentials(7).
public struct Credentials: Equatable, Sendable {
  public var user: UInt32
  public var effectiveUser: UInt32
  public var savedUser: UInt32
  public var group: UInt32
  public var effectiveGroup: UInt32
  public var savedGroup: UInt32
}

/// The capabilities of a process: capabilities(7). In each set the number of a bit is the number of a capability.
public struct Capabilities: Equatable, Sendable {
  public var inheritable: UInt64
  public var permitted: UInt64
  public var effective: UInt64
  public var bounding: UInt64
  public var ambient: UInt64
}

/// The inode numbers of a process's namespaces: namespaces(7). 0: not known.
public struct Namespaces: Equatable, Sendable {
  public var uts: UInt32
  public var ipc: UInt32
  public var mount: UInt32
  public var network: UInt32
}

/// The controlling terminal of a process, by its device numbers.
public struct Terminal: Equatable, Sendable {
  public var major: UInt32
  public var minor: UInt32
}

/// The process with which a session began.
public struct EntryLeader: Equatable, Sendable {
  public var pid: UInt32
  public var kind: Kind

  /// How the session began. The numbers are those of QUARK_ELT_* in quark.h.
  public enum Kind: UInt32, Sendable {
    /// It could not be found out.
    case unknown
    /// With process 1.
    case initProcess
    /// With a kernel thread.
    case kernelThread
    /// With a login through sshd(8).
    case sshd
    /// With a session of Amazon's SSM agent.
    case systemsManager
    /// With a container runtime.
    case container
    /// With a login at a terminal.
    case terminal
    /// Not used so far.
    case console
  }
}

/// How a process ended.
public struct Exit: Equatable, Sendable {
  /// The status that it passed to exit(3); 0 if a signal killed it.
  public var code: Int32
  /// The signal that killed it, or 0.
  public var signal: Int32
  /// Nanoseconds since the epoch.
  public var timeNS: UInt64
}
