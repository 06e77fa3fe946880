internal import CLinux
internal import CQuark
internal import QuarkLinux

extension Queue {
  /// An event, or what is known by it, as this queue tells it: quark_queue_get_capabilities(3).
  public struct Capability: Sendable {
    /// How well something is told.
    public enum State: UInt32, Sendable {
      /// It is not: ``Capability/reason``.
      case none
      /// Not in all cases, or not all of it: ``Capability/reason``.
      case part
      /// As the kernel has it. What is cut says so.
      case exact
    }

    /// What it is part of: `process`, `ptrace` and the like.
    public let family: String
    /// By which event it is known.
    public let event: EventKinds
    /// A member of C's structures, such as `env`; empty: the event itself.
    public let field: String
    public internal(set) var state: State
    /// The hooks of the kernel that tell it: `raw_tp/sched_process_exec`. Empty: none.
    public internal(set) var means = ""
    /// Why it is not told, or not all of it, a line or more; empty.
    public internal(set) var reason = ""
    /// RAW_*.
    let type: UInt32
    /// QQ_*, which asks for it; 0: nobody needs to.
    package let flag: CInt
    /// The same of the event.
    let eventFlag: CInt
    /// QUARK_FAMILY_*.
    package let familyNumber: UInt32
    /// A hook that this kernel lacks would tell more.
    var lacksHook = false
  }

  /// What this queue tells, by which means, and what it does not and why: each event, and behind it what is known by it.
  public var capabilities: [Capability] {
    unsafe CapabilityList(parts.pointee.source.traits, parts.pointee.source.means, asking).capabilities
  }

  /// QQ_EBPF or QQ_KPROBE; 0: it is a recording.
  package var backend: CInt { unsafe parts.pointee.source.traits.flag }

  /// Throws if less would be told than these attributes ask for. To a recording that is nothing: it tells all it has.
  static func refuseLess(
    _ source: borrowing AnyRecordSource, _ attributes: quark_queue_attr
  ) throws(QuarkError) {
    guard attributes.flags & QQ_STRICT != 0, source.traits.isLive else { return }
    var detail = ""
    let asking = Asking(flags: attributes.flags, maxEnvironment: attributes.max_env)
    let list = CapabilityList(source.traits, source.means, asking)
    for capability in list.capabilities where asking.misses(capability) {
      detail += (detail.isEmpty ? "" : "\n") + capability.refusal
    }
    guard !detail.isEmpty else { return }
    throw QuarkError("tell all that is asked for", Errno(ENOTSUP), detail: detail)
  }

  /// What the attributes have to do with what is told.
  struct Asking {
    let flags: CInt
    let maxEnvironment: Int

    /// Events that were asked for and are not told, or not all of them for want of a hook; of those that nobody needs
    /// to ask for, what this kernel lacks, and not what the backend never tells.
    func misses(_ capability: Capability) -> Bool {
      if capability.field.isEmpty, capability.lacksHook { return true }
      // The fields of an event are missed with it.
      let isWithEvent = !capability.field.isEmpty && capability.flag == capability.eventFlag
      return capability.state == .none && flags & capability.flag != 0 && !isWithEvent
    }
  }
}

extension Queue.Capability {
  /// `ptrace PTRACE (QQ_PTRACE): reason`
  fileprivate var refusal: String {
    // Safe: names are literals.
    let name = unsafe String(cString: cquark_event_name(event.rawValue))
    let flagName = unsafe cquark_asking_name(flag).map { unsafe " (" + String(cString: $0) + ")" } ?? ""
    return family + " " + name + (field.isEmpty ? "" : " " + field) + flagName + ": " + reason
  }
}

/// Puts together what the tables say, what was asked for, and what the source found.
struct CapabilityList {
  private(set) var capabilities: [Queue.Capability] = []
  private let traits: SourceTraits
  private let means: SourceMeans
  private let asking: Queue.Asking
  /// What the source tells at all, a bit each: 1 << RAW_*.
  private let told: UInt32

  init(_ traits: SourceTraits, _ means: SourceMeans, _ asking: Queue.Asking) {
    self.traits = traits
    self.means = means
    self.asking = asking
    let source = cquark_source(traits.flag)
    told = cquark_types_from(traits.isLive ? source : .max)
    for type in 1..<RAW_NUM_TYPES.rawValue where type != RAW_EXEC_CONNECTOR.rawValue { addAll(of: type) }
  }

