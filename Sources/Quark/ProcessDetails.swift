/// Whose a process is: credentials(7).
public struct Credentials: Equatable, Sendable {
  public var user: UInt32
  public var effectiveUser: UInt32
  public var savedUser: UInt32
  public var group: UInt32
  public var effectiveGroup: UInt32
  public var savedGroup: UInt32
}

/// What a process may do beyond what its user may: capabilities(7). Each set has a bit for each capability, by its number.
public struct Capabilities: Equatable, Sendable {
  public var inheritable: UInt64
  public var permitted: UInt64
  public var effective: UInt64
  public var bounding: UInt64
  public var ambient: UInt64
}

/// Which namespaces a process is in, by their inodes: namespaces(7). 0: not known.
public struct Namespaces: Equatable, Sendable {
  public var uts: UInt32
  public var ipc: UInt32
  public var mount: UInt32
  public var network: UInt32
}

/// The controlling terminal of a process, by the numbers of its device.
public struct Terminal: Equatable, Sendable {
  public var major: UInt32
  public var minor: UInt32
}

/// The process a session began with.
public struct EntryLeader: Equatable, Sendable {
  public var pid: UInt32
  public var kind: Kind

  /// How the session came to be. The numbers are those of QUARK_ELT_* in quark.h.
  public enum Kind: UInt32, Sendable {
    /// It could not be found out.
    case unknown
    /// With process 1.
    case initProcess
    /// With a thread of the kernel.
    case kernelThread
    /// With a login through sshd(8).
    case sshd
    /// With a session of Amazon's SSM agent.
    case systemsManager
    /// With a container's runtime.
    case container
    /// With a login at a terminal.
    case terminal
    /// Of no process so far.
    case console
  }
}

/// How a process ended.
public struct Exit: Equatable, Sendable {
  /// What it gave to exit(3); 0 for a death by signal.
  public var code: Int32
  /// The signal it died of; 0: none.
  public var signal: Int32
  /// Nanoseconds since the epoch.
  public var timeNS: UInt64
}
