/// The ways in which a kernel says that something is wrong with it or with a program.
enum Complaint: String, Sendable {
  case panic, oops, bug, warning, generalProtection, rcuStall, softLockup, hardLockup, hungTask, outOfMemory
  case sanitizer, lockdep, atomicSleep, corruption, callTrace
  /// A program died: harmless if a test is known to have crashed.
  case programCrash

  /// Looks at one message of the kernel, without its time stamp.
  static func of(_ message: Substring) -> Complaint? {
    let begins = beginnings.first { message.hasPrefix($0.text) && message.mentions($0.and) }
    return (begins ?? anywhere.first { message.contains($0.text) && message.mentions($0.and) })?.kind
  }

  private typealias Pattern = (text: String, and: String, kind: Complaint)

  /// Order matters: the particular comes before the general.
  private static let beginnings: [Pattern] = [
    ("BUG: KASAN:", "", .sanitizer), ("BUG: KFENCE:", "", .sanitizer), ("BUG: KCSAN:", "", .sanitizer),
    ("BUG: KMSAN:", "", .sanitizer), ("UBSAN:", "", .sanitizer),
    ("BUG: scheduling while atomic", "", .atomicSleep), ("BUG: sleeping function called", "", .atomicSleep),
    ("BUG: soft lockup", "", .softLockup), ("BUG: workqueue lockup", "", .softLockup),
    ("BUG: spinlock", "", .lockdep), ("BUG: Invalid wait context", "", .lockdep),
    ("WARNING: possible", "lock", .lockdep), ("WARNING: suspicious RCU usage", "", .lockdep),
    ("WARNING: inconsistent lock state", "", .lockdep), ("WARNING: bad unlock balance", "", .lockdep),
    ("WARNING: ", " at ", .warning), ("BUG: ", "", .bug), ("kernel BUG at", "", .bug),
    ("Oops: ", "", .oops), ("Internal error:", "", .oops), ("Unable to handle kernel", "", .oops),
    ("divide error:", "", .oops), ("invalid opcode:", "", .oops), ("double fault:", "", .oops),
    ("general protection fault", "", .generalProtection), ("traps: ", " ip:", .programCrash),
    ("INFO: task ", " blocked for more than ", .hungTask), ("list_add corruption", "", .corruption),
    ("list_del corruption", "", .corruption), ("refcount_t: ", "", .corruption),
    ("Out of memory", "", .outOfMemory), ("oom-kill:", "", .outOfMemory),
    ("Call Trace:", "", .callTrace), ("Call trace:", "", .callTrace),
  ]

  private static let anywhere: [Pattern] = [
    ("Kernel panic - not syncing", "", .panic), ("BUG: soft lockup", "", .softLockup),
    ("hard LOCKUP", "", .hardLockup), ("self-detected stall", "", .rcuStall), ("rcu", "detected stalls", .rcuStall),
    ("rcu", "detected expedited stalls", .rcuStall), ("invoked oom-killer", "", .outOfMemory),
    ("Out of memory: Kill", "", .outOfMemory), ("]: segfault at ", "", .programCrash),
  ]
}

extension Substring {
  fileprivate func mentions(_ text: String) -> Bool {
    text.isEmpty || contains(text)
  }
}
