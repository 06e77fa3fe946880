internal import CQuark

/// A table of which raw events may join which events.
struct ModelRules {
  enum Rule: CaseIterable { case never, single, multiple, forkExec }

  private struct Pair: Hashable {
    var first: UInt32
    var next: UInt32
  }

  private var table: [Pair: Rule] = [:]
  /// True if writes to a terminal join.
  let joinsTerminals: Bool

  init(_ parameters: Parameters) {
    joinsTerminals = parameters.joining == .standard || parameters.joining == .random && parameters.seed & 1 == 0
    switch parameters.joining {
    case .standard, .minimal: setStock(isMinimal: parameters.joining == .minimal)
    case .none: break
    case .random: setRandom(seed: parameters.seed)
    }
  }

  subscript(first: raw_types, next: raw_types) -> Rule {
    get { table[Pair(first: first.rawValue, next: next.rawValue)] ?? .never }
    set { table[Pair(first: first.rawValue, next: next.rawValue)] = newValue }
  }

  /// The types of the process family.
  static var types: [raw_types] {
    [RAW_WAKE_UP_NEW_TASK, RAW_EXEC, RAW_EXEC_CONNECTOR, RAW_COMM, RAW_ID_CHANGE, RAW_EXIT_THREAD, RAW_GETPID]
  }

  func allows(_ next: raw_types, in group: [raw_types]) -> Bool {
    let swallowed = group.dropFirst()
    switch self[group[0], next] {
    case .never: return false
    case .single: return !swallowed.contains(next)
    case .multiple: return true
    case .forkExec: return !swallowed.contains(next) && !swallowed.contains(RAW_ID_CHANGE)
    }
  }

  private mutating func setStock(isMinimal: Bool) {
    self[RAW_WAKE_UP_NEW_TASK, RAW_COMM] = .multiple
    self[RAW_EXEC, RAW_EXEC_CONNECTOR] = .single
    self[RAW_EXEC, RAW_COMM] = .multiple
    self[RAW_COMM, RAW_COMM] = .multiple
    self[RAW_ID_CHANGE, RAW_ID_CHANGE] = .multiple
    if isMinimal { return }
    self[RAW_WAKE_UP_NEW_TASK, RAW_EXEC] = .forkExec
    self[RAW_WAKE_UP_NEW_TASK, RAW_EXEC_CONNECTOR] = .forkExec
    self[RAW_WAKE_UP_NEW_TASK, RAW_ID_CHANGE] = .multiple
    self[RAW_WAKE_UP_NEW_TASK, RAW_EXIT_THREAD] = .single
    self[RAW_EXEC, RAW_EXIT_THREAD] = .single
    self[RAW_COMM, RAW_EXIT_THREAD] = .single
  }

  /// A fork joins nothing, because it may belong to another process with the same pid.
  private mutating func setRandom(seed: UInt64) {
    var random = SeededGenerator(seed &* 3)
    for first in Self.types {
      for next in Self.types where next != RAW_WAKE_UP_NEW_TASK { self[first, next] = random.pick(Rule.allCases) }
    }
  }
}
