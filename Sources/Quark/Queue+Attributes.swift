internal import CLinux
internal import CQuark
public import QuarkCore
public import QuarkLinux

extension Queue {
  /// What a queue is to be like. Each attribute has the value that suits most programs at first.
  public struct Attributes: Sendable {
    /// Those that may be used; the first of EBPF and KPROBE that this kernel has is.
    public var backends: Backends = .all
    /// Hands out what happened as it happened: forks, execs and exits of one process are not joined to one event.
    public var isMinimallyAggregated = false
    /// Finds for each process where its session began: ``ProcessProtocol/entryLeader``.
    public var findsEntryLeaders = false
    /// Kinds of events that are told only if they are asked for. A backend that cannot tell one says so in
    /// ``Queue/hooks`` and ``Queue/capabilities``; one that none can tell is refused.
    public var moreEvents: EventKinds = []
    /// Where less would be told than is asked for, a queue is not opened: ENOTSUP.
    public var isStrict = false
    /// Threads come and go as events, too.
    public var seesThreads = false
    /// Opening tries the backend on a process of its own, which takes some time and finds kernels that lie.
    public var testsItself = false
    /// Raw events held at most, from 1.
    public var maxLength = 10_000
    /// How long a process is known after its end, milliseconds, from 0.
    public var cacheGraceTimeMS = 4_000
    /// How long an event is held for older ones to come, and for others to join it, milliseconds, from 10.
    public var holdTimeMS = 1_000
    /// Bytes of a process's environment that are kept at most.
    public var maxEnvironment = 4_096
    /// Bytes of the kernel's ring, a power of two from 4,096 to 1 GiB; 0: as the backend likes it.
    public var ringSize = 0
    /// A recording that is played in place of what this kernel says, by its path: quark-recording(5).
    public var replay: String?

    public init() {}
  }

  /// Means of a kernel to tell what processes do.
  public struct Backends: OptionSet, Sendable {
    public let rawValue: Int32
    public init(rawValue: Int32) { self.rawValue = rawValue }

    /// Programs in the kernel. It knows all that there is to know.
    public static var ebpf: Backends { Backends(rawValue: QQ_EBPF) }
    /// Probes of tracefs, for kernels that take no programs. It knows no changes of ids.
    public static var kprobe: Backends { Backends(rawValue: QQ_KPROBE) }
    /// Either: ``ebpf`` where there is that, and ``kprobe`` where not.
    public static var all: Backends { [.ebpf, .kprobe] }
  }

  /// Opens a backend, takes stock of the processes there are, and begins to listen. That needs privilege: root, or
  /// CAP_BPF, CAP_PERFMON and what else the backend asks for.
  ///
  /// - Parameters:
  ///   - attributes: What it is to be like.
  ///   - rules: What they drop is not handed out: quark-rules(5). Nil: everything is.
  /// - Throws: What was attempted and why it failed. EINVAL: an attribute is out of range. EPERM, EACCES: privilege is
  ///   missing. ENOTSUP: no backend that is allowed works on this kernel.
  public init(_ attributes: Attributes = Attributes(), rules: consuming Ruleset? = nil) throws(QuarkError) {
    var plain = try attributes.plain()
    var rules = rules.take()
    unsafe plain.ruleset = Self.storage(of: rules)
    if let path = attributes.replay {
      let text = unsafe strdup(path)
      defer { unsafe free(text) }
      unsafe plain.replay = UnsafePointer(text)
      try self.init(plain)
    } else {
      try self.init(plain)
    }
    unsafe parts.pointee.ownRules = rules.take()
  }

  /// Takes these rules, or none, in place of those there are, from the next event on.
  public mutating func setRules(_ rules: consuming Ruleset?) {
    unsafe ruleset = Self.storage(of: rules)
    unsafe parts.pointee.ownRules = consume rules
  }

  @unsafe private static func storage(of rules: borrowing Ruleset?) -> UnsafeMutablePointer<quark_ruleset>? {
    switch rules {
    case .some(let rules): unsafe rules.storage
    case nil: nil
    }
  }
}

extension Queue.Attributes {
  /// As C has them, but for the recording and the rules, which are pointers.
  fileprivate func plain() throws(QuarkError) -> quark_queue_attr {
    var plain = Queue.defaultAttributes
    plain.flags = backends.rawValue
    plain.flags |= cquark_flags_for_events(moreEvents.rawValue)
    if isMinimallyAggregated { plain.flags |= QQ_MIN_AGG }
    if findsEntryLeaders { plain.flags |= QQ_ENTRY_LEADER }
    if seesThreads { plain.flags |= QQ_THREAD_EVENTS }
    if testsItself { plain.flags |= QQ_SELF_TEST }
    if isStrict { plain.flags |= QQ_STRICT }
    plain.max_length = try number(maxLength, "use maxLength")
    plain.cache_grace_time = try number(cacheGraceTimeMS, "use cacheGraceTimeMS")
    plain.hold_time = try number(holdTimeMS, "use holdTimeMS")
    plain.max_env = Int(try number(maxEnvironment, "use maxEnvironment"))
    plain.ring_size = Int(try number(ringSize, "use ringSize"))
    return plain
  }

  /// What C's attributes have room for; which values make sense is for the queue to say.
  private func number(_ value: Int, _ attempt: StaticString) throws(QuarkError) -> CInt {
    guard value >= 0, let number = CInt(exactly: value) else {
      throw QuarkError(attempt, on: "\(value)", Errno(EINVAL))
    }
    return number
  }
}
