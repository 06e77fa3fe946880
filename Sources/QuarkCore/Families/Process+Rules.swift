internal import CQuark

/// What the rules ask of an event that has a process, asked of that once.
@safe struct RuleSubject {
  private let event: UnsafePointer<quark_event>
  private let process: UnsafeMutablePointer<quark_process>
  private let isTaskKnown: Bool
  /// The path of its executable, and its length in bytes with the NUL; -1 if there is none, and then no pattern
  /// matches.
  private let exe: UnsafePointer<CChar>
  private let exeSize: Int

  @inline(__always)
  init(_ event: UnsafePointer<quark_event>, of process: UnsafeMutablePointer<quark_process>) {
    unsafe self.event = unsafe event
    unsafe self.process = unsafe process
    isTaskKnown = unsafe process.pointee.flags & UInt64(QUARK_F_PROC) != 0
    if let path = unsafe process.pointee.exe {
      unsafe exe = UnsafePointer(path)
      exeSize = unsafe quark_wild.size(of: path)
    } else {
      unsafe exe = UnsafePointer(UnsafeRawPointer(process).assumingMemoryBound(to: CChar.self))
      exeSize = -1
    }
  }

  /// True if all conditions of a rule hold.
  @inline(__always)
  func satisfies(_ rule: UnsafeMutablePointer<quark_rule>) -> Bool {
    var left = unsafe rule.pointee.n_fields
    guard left > 0 else { return true }
    // Safe: the rule has this many fields.
    var field = unsafe rule.pointee.fields.unsafelyUnwrapped
    repeat {
      guard unsafe satisfies(field) else { return false }
      unsafe field += 1
      left &-= 1
    } while left > 0
    return true
  }

  @inline(__always)
  private func satisfies(_ field: UnsafeMutablePointer<quark_rule_field>) -> Bool {
    switch unsafe field.pointee.code {
    case QUARK_RF_PID: return unsafe process.pointee.pid == field.pointee.pid
    case QUARK_RF_PPID: return unsafe isTaskKnown && process.pointee.proc_ppid == field.pointee.pid
    case QUARK_RF_UID: return unsafe isTaskKnown && process.pointee.proc_uid == field.pointee.id
    case QUARK_RF_GID: return unsafe isTaskKnown && process.pointee.proc_gid == field.pointee.id
    case QUARK_RF_SID: return unsafe isTaskKnown && process.pointee.proc_sid == field.pointee.id
    case QUARK_RF_COMM: return unsafe hasComm(field)
    case QUARK_RF_EXE: return unsafe field.pointee.wild.matches(exe, size: exeSize)
    case QUARK_RF_POISON: return unsafe process.pointee.poison_tag == field.pointee.poison_tag
    default: return unsafe Families.satisfies(event, field)
    }
  }

  /// The bytes after the NUL of a name may be anything.
  @inline(never)
  private func hasComm(_ field: UnsafeMutablePointer<quark_rule_field>) -> Bool {
    unsafe withUnsafeBytes(of: &process.pointee.comm) { comm in
      unsafe withUnsafeBytes(of: &field.pointee.comm) { wanted in
        for index in 0..<wanted.count {
          if unsafe comm[index] != wanted[index] { return false }
          if unsafe wanted[index] == 0 { return true }
        }
        return true
      }
    }
  }
}
