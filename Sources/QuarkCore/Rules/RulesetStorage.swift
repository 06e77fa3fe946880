public import CQuark

extension UnsafeMutablePointer<quark_ruleset> {
  /// Adds the rules of a text after the existing ones. If it throws, the set is empty.
  @unsafe public func parse(_ text: Span<UInt8>) throws(RuleError) {
    var parser = RuleParser(text)
    do { try unsafe parser.parse(into: self) } catch {
      unsafe clear()
      throw error
    }
  }

  /// Adds a rule without conditions. The pointer is valid until the next call.
  @discardableResult
  @unsafe public func append(_ action: quark_rule_action, poisonTag: UInt64 = 0) -> UnsafeMutablePointer<quark_rule> {
    let index = unsafe pointee.n_rules
    unsafe pointee.rules = makeRoom(pointee.rules, index)
    unsafe pointee.n_rules = index + 1
    let rule = unsafe pointee.rules! + index
    unsafe rule.initialize(to: quark_rule())
    unsafe rule.pointee.action = CInt(action.rawValue)
    unsafe rule.pointee.poison_tag = action == QUARK_RA_POISON ? poisonTag : 0
    unsafe rule.pointee.number = UInt32(truncatingIfNeeded: index)
    return unsafe rule
  }

  /// Frees the rules, and leaves an empty set.
  @unsafe public func clear() {
    for index in 0..<(unsafe pointee.n_rules) { unsafe (pointee.rules! + index).clear() }
    unsafe pointee.rules?.deallocate()
    unsafe pointee = quark_ruleset()
  }
}

extension UnsafeMutablePointer<quark_rule> {
  /// Adds a copy of a condition to the rule. False if the condition is not valid; then nothing is added. `wild.pre` is
  /// the pattern.
  @unsafe public func match(_ field: quark_rule_field) -> Bool {
    var field = unsafe field
    switch unsafe RuleCondition(code: field.code)?.value {
    case CQUARK_VALUE_PID: guard unsafe field.pid != 0 else { return false }
    case CQUARK_VALUE_NUMBER, CQUARK_VALUE_NONE: break
    case CQUARK_VALUE_TAG: guard unsafe field.poison_tag != 0 else { return false }
    case CQUARK_VALUE_EVENTS: guard unsafe field.events != 0 else { return false }
    case CQUARK_VALUE_NAME:
      guard unsafe field.comm.0 != 0 else { return false }
      unsafe field.comm.15 = 0
    case CQUARK_VALUE_PATTERN:
      guard let pre = unsafe field.wild.pre else { return false }
      var count = 0
      while unsafe count < RulePatternFlaw.limit && pre[count] != 0 { count += 1 }
      // Safe: this many bytes were just read.
      let pattern = unsafe Span(_unsafeStart: UnsafeRawPointer(pre).assumingMemoryBound(to: UInt8.self), count: count)
      guard RulePatternFlaw(of: pattern) == nil else { return false }
      unsafe field.wild = quark_wild(copying: pattern)
    default: return false
    }
    unsafe add(field)
    return true
  }

  /// Adds a valid condition, and takes over the memory of its pattern.
  func add(_ field: quark_rule_field) {
    let index = unsafe pointee.n_fields
    unsafe pointee.fields = makeRoom(pointee.fields, index)
    unsafe (pointee.fields! + index).initialize(to: field)
    unsafe pointee.n_fields = index + 1
  }

  func clear() {
    for index in 0..<(unsafe pointee.n_fields) {
      guard unsafe RuleCondition(code: pointee.fields[index].code)?.value == CQUARK_VALUE_PATTERN else { continue }
      unsafe pointee.fields[index].wild.free()
    }
    unsafe pointee.fields?.deallocate()
  }
}

/// Makes room for one more element than `count`: returns the same array unless it is full, which it is when `count` is
/// a power of two; then the elements move to a new array.
private func makeRoom<Element>(_ array: UnsafeMutablePointer<Element>?, _ count: Int) -> UnsafeMutablePointer<Element> {
  guard let array = unsafe array else { return .allocate(capacity: 1) }
  guard count & (count - 1) == 0 else { return unsafe array }
  let larger = UnsafeMutablePointer<Element>.allocate(capacity: 2 * count)
  unsafe larger.moveInitialize(from: array, count: count)
  unsafe array.deallocate()
  return unsafe larger
}
