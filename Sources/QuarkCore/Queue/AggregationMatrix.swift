public import CQuark

/// When a raw event may join an event of the same process.
public enum AggregationRule: UInt8, Sendable {
  case never
  /// If none of this type has joined already.
  case single
  case multiple
  /// Like `single`, but not after a change of ids: later actions have another user.
  case forkExec
  case file
  case tty
  /// A function of a C client.
  case custom

  /// `custom` is not for this to answer.
  @unsafe public func allows(
    _ parent: UnsafeMutablePointer<raw_event>, _ child: UnsafeMutablePointer<raw_event>
  ) -> Bool {
    // Raw events of a thread do not join events of its process.
    if unsafe (parent.pointee.flags | child.pointee.flags) & UInt32(RAW_F_THREAD) != 0 { return false }
    if let refusedBy = unsafe refusedBy(raw_types(child.pointee.type)) {
      return unsafe parent.pointee.agg_types & refusedBy == 0
    }
    switch self {
    case .file: return unsafe FileFamily.joins(parent.pointee.file, child.pointee.file)
    case .tty: return unsafe TTYFamily.joins(parent, child)
    default: return false
    }
  }

  /// The types, one bit each, after any of which this rule refuses `child`; nil if the rule is not so simple.
  func refusedBy(_ child: raw_types) -> UInt32? {
    switch self {
    case .single: 1 << child.rawValue
    case .multiple: 0
    case .forkExec: 1 << child.rawValue | 1 << RAW_ID_CHANGE.rawValue
    case .never, .file, .tty, .custom: nil
    }
  }
}

/// A rule for each pair of raw event types, first and next.
@safe public struct AggregationMatrix: ~Copyable {
  private let cells: UnsafeMutablePointer<Cell>

  @unsafe private struct Cell {
    var rule = AggregationRule.never
    /// The simple rules in one test: it refuses after any of these types has joined. If all bits are set, ask the rule.
    var refusedBy = alwaysSet
    var function: quark_can_aggregate_fn?
  }

  /// A bit of no type, which counts as set in every event.
  private static var alwaysSet: UInt32 { 1 << 31 }
  private static var types: Int { Int(RAW_NUM_TYPES.rawValue) }

  /// True if there are raw events of threads.
  private let hasThreads: Bool

  /// One of the two default matrices. With `hasThreads` a rule checks each pair, because there are events of threads.
  public init(isMinimal: Bool, hasThreads: Bool = false) {
    self.hasThreads = hasThreads
    unsafe cells = .allocate(capacity: Self.types * Self.types)
    unsafe cells.initialize(repeating: Cell(), count: Self.types * Self.types)
    Families.join(in: &self, isMinimal: isMinimal)
  }

  @inlinable deinit { destroy() }

  @usableFromInline func destroy() { unsafe cells.deallocate() }

  public subscript(parent: raw_types, child: raw_types) -> AggregationRule {
    unsafe cells[Self.index(parent, child)].rule
  }

  public mutating func set(_ parent: raw_types, _ child: raw_types, _ rule: AggregationRule) {
    precondition(rule != .custom)
    let simple = hasThreads ? nil : rule.refusedBy(child)
    let refusedBy = simple ?? (rule == .never ? Self.alwaysSet : .max)
    unsafe cells[Self.index(parent, child)] = Cell(rule: rule, refusedBy: refusedBy, function: nil)
  }

  @unsafe public mutating func set(_ parent: raw_types, _ child: raw_types, _ function: quark_can_aggregate_fn) {
    unsafe cells[Self.index(parent, child)] = Cell(rule: .custom, refusedBy: .max, function: function)
  }

  /// True if `child` may join the event that begins with `parent`. Both have a type of `raw_types`. `queue` is passed
  /// to functions of a client.
  @inline(__always)
  func allows(
    _ parent: UnsafeMutablePointer<raw_event>, _ child: UnsafeMutablePointer<raw_event>,
    queue: UnsafeMutablePointer<quark_queue>?
  ) -> Bool {
    let cell = unsafe cells + (Int(parent.pointee.type) &* Self.types &+ Int(child.pointee.type))
    let refusedBy = unsafe cell.pointee.refusedBy
    guard refusedBy == .max else { return unsafe (parent.pointee.agg_types | Self.alwaysSet) & refusedBy == 0 }
    return unsafe ask(cell, parent, child, queue)
  }

  @inline(never)
  private func ask(
    _ cell: UnsafeMutablePointer<Cell>, _ parent: UnsafeMutablePointer<raw_event>,
    _ child: UnsafeMutablePointer<raw_event>, _ queue: UnsafeMutablePointer<quark_queue>?
  ) -> Bool {
    guard let function = unsafe cell.pointee.function else {
      return unsafe cell.pointee.rule.allows(parent, child)
    }
    return unsafe function(queue, parent, child) != 0
  }

  private static func index(_ parent: raw_types, _ child: raw_types) -> Int {
    precondition(parent.rawValue < RAW_NUM_TYPES.rawValue && child.rawValue < RAW_NUM_TYPES.rawValue)
    return Int(parent.rawValue) * types + Int(child.rawValue)
  }
}
