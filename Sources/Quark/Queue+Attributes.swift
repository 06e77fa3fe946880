internal import CLinux
internal import CQuark
public import QuarkCore
public import QuarkLinux

extension Queue {
  /// The settings of a queue. The default values suit most programs.
  public struct Attributes: Sendable {
    /// The backends that may be used. The queue uses the first of EBPF and KPROBE that works on this kernel.
    public var backends: Backends = .all
    /// Joins as little as possible: fork, exec and exit of a process are separate events.
    public var isMinimallyAggregated = false
    /// Finds for each process the one with which its session began: ``ProcessProtocol/entryLeader``.
    public var findsEntryLeaders = false
    /// Kinds of events that are told only if they are asked for. A backend that cannot tell one says so in
    /// ``Queue/hooks`` and ``Queue/capabilities``; one that none can tell is refused.
    public var moreEvents: EventKinds = []
    /// Where less would be told than is asked for, a queue is not opened: ENOTSUP.
    public var isStrict = false
    /// Threads come and go as events, too.
    public var seesThreads = false
    /// Opening the queue tests the backend on a process made for that. This takes some time, and finds kernels on which
    /// the backend reports wrong data.
    public var testsItself = false
    /// The maximum number of raw events that the queue holds, from 1.
    public var maxLength = 10_000
    /// How long a process is known after its exit, milliseconds, from 0.
    public var cacheGraceTimeMS = 4_000
    /// How long an event is held so that older ones can come first and others can join it, milliseconds, from 10.
    public var holdTimeMS = 1_000
    /// The maximum number of bytes that are kept of a process's environment.
    public var maxEnvironment = 4_096
    /// Bytes of the kernel's ring, a power of two from 4,096 to 1 GiB; 0 means the backend's default.
    public var ringSize = 0
    /// The path of a recording that is played in place of tracing this kernel: quark-recording(5).
    public var replay: String?

    public init() {}
  }

  /// The ways to trace what processes do.
  public struct Backends: OptionSet, Sendable {
    public let rawValue: Int32
    public init(rawValue: Int32) { self.rawValue = rawValue }

    /// BPF programs in the kernel. They report everything.
    public static var ebpf: Backends { Backends(rawValue: QQ_EBPF) }
    /// Kprobes of tracefs, for kernels where BPF is not available. They do not report changes of ids.
    public static var kprobe: Backends { Backends(rawValue: QQ_KPROBE) }
    /// Both: ``ebpf`` if it is available, otherwise ``kprobe``.
    public static var all: Backends { [.ebpf, .kprobe] }
  }

  /// Opens a backend, reads the processes that exist, and begins to trace. This needs privilege: root, or CAP_BPF,
  /// CAP_PERFMON and what else the backend needs.
  ///
  /// - Parameters:
  ///   - attributes: The settings.
  ///   - rules: Events that they drop are not delivered: quark-rules(5). With nil every event is delivered.
  /// - Throws: What was attempted and why it failed. EINVAL: an attribute is out of range. EPERM, EACCES: a privilege
  /// is
  ///   missing. ENOTSUP: no allowed backend works on this kernel.
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

  /// Replaces the rules, or removes them, from the next event on.
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
  /// The attributes as a C structure, without the recording and the rules, which are pointers.
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

  /// Converts a value for the C attributes, which have less room; the queue checks which values make sense.
  private func number(_ value: Int, _ attempt: StaticString) throws(QuarkError) -> CInt {
    guard value >= 0, let number = CInt(exactly: value) else {
      throw QuarkError(attempt, on: "\(value)", Errno(EINVAL))
    }
    return number
  }
}
