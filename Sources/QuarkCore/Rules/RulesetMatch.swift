public import CQuark

extension UnsafeMutablePointer<quark_ruleset> {
  /// Applies the rules to an event: marks its process, counts, and returns the rule that passes or drops it, or nil
  /// when none does.
  @unsafe public func match(_ event: UnsafePointer<quark_event>) -> UnsafeMutablePointer<quark_rule>? {
    guard var rule = unsafe pointee.rules else { return nil }
    let end = unsafe rule + pointee.n_rules
    // The processes of a queue are its own to change; the event shows them to others.
    let process = unsafe UnsafeMutablePointer<quark_process>(mutating: event.pointee.process)
    var exeLength = -1
    while unsafe rule < end {
      unsafe rule.pointee.evals &+= 1
      if unsafe rule.matches(process, &exeLength) {
        unsafe rule.pointee.hits &+= 1
        guard unsafe rule.pointee.action == CInt(QUARK_RA_POISON.rawValue) else { return unsafe rule }
        unsafe process?.pointee.poison_tag = rule.pointee.poison_tag
      }
      unsafe rule += 1
    }
    return nil
  }

  /// Begins counting anew, but for the rules that mark: what these found stays found.
  func forgetCounts() {
    for index in 0..<(unsafe pointee.n_rules) {
      let rule = unsafe pointee.rules! + index
      guard unsafe rule.pointee.action != CInt(QUARK_RA_POISON.rawValue) else { continue }
      unsafe rule.pointee.evals = 0
      unsafe rule.pointee.hits = 0
    }
  }
}

extension UnsafeMutablePointer<quark_rule> {
  /// Do all conditions hold? `exeLength`: of the process's executable, or below 0 if nobody asked so far.
  @inline(__always)
  fileprivate func matches(_ process: UnsafeMutablePointer<quark_process>?, _ exeLength: inout Int) -> Bool {
    guard var field = unsafe pointee.fields else { return true }
    guard let process = unsafe process else { return false }
    let end = unsafe field + pointee.n_fields
    while unsafe field < end {
      guard unsafe field.matches(process, &exeLength) else { return false }
      unsafe field += 1
    }
    return true
  }
}

extension UnsafeMutablePointer<quark_rule_field> {
  @inline(__always)
  fileprivate func matches(_ process: UnsafeMutablePointer<quark_process>, _ exeLength: inout Int) -> Bool {
    let isTaskKnown = unsafe process.pointee.flags & UInt64(QUARK_F_PROC) != 0
    switch unsafe pointee.code {
    case QUARK_RF_PID: return unsafe process.pointee.pid == pointee.pid
    case QUARK_RF_PPID: return unsafe isTaskKnown && process.pointee.proc_ppid == pointee.pid
    case QUARK_RF_UID: return unsafe isTaskKnown && process.pointee.proc_uid == pointee.id
    case QUARK_RF_GID: return unsafe isTaskKnown && process.pointee.proc_gid == pointee.id
    case QUARK_RF_SID: return unsafe isTaskKnown && process.pointee.proc_sid == pointee.id
    case QUARK_RF_COMM: return unsafe hasComm(of: process)
    case QUARK_RF_EXE:
      guard let exe = unsafe process.pointee.exe else { return false }
      if exeLength < 0 { unsafe exeLength = length(of: exe) }
      return unsafe pointee.wild.matches(exe, length: exeLength)
    case QUARK_RF_POISON: return unsafe process.pointee.poison_tag == pointee.poison_tag
    // QUARK_RF_FILEPATH: no event has a file.
    default: return false
    }
  }

  /// What comes behind a name's NUL may be anything.
  private func hasComm(of process: UnsafeMutablePointer<quark_process>) -> Bool {
    unsafe withUnsafeBytes(of: &process.pointee.comm) { comm in
      unsafe withUnsafeBytes(of: &pointee.comm) { wanted in
        for index in 0..<wanted.count {
          if unsafe comm[index] != wanted[index] { return false }
          if unsafe wanted[index] == 0 { return true }
        }
        return true
      }
    }
  }
}

private func length(of string: UnsafePointer<CChar>) -> Int {
  var length = 0
  while unsafe string[length] != 0 { length &+= 1 }
  return length
}
