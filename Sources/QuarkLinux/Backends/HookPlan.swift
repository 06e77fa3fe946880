/// Which variant of each hook is in use, and which were tried before it and why they would not do.
public struct HookPlan: Sendable {
  private var variants: [[HookVariant]]
  /// Places in `variants`; behind the last: none is left.
  private var choices: [Int]
  private var failures: [(hook: Hook, variant: String, reason: String)] = []

  /// What comes first, before the order of `Hook.variants`.
  public enum Preference: Sendable {
    /// Nothing: what costs least.
    case cheapest
    /// Tracepoints, then kprobes, then the entries of functions.
    case tracepoints
    /// Kprobes.
    case kprobes

    func isBackward(_ kind: HookVariant.Kind) -> Bool {
      switch self {
      case .cheapest: false
      case .tracepoints: kind == .fentry
      case .kprobes: kind != .kprobe
      }
    }
  }

  /// `admits` says which kinds of variants may be used at all.
  public init(_ preference: Preference = .cheapest, admits: (HookVariant.Kind) -> Bool = { _ in true }) {
    variants = Hook.allCases.map { hook in
      hook.variants.filter { !preference.isBackward($0.kind) } + hook.variants.filter { preference.isBackward($0.kind) }
    }
    choices = [Int](repeating: 0, count: variants.count)
    for hook in Hook.allCases {
      while let variant = self[hook], !admits(variant.kind) { reject(hook, "its kind is not allowed") }
    }
  }

  /// The variant to use now; nil when none is left.
  public subscript(hook: Hook) -> HookVariant? {
    let choice = choices[hook.rawValue]
    return choice < variants[hook.rawValue].count ? variants[hook.rawValue][choice] : nil
  }

  /// The hook whose program has this name.
  public func hook(ofProgram name: [UInt8]) -> Hook? {
    Hook.allCases.first { hook in self[hook]?.program.hasBytes(name[...]) ?? false }
  }

  /// Goes on to the next variant.
  public mutating func reject(_ hook: Hook, _ reason: String) {
    guard let variant = self[hook] else { return }
    failures.append((hook, variant.description, reason))
    choices[hook.rawValue] += 1
  }

  /// A hook that must be had and cannot.
  public var missing: Hook? { Hook.allCases.first { $0.isRequired && self[$0] == nil } }

  /// A line for each hook, and below one that cannot be had what was tried: `comm: none`.
  public var description: String {
    var text = ""
    for hook in Hook.allCases {
      text += "\(hook.name): " + (self[hook]?.description ?? "none") + "\n"
      text += explanation(of: hook)
    }
    return text
  }

  /// Why the variants of a hook that were tried would not do, a line each; empty if none was.
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
  /// Comparing as strings would bring Unicode's tables into every program.
  func hasBytes(_ bytes: ArraySlice<UInt8>) -> Bool {
    withUTF8Buffer { text in
      guard text.count == bytes.count else { return false }
      for (index, byte) in bytes.enumerated() where unsafe text[index] != byte { return false }
      return true
    }
  }
}
