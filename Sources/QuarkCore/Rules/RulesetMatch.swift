public import CQuark

extension UnsafeMutablePointer<quark_ruleset> {
  /// Applies the rules to an event: tags its process, counts, and returns the rule that passes or drops it, or nil if
  /// none does.
  @unsafe public func match(_ event: UnsafePointer<quark_event>) -> UnsafeMutablePointer<quark_rule>? {
    guard var rule = unsafe pointee.rules else { return nil }
    // The queue may change its processes; the pointer in the event is const for others.
    guard let process = unsafe UnsafeMutablePointer<quark_process>(mutating: event.pointee.process) else {
      return unsafe matchNobody(event)
    }
    let subject = unsafe RuleSubject(event, of: process)
    var left = unsafe pointee.n_rules
    while left > 0 {
      unsafe rule.pointee.evals &+= 1
      if unsafe subject.satisfies(rule) {
        unsafe rule.pointee.hits &+= 1
        guard unsafe rule.pointee.action == CInt(QUARK_RA_POISON.rawValue) else { return unsafe rule }
        unsafe process.pointee.poison_tag = rule.pointee.poison_tag
      }
      unsafe rule += 1
      left &-= 1
    }
    return nil
  }

  /// The same where there is no process: what is asked of one does not hold, and there is none to be marked.
  @inline(never)
  private func matchNobody(_ event: UnsafePointer<quark_event>) -> UnsafeMutablePointer<quark_rule>? {
    for index in 0..<(unsafe pointee.n_rules) {
      let rule = unsafe pointee.rules! + index
      unsafe rule.pointee.evals &+= 1
      let fields = 0..<(unsafe rule.pointee.n_fields)
      guard fields.allSatisfy({ unsafe Families.satisfies(event, rule.pointee.fields + $0) }) else { continue }
      unsafe rule.pointee.hits &+= 1
      if unsafe rule.pointee.action != CInt(QUARK_RA_POISON.rawValue) { return unsafe rule }
    }
    return nil
  }

  /// Resets the counts, except those of poison rules.
  func forgetCounts() {
    for index in 0..<(unsafe pointee.n_rules) {
      let rule = unsafe pointee.rules! + index
      guard unsafe rule.pointee.action != CInt(QUARK_RA_POISON.rawValue) else { continue }
      unsafe rule.pointee.evals = 0
      unsafe rule.pointee.hits = 0
    }
  }
}