  /// An event, and its fields.
  private mutating func addAll(of type: UInt32) {
    // Safe: there is a row for every type, and both tables stay as they are.
    let row = unsafe cquark_type(type).pointee
    let event = unsafe judge(capability(type, row, "", row.flag), hook: "")
    capabilities.append(event)
    var index: UInt32 = 0
    while let field = unsafe cquark_field(index)?.pointee {
      index += 1
      guard unsafe field.type == type else { continue }
      let flag = unsafe field.flag == 0 ? row.flag : field.flag
      let capability = unsafe capability(type, row, field.name, flag)
      // What comes with an event that nobody tells is not told for the same reason.
      let isWithout = event.state == .none
      capabilities.append(isWithout ? capability.without(event.reason) : unsafe judge(capability, hook: field.hook))
    }
  }

  private func capability(
    _ type: UInt32, _ row: cquark_type, _ field: UnsafePointer<CChar>, _ flag: CInt
  ) -> Queue.Capability {
    unsafe Queue.Capability(
      family: String(cString: cquark_family_name(row.family)), event: EventKinds(rawValue: row.event),
      field: String(cString: field), state: .exact, type: type, flag: flag, eventFlag: row.flag,
      familyNumber: row.family)
  }

  /// `hook`: the one that tells it; "": any of its type.
  private func judge(_ bare: Queue.Capability, hook: UnsafePointer<CChar>) -> Queue.Capability {
    var capability = bare
    if told & 1 << capability.type != 0, isAskedFor(capability) {
      unsafe take(means.hooks(of: capability.type, named: hook), &capability)
      unsafe capability.field.withCString { field in
        if let lack = unsafe means.lack(of: field, capability.type) { capability = capability.without("\(lack)") }
      }
    }
    takeLimits(&capability)
    if capability.state != .none, !isAskedFor(capability) {
      // Safe: a name is a literal.
      let name = unsafe cquark_asking_name(capability.flag).map { unsafe String(cString: $0) } ?? ""
      capability = capability.without("not asked for: \(name)")
    }
    if capability.state != .none, isEnvironment(capability), asking.maxEnvironment == 0 {
      capability = capability.without("not asked for: max_env is 0")
    }
    return capability
  }

  private func isAskedFor(_ capability: Queue.Capability) -> Bool {
    // A recording tells what it has.
    let isOfRecords = capability.flag != QQ_ENTRY_LEADER && !traits.isLive
    return capability.flag == 0 || isOfRecords || asking.flags & capability.flag != 0
  }

  private func isEnvironment(_ capability: Queue.Capability) -> Bool {
    capability.type == RAW_EXEC.rawValue && capability.field.utf8.elementsEqual("env".utf8)
  }

  /// What hooks there are, and of those that there are not, why.
  private func take(_ hooks: [SourceMeans.Hook], _ capability: inout Queue.Capability) {
    for hook in hooks {
      if !hook.means.isEmpty { capability.means += (capability.means.isEmpty ? "" : ", ") + hook.means }
    }
    for hook in hooks where hook.means.isEmpty {
      capability.state = capability.means.isEmpty ? .none : .part
      capability.lacksHook = traits.isLive
      capability.add(reason: traits.isLive ? "\(hook.name): none\n" + hook.failure : hook.failure)
    }
  }

  /// What the source can never tell.
  private func takeLimits(_ capability: inout Queue.Capability) {
    var index: UInt32 = 0
    while let row = unsafe cquark_limit(index) {
      index += 1
      let limit = unsafe row.pointee
      let isOfField = unsafe capability.field.withCString { unsafe strcmp(limit.name, $0) == 0 }
      guard unsafe cquark_is_limit(row, traits.flag) && limit.type == capability.type, isOfField else { continue }
      if unsafe limit.state == QUARK_CAPABILITY_NONE { capability = capability.without(capability.reason) }
      if capability.state == .exact { capability.state = .part }
      unsafe capability.add(reason: "\(traits.name) cannot tell " + String(cString: limit.text))
    }
    guard told & 1 << capability.type == 0 else { return }
    let isToldByOthers = cquark_types_from(.max) & 1 << capability.type != 0
    capability = capability.without(capability.reason)
    if !isToldByOthers {
      capability.add(reason: "there are no such events so far")
    } else if capability.reason.isEmpty {
      capability.add(reason: "\(traits.name) tells of no such events")
    }
  }
}

extension Queue.Capability {
  fileprivate mutating func add(reason words: String) { reason += (reason.isEmpty ? "" : "\n") + words }

  /// The same, and it is not told.
  fileprivate func without(_ words: String) -> Queue.Capability {
    var result = self
    (result.state, result.means, result.reason) = (.none, "", words)
    return result
  }
}
