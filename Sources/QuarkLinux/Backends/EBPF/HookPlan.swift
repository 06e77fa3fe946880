internal import CLinux
internal import CQuark
internal import CWire

/// The variant of each hook that is in use, and the variants that were tried before it, with the reasons why they
/// failed.
public struct HookPlan: Sendable {
  /// The hooks for the wanted types. The others have no variants, and are not listed.
  public private(set) var hooks: [Hook]
  private var variants: [[HookVariant]]
  /// Kinds that must not be used.
  private let refused: [HookVariant.Kind]
  /// Indices in `variants`; an index after the last one means that no variant is left.
  private var choices: [Int]
  private var failures: [(hook: Hook, variant: String, reason: String)] = []

  /// The kind that comes first, before the order of `Hook.variants`.
  public enum Preference: Sendable {
    /// No other kind comes first. Kprobes in one link are not used: on kernels where tracepoints work well, closing
    /// this link takes longer than closing the few kprobes.
    case tracepoints
    /// Kprobes and kretprobes, all kprobes in one link if that can be had.
    case kprobes

    func isBackward(_ kind: HookVariant.Kind) -> Bool {
      self == .kprobes && (kind == .rawTracepoint || kind == .fentry || kind == .fexit)
    }

    func isLeftOut(_ kind: HookVariant.Kind) -> Bool { self == .tracepoints && kind == .kprobes }
  }

  /// The order of the ways to see returns. What is best misses nothing; but some kernels take so long to close it that
  /// something else comes first, which counts what it misses.
  public enum Returns: Sendable {
    /// Trampolines are closed in a few milliseconds each, before Linux 6.0: nothing has to be kept for them.
    case trampolines
    /// Each trampoline takes an eighth of a second to close, and each link of many kprobes as long. Kprobes that are
    /// not part of a link are closed by the kernel itself: `KprobeEvents`.
    case kprobes
    /// Links of many functions are closed in a few milliseconds, and the kernel keeps the returns of all calls, from
    /// Linux 6.14 on.
    case links

    func ranking(_ variants: [HookVariant]) -> [HookVariant] {
      (0...3).flatMap { place in variants.filter { rank($0.kind) == place } }
    }

    /// What is not seen at a return comes first. (A switch that returns arrays of kinds was compiled to the wrong one.)
    private func rank(_ kind: HookVariant.Kind) -> Int {
      switch (self, kind) {
      case (.trampolines, .fexit), (.kprobes, .kretprobe), (.links, .kretprobes): 1
      case (.trampolines, .kretprobe), (.kprobes, .kretprobes), (.links, .fexit): 2
      case (_, .fexit), (_, .kretprobe), (_, .kretprobes): 3
      default: 0
      }
    }
  }

  /// `types`: the wanted types of raw events, one bit each, 1 << `raw_types`. `admits` tells which kinds of variants
  /// may be used at all.
  public init(
    _ preference: Preference = .tracepoints, returns: Returns = .trampolines, types: UInt32 = .max,
    admits: (HookVariant.Kind) -> Bool = { _ in true }
  ) {
    let hooks = Hook.allCases.filter { types & 1 << $0.type.rawValue != 0 }
    self.hooks = hooks
    variants = Hook.allCases.map { hook in
      guard hooks.contains(hook) else { return [] }
      let ranks = hook.isOfLongCalls && returns == .kprobes ? .trampolines : returns
      let all = ranks.ranking(hook.variants.filter { !preference.isLeftOut($0.kind) })
      return all.filter { !preference.isBackward($0.kind) } + all.filter { preference.isBackward($0.kind) }
    }
    refused = HookVariant.Kind.allCases.filter { !admits($0) }
    choices = [Int](repeating: 0, count: variants.count)
    for hook in hooks { passOverRefused(hook) }
  }

  /// The variant to use now; nil when none is left.
  public subscript(hook: Hook) -> HookVariant? {
    let choice = choices[hook.rawValue]
    return choice < variants[hook.rawValue].count ? variants[hook.rawValue][choice] : nil
  }

  /// What is to be loaded.
  var programs: [StaticString] { hooks.compactMap { self[$0]?.program } + hooks.compactMap { self[$0]?.entry } }

  /// The hooks that need the program of this name.
  public func hooks(ofProgram name: [UInt8]) -> [Hook] {
    hooks.filter { hook in
      guard let variant = self[hook] else { return false }
      return variant.program.hasBytes(name[...]) || variant.entry?.hasBytes(name[...]) ?? false
    }
  }

  /// Of which family the records are that are missed when a program is passed over. Nil: the programs of kretprobes and
  /// of the entries before them count for themselves what they miss of each other.
  @unsafe func family(ofProgram name: UnsafePointer<CChar>) -> wire_family? {
    // Safe: a program's name ends with a NUL.
    let bytes = unsafe [UInt8](UnsafeRawBufferPointer(start: name, count: strlen(name)))
    guard let hook = hooks(ofProgram: bytes).first else { return WIRE_FAMILY_PROCESS }
    return self[hook]?.entry == nil ? hook.family : nil
  }

  /// The hooks that use this kind of variant.
  public func hooks(_ kind: HookVariant.Kind) -> [Hook] { hooks.filter { self[$0]?.kind == kind } }

  /// Removes a hook for calls that cannot happen on this kernel: it is not listed, and nothing is missing without it.
  public mutating func leaveOut(_ hook: Hook) {
    hooks.removeAll { $0 == hook }
    variants[hook.rawValue] = []
  }

  /// Switches to the next variant.
  public mutating func reject(_ hook: Hook, _ reason: String) {
    guard let variant = self[hook] else { return }
    failures.append((hook, variant.description, reason))
    choices[hook.rawValue] += 1
    passOverRefused(hook)
  }

  private mutating func passOverRefused(_ hook: Hook) {
    guard let variant = self[hook], refused.contains(variant.kind) else { return }
    reject(hook, "its kind is not allowed")
  }

  /// A required hook without a variant.
  public var missing: Hook? { hooks.first { $0.isRequired && self[$0] == nil } }

  /// One line for each hook; below a hook without a variant (`comm: none`), what was tried.
  public var description: String {
    var text = ""
    for hook in hooks {
      text += "\(hook.name): " + (self[hook]?.description ?? "none") + "\n"
      text += explanation(of: hook)
    }
    return text
  }

  /// Why the variants of a hook failed, one line each; empty if none failed.
  public func explanation(of hook: Hook) -> String {
    var text = ""
    for failure in failures where failure.hook == hook {
      text += "  not \(failure.variant): " + Self.indented(failure.reason) + "\n"
    }
    return text
  }

  private static func indented(_ reason: String) -> String {
    var result = ""
    var isFirst = true
    for line in reason.utf8.split(separator: UInt8(ascii: "\n")) {
      result += (isFirst ? "" : "\n    ") + String(decoding: line, as: UTF8.self)
      isFirst = false
    }
    return result
  }
}

extension StaticString {
  /// A comparison of strings would link the Unicode tables into every program.
  func hasBytes(_ bytes: ArraySlice<UInt8>) -> Bool {
    withUTF8Buffer { text in
      guard text.count == bytes.count else { return false }
      for (index, byte) in bytes.enumerated() where unsafe text[index] != byte { return false }
      return true
    }
  }

  func hasBytes(_ bytes: Span<UInt8>) -> Bool {
    withUTF8Buffer { text in
      guard text.count == bytes.count else { return false }
      for index in bytes.indices where unsafe text[index] != bytes[index] { return false }
      return true
    }
  }
}
