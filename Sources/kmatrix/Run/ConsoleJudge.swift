/// Looks in a guest's console for what a healthy guest never prints.
///
/// A program may print anything. A line that looks like a complaint of the kernel counts as one, whoever printed it.
struct ConsoleJudge: Sendable {
  struct Finding: Sendable, Equatable, CustomStringConvertible {
    var kind: Complaint
    /// The number of the line, from 1.
    var line: Int
    var text: String
    var description: String { "console line \(line): \(text.prefix(excerptWidth))" }
  }

  enum ProgramExit: Sendable, Equatable {
    case code(Int)
    case signal(String)
  }

  private(set) var initStarted = false
  /// The release in init's banner, which init prints when the guest is ready.
  private(set) var bannerRelease: String?
  private(set) var panic: String?
  private(set) var findings: [Finding] = []
  /// The first message that tells of an exception which the code the kernel printed with it cannot raise.
  private(set) var emulatorFault: Finding?
  private(set) var programExit: ProgramExit?
  /// N of quark-test's last line, `N failures`.
  private(set) var failuresLine: Int?
  /// N of krun.sh's last line, `exited with N`.
  private(set) var krunExitLine: Int?
  /// The lines around the first problem, or the last lines if there is none.
  private(set) var excerpt: [String] = []
  /// What was printed between the banner and the program's exit.
  private(set) var programLines: [String] = []

  /// A call trace belongs to the complaint before it if it follows within this many lines.
  private static let traceReach = 30
  private static let excerptBefore = 5
  private static let excerptLength = 40
  private static let excerptWidth = 400

  init(_ console: some Sequence<UInt8>) {
    let lines = Self.lines(of: console)
    var lastComplaint = -Self.traceReach - 1
    let entries = ConsoleLine.entries(of: lines)
    for (index, entry) in entries.enumerated() {
      if emulatorFault == nil, let kind = Complaint.of(entry.text[...]),
        ImpossibleException.isToldBy(entries[index...].prefix(Self.traceReach).map(\.text))
      {
        emulatorFault = Finding(kind: kind, line: entry.line, text: entry.text)
      }
      if ConsoleNoise.all.contains(where: { entry.text.contains($0.contains) }) {
        lastComplaint = entry.line
      } else if let kind = Complaint.of(entry.text[...]) {
        let explained = kind == .callTrace && entry.line - lastComplaint <= Self.traceReach
        if kind == .panic, panic == nil { panic = entry.text }
        if !explained { findings.append(Finding(kind: kind, line: entry.line, text: entry.text)) }
        lastComplaint = entry.line
      } else if !entry.isKernels {
        readMarker(entry.text)
      }
    }
    excerpt = Self.excerpt(lines, around: findings.first?.line)
  }

  private mutating func readMarker(_ line: String) {
    if line == "quark-init: started" {
      initStarted = true
    } else if bannerRelease == nil, line.hasPrefix("`"), let on = line.lastRange(of: "` on ") {
      bannerRelease = line[on.upperBound...].split(separator: " ").first.map(String.init) ?? ""
    } else if let code = line.dropping(prefix: "exited with ").flatMap({ Int($0) }) {
      krunExitLine = code
    } else if bannerRelease != nil, programExit == nil, let exited = line.lastRange(of: " exited with ") {
      let rest = line[exited.upperBound...]
      if let code = Int(rest) {
        programExit = .code(code)
      } else if let signal = String(rest).dropping(prefix: "signal ") {
        programExit = .signal(String(signal))
      }
    } else if bannerRelease != nil, programExit == nil {
      programLines.append(line)
      if let count = line.dropping(suffix: " failures").flatMap({ Int($0) }) { failuresLine = count }
    }
  }

  /// Splits at newlines, and removes carriage returns, terminal escapes and other control characters.
  static func lines(of console: some Sequence<UInt8>) -> [String] {
    var lines = console.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { bytes in
      TerminalText.plain(String(decoding: bytes, as: UTF8.self))
    }
    while lines.last?.isEmpty == true { lines.removeLast() }
    return lines
  }

  private static func excerpt(_ lines: [String], around problem: Int?) -> [String] {
    let first = problem.map { max(0, $0 - 1 - excerptBefore) } ?? max(0, lines.count - excerptLength)
    return lines[first..<min(lines.count, first + excerptLength)].map { String($0.prefix(excerptWidth)) }
  }
}

/// A line of the console as its writer meant it.
///
/// The kernel and the programs share the console, and the kernel does not wait for a program's line to end:
///
///     t_probe @ ebpf.................[    2.610116] BUG: kernel NULL pointer dereference
///     ok
///
/// is a message of the kernel and the line `t_probe @ ebpf.................ok`. The time stamp tells them apart.
struct ConsoleLine: Equatable {
  /// Without the kernel's time stamp.
  var text: String
  var isKernels: Bool
  /// The number, from 1, of the console's line on which it ends.
  var line: Int

  static func entries(of lines: [String]) -> [ConsoleLine] {
    var entries: [ConsoleLine] = []
    /// The beginning of a program's line that a message of the kernel has interrupted.
    var begun = ""
    for (index, line) in lines.enumerated() {
      guard let stamp = stamp(in: line) else {
        entries.append(ConsoleLine(text: begun + line, isKernels: false, line: index + 1))
        begun = ""
        continue
      }
      begun += line[..<stamp.lowerBound]
      entries.append(ConsoleLine(text: String(line[stamp.upperBound...]), isKernels: true, line: index + 1))
    }
    if !begun.isEmpty { entries.append(ConsoleLine(text: begun, isKernels: false, line: lines.count)) }
    return entries
  }

