public import CQuark

/// When an event that begins with a raw event of one type swallows the next one of the same process.
public enum AggregationRule: UInt8, Sendable {
  case never
  /// Unless it swallowed one of that type already.
  case single
  case multiple
  /// As `single`, and unless it swallowed a change of ids: what comes behind that was done by somebody else.
  case forkExec
  case file
  case tty
  /// A C client's own.
  case custom

  /// Bytes of one terminal's output that are joined at most.
  private static var ttyBytes: Int { 4096 }

  /// `custom` is not for this to answer.
  @unsafe public func allows(
    _ parent: UnsafeMutablePointer<raw_event>, _ child: UnsafeMutablePointer<raw_event>
  ) -> Bool {
    let childBit = unsafe UInt32(1) << child.pointee.type
    switch self {
    case .never, .custom: return false
    case .single: return unsafe parent.pointee.agg_types & childBit == 0
    case .multiple: return true
    case .forkExec: return unsafe parent.pointee.agg_types & (childBit | RawEventQueue.Node.bit(RAW_ID_CHANGE)) == 0
    case .file: return unsafe Self.joinsFile(parent.pointee.file, child.pointee.file)
    case .tty: return unsafe Self.joinTTY(parent.pointee.tty, child.pointee.tty)
    }
  }

  /// Writes to a file that the event created or wrote to, up to its removal; only the parent's own operation counts.
  private static func joinsFile(_ parent: UnsafePointer<quark_file>?, _ child: UnsafePointer<quark_file>?) -> Bool {
    guard let parent = unsafe parent, let child = unsafe child else { return false }
    guard unsafe parent.pointee.inode == child.pointee.inode else { return false }
    let (first, next) = unsafe (CInt(bitPattern: parent.pointee.op_mask), CInt(bitPattern: child.pointee.op_mask))
    if first & (QUARK_FILE_OP_REMOVE | QUARK_FILE_OP_MOVE) != 0 { return false }
    return first & (QUARK_FILE_OP_CREATE | QUARK_FILE_OP_MODIFY) != 0
      && next & (QUARK_FILE_OP_MODIFY | QUARK_FILE_OP_REMOVE) != 0
  }

  /// Whole writes to the same terminal, while they are short together. Adds the child's length to the parent's total.
  private static func joinTTY(_ parent: UnsafeMutablePointer<quark_tty>?, _ child: UnsafePointer<quark_tty>?) -> Bool {
    guard let parent = unsafe parent, let child = unsafe child else { return false }
    guard unsafe parent.pointee.major == child.pointee.major, unsafe parent.pointee.minor == child.pointee.minor,
      unsafe parent.pointee.truncated == 0, unsafe child.pointee.truncated == 0
    else { return false }
    let total = unsafe parent.pointee.total_len + child.pointee.data_len
    guard total < ttyBytes else { return false }
    unsafe parent.pointee.total_len = total
    return true
  }
}

/// A rule for each pair of raw event types, first and next.
@safe public struct AggregationMatrix: ~Copyable {
  private let rules: UnsafeMutablePointer<AggregationRule>
  private var functions: UnsafeMutablePointer<quark_can_aggregate_fn?>?

  private static var types: Int { Int(RAW_NUM_TYPES.rawValue) }

  /// One of the two stock matrices.
  public init(isMinimal: Bool) {
    unsafe rules = .allocate(capacity: Self.types * Self.types)
    unsafe rules.initialize(repeating: .never, count: Self.types * Self.types)
    set(RAW_WAKE_UP_NEW_TASK, RAW_COMM, .multiple)
    set(RAW_EXEC, RAW_EXEC_CONNECTOR, .single)
    set(RAW_EXEC, RAW_COMM, .multiple)
    set(RAW_COMM, RAW_COMM, .multiple)
    set(RAW_ID_CHANGE, RAW_ID_CHANGE, .multiple)
    if isMinimal { return }
    set(RAW_WAKE_UP_NEW_TASK, RAW_EXEC, .forkExec)
    set(RAW_WAKE_UP_NEW_TASK, RAW_EXEC_CONNECTOR, .forkExec)
    set(RAW_WAKE_UP_NEW_TASK, RAW_ID_CHANGE, .multiple)
    set(RAW_WAKE_UP_NEW_TASK, RAW_EXIT_THREAD, .single)
    set(RAW_EXEC, RAW_EXIT_THREAD, .single)
    set(RAW_COMM, RAW_EXIT_THREAD, .single)
    set(RAW_FILE, RAW_FILE, .file)
    set(RAW_TTY, RAW_TTY, .tty)
  }

  @inlinable deinit { destroy() }

  @usableFromInline func destroy() {
    unsafe rules.deallocate()
    unsafe functions?.deallocate()
  }

  public subscript(parent: raw_types, child: raw_types) -> AggregationRule {
    unsafe rules[Self.index(parent, child)]
  }

  public mutating func set(_ parent: raw_types, _ child: raw_types, _ rule: AggregationRule) {
    precondition(rule != .custom)
    unsafe rules[Self.index(parent, child)] = rule
  }

  @unsafe public mutating func set(_ parent: raw_types, _ child: raw_types, _ function: quark_can_aggregate_fn) {
    let functions = unsafe functions ?? .allocate(capacity: Self.types * Self.types)
    unsafe self.functions = functions
    unsafe (functions + Self.index(parent, child)).initialize(to: function)
    unsafe rules[Self.index(parent, child)] = .custom
  }

  /// May the event that begins with `parent` swallow `child`? Both have a type of `raw_types`. `queue` is for a
  /// client's own functions.
  func allows(
    _ parent: UnsafeMutablePointer<raw_event>, _ child: UnsafeMutablePointer<raw_event>,
    queue: UnsafeMutablePointer<quark_queue>?
  ) -> Bool {
    let index = unsafe Int(parent.pointee.type) * Self.types + Int(child.pointee.type)
    let rule = unsafe rules[index]
    guard rule == .custom else { return unsafe rule.allows(parent, child) }
    return unsafe functions![index]!(queue, parent, child) != 0
  }

  private static func index(_ parent: raw_types, _ child: raw_types) -> Int {
    precondition(parent.rawValue < RAW_NUM_TYPES.rawValue && child.rawValue < RAW_NUM_TYPES.rawValue)
    return Int(parent.rawValue) * types + Int(child.rawValue)
  }
}