  /// Finds the first `[    1.234567] ` or, if the kernel also prints the caller, `[    1.234567][    T1] `.
  private static func stamp(in line: String) -> Range<String.Index>? {
    let bytes = line.utf8
    var from = bytes.startIndex
    while let open = bytes[from...].firstIndex(of: UInt8(ascii: "[")) {
      if var end = timeEnd(bytes, after: open) {
        if let caller = callerEnd(bytes, from: end) { end = caller }
        while end < bytes.endIndex, bytes[end] == UInt8(ascii: " ") { end = bytes.index(after: end) }
        return open..<end
      }
      from = bytes.index(after: open)
    }
    return nil
  }

  /// The end of a time: blanks, seconds, a point, six digits and `]`.
  private static func timeEnd(_ bytes: String.UTF8View, after open: String.Index) -> String.Index? {
    let inside = bytes[bytes.index(after: open)...].prefix(24)
    guard let close = inside.firstIndex(of: UInt8(ascii: "]")) else { return nil }
    let parts = inside[..<close].drop { $0 == UInt8(ascii: " ") }.split(separator: UInt8(ascii: "."))
    let isTime = parts.count == 2 && parts[1].count == 6 && parts.allSatisfy { $0.allSatisfy(\.isDigit) }
    return isTime ? bytes.index(after: close) : nil
  }

  /// The end of a caller, `[    T1]` or `[    C0]`, directly after the time.
  private static func callerEnd(_ bytes: String.UTF8View, from start: String.Index) -> String.Index? {
    guard start < bytes.endIndex, bytes[start] == UInt8(ascii: "[") else { return nil }
    let inside = bytes[bytes.index(after: start)...].prefix(12)
    guard let close = inside.firstIndex(of: UInt8(ascii: "]")) else { return nil }
    let word = inside[..<close].drop { $0 == UInt8(ascii: " ") }
    let isCaller = word.first == UInt8(ascii: "T") || word.first == UInt8(ascii: "C")
    return isCaller && word.dropFirst().allSatisfy(\.isDigit) ? bytes.index(after: close) : nil
  }
}

extension UInt8 {
  fileprivate var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
}

/// The ways in which a kernel says that something is wrong with it or with a program.
enum Complaint: String, Sendable {
  case panic, oops, bug, warning, generalProtection, rcuStall, softLockup, hardLockup, hungTask, outOfMemory
  case sanitizer, lockdep, atomicSleep, corruption, callTrace
  /// A program died. This is harmless if a test is known to have crashed.
  case programCrash

  /// The complaint in one message of the kernel, which is given without its time stamp; nil if there is none.
  static func of(_ message: Substring) -> Complaint? {
    let begins = beginnings.first { message.hasPrefix($0.text) && message.mentions($0.and) }
    return (begins ?? anywhere.first { message.contains($0.text) && message.mentions($0.and) })?.kind
  }

  private typealias Pattern = (text: String, and: String, kind: Complaint)

  /// The order matters: special patterns come before general ones.
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
    ("int3: 0000", "", .oops), ("divide error:", "", .oops), ("invalid opcode:", "", .oops), ("double fault:", "", .oops),
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

/// A console line that looks like a problem and is known to be harmless. An entry needs a reason that convinces the
/// next reader, because a real problem that is hidden here would be shipped.
struct ConsoleNoise: Sendable {
  var contains: String
  var reason: String

  static let all = [
    ConsoleNoise(
      contains: "unchecked MSR access error:",
      reason: "emulated CPUs lack model-specific registers that the kernel probes; it catches the fault, and the "
        + "call trace it prints is its whole effect")
  ]
}

/// An exception that the code at its address cannot raise. QEMU's emulation was seen (7.2, guests with two CPUs) to go on
/// executing code that is no longer there: the breakpoint that the kernel puts in place for a moment while it changes an
/// instruction (text_poke_bp() in arch/x86/kernel/alternative.c).
enum ImpossibleException {
  /// True if these messages, from the first line of an oops on, report such an exception. The bytes of code that the
  /// kernel printed decide; `<e8>` among them marks the place of the exception.
  static func isToldBy(_ oops: [String]) -> Bool {
    guard let first = oops.first, let code = code(oops) else { return false }
    if first.contains("int3: 0000 [#") {
      // The address is the one after the breakpoint, which must be there.
      return code.before.last.map { $0 != "cc" } ?? false
    }
    guard first.hasPrefix("BUG: kernel NULL pointer dereference, address: 0000000000000000"),
      oops.prefix(3).contains(where: { $0.contains("supervisor instruction fetch") })
    else { return false }
    // The kernel treated the breakpoint as that of a probe, and went on at a copy of the instruction that this probe
    // does not have: setup_singlestep() and kprobe_fault_handler() in arch/x86/kernel/kprobes. A call of an address
    // other than NULL, and a no-op, do not go to address 0.
    return code.from.starts(with: ["e8"]) && code.from.dropFirst().prefix(4).contains { $0 != "00" }
      || code.from.starts(with: ["0f", "1f", "44", "00", "00"])
  }

  /// The bytes before the address of the exception and from it on, in the first `Code:` line of the kernel's code.
  private static func code(_ oops: [String]) -> (before: ArraySlice<String>, from: [String])? {
    guard let line = oops.first(where: { $0.hasPrefix("Code: ") }) else { return nil }
    let bytes = line.split(separator: " ").dropFirst().map(String.init)
    guard let index = bytes.firstIndex(where: { $0.hasPrefix("<") && $0.hasSuffix(">") }) else { return nil }
    return (bytes[..<index], [String(bytes[index].dropFirst().dropLast())] + bytes[(index + 1)...])
  }
}
