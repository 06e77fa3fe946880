import CQuark
import Testing

@testable import QuarkCore

@Suite struct RuleMatchTests {
  // MARK: - Conditions

  /// The data of a process that rules can compare.
  struct Subject {
    var isTaskKnown = true
    var (pid, ppid, uid, gid, sid): (UInt32, UInt32, UInt32, UInt32, UInt32) = (0, 0, 0, 0, 0)
    var (euid, egid, pgid): (UInt32, UInt32, UInt32) = (0, 0, 0)
    var tag: UInt64 = 0
    var comm = ""
  }

  /// True if a rule with only this condition matches an event of the process.
  func matches(_ condition: String, exe: String? = nil, _ change: (inout Subject) -> Void = { _ in }) -> Bool {
    let ruleset = try! Ruleset.parsing(Array("drop on \(condition)".utf8).span)
    return verdict(ruleset, exe: exe, change) == 0
  }

  /// The number of the rule that decides.
  func verdict(
    _ ruleset: borrowing Ruleset, exe: String? = nil, _ change: (inout Subject) -> Void = { _ in }
  ) -> UInt32? {
    var subject = Subject()
    change(&subject)
    var process = unsafe quark_process()
    unsafe process.flags = subject.isTaskKnown ? UInt64(QUARK_F_PROC) : 0
    unsafe (process.pid, process.proc_ppid, process.poison_tag) = (subject.pid, subject.ppid, subject.tag)
    unsafe (process.proc_uid, process.proc_euid, process.proc_suid) = (subject.uid, subject.euid, subject.euid)
    unsafe (process.proc_gid, process.proc_egid, process.proc_sgid) = (subject.gid, subject.egid, subject.egid)
    unsafe (process.proc_sid, process.proc_pgid) = (subject.sid, subject.pgid)
    unsafe withUnsafeMutableBytes(of: &process.comm) { unsafe $0.copyBytes(from: subject.comm.utf8.prefix(16)) }
    // The buffer has exactly the size of the string.
    let exe = exe.map { Array($0.utf8CString) } ?? []
    let path = UnsafeMutableBufferPointer<CChar>.allocate(capacity: exe.count)
    defer { unsafe path.deallocate() }
    _ = unsafe path.initialize(from: exe)
    unsafe process.exe = exe.isEmpty ? nil : path.baseAddress
    return unsafe withUnsafeMutablePointer(to: &process) { process in
      var event = unsafe quark_event()
      unsafe event.process = UnsafePointer(process)
      return unsafe ruleset.storage.match(&event)?.pointee.number
    }
  }

  @Test func numbers() {
    #expect(matches("process.pid 7") { $0.pid = 7 })
    #expect(!matches("process.pid 7") { $0.pid = 8 })
    #expect(matches("process.ppid 7") { $0.ppid = 7 })
    #expect(!matches("process.ppid 7") { $0.ppid = 8 })
    #expect(!matches("process.ppid 7") { $0.pid = 7 })
    #expect(matches("process.uid 7") { $0.uid = 7 })
    #expect(!matches("process.uid 7") { ($0.euid, $0.gid) = (7, 7) }, "the real one")
    #expect(matches("process.gid 7") { $0.gid = 7 })
    #expect(!matches("process.gid 7") { ($0.egid, $0.uid) = (7, 7) }, "the real one")
    #expect(matches("process.sid 7") { $0.sid = 7 })
    #expect(!matches("process.sid 7") { $0.pgid = 7 })
    #expect(matches("process.uid 0"))
    #expect(matches("process.uid 4294967295") { $0.uid = .max })
    #expect(matches("poison 7") { $0.tag = 7 })
    #expect(!matches("poison 7") { $0.tag = 7 + 1 << 32 })
    #expect(matches("poison -1") { $0.tag = .max })
    #expect(!matches("file.path /a", exe: "/a"), "no event has a file")
    #expect(!matches("file.path *", exe: "/a"))
    #expect(!matches("file.exec_change", exe: "/a"))
  }

  /// Unknown data of a process does not count as 0.
  @Test func whatIsNotKnown() {
    for condition in ["process.ppid 7", "process.uid 7", "process.gid 7", "process.sid 7", "process.uid 0"] {
      #expect(
        !matches(condition) {
          $0.isTaskKnown = false
          ($0.ppid, $0.uid, $0.gid, $0.sid) = (7, 7, 7, 7)
        }, "\(condition)")
    }
    #expect(!matches("process.exe *"), "no executable is not the empty one")
    #expect(matches("process.pid 7") { ($0.pid, $0.isTaskKnown) = (7, false) })
    #expect(matches("poison 7") { ($0.tag, $0.isTaskKnown) = (7, false) })
  }

  @Test func allMustHold() {
    #expect(matches("process.pid 7 process.uid 8") { ($0.pid, $0.uid) = (7, 8) })
    #expect(!matches("process.pid 7 process.uid 8") { ($0.pid, $0.uid) = (7, 9) })
    #expect(!matches("process.pid 7 process.uid 8") { ($0.pid, $0.uid) = (6, 8) })
    #expect(!matches("process.pid 7 process.pid 8") { $0.pid = 7 })
    #expect(matches("process.exe /a* process.exe *b", exe: "/a/b"))
    #expect(!matches("process.exe /a* process.exe *b", exe: "/a/c"))
    #expect(matches("any"))
  }

  @Test(arguments: [
    ("/bin/sh", "/bin/sh", true), ("/bin/sh", "/bin/s", false), ("/bin/sh", "/bin/sha", false),
    ("/bin/sh", "", false), ("/bin/sh", "bin/sh", false), ("a", "a", true), ("a", "b", false),
    ("*", "", true), ("*", "a", true), ("*", "/a/b c", true),
    ("/a*", "/a", true), ("/a*", "/ab", true), ("/a*", "/a/b/c", true), ("/a*", "/", false), ("/a*", "x/a", false),
    ("*b", "b", true), ("*b", "/a/b", true), ("*b", "/a/bc", false), ("*b", "", false),
    ("/a*b", "/ab", true), ("/a*b", "/a/x/b", true), ("/a*b", "/a", false), ("/a*b", "/abc", false),
    ("/*/bar", "//bar", true), ("/*/bar", "/foo/bar", true), ("/*/bar", "/bar", false),
    ("/*/bar", "/a/b/bar", true), ("aa*aa", "aaa", false), ("aa*aa", "aaaa", true), ("ab*ba", "aba", false),
    ("ab*ba", "abba", true), ("a*a", "a", false), ("a*a", "aa", true),
    // More than eight bytes: compared by words.
    ("/usr/bin/env", "/usr/bin/env", true), ("/usr/bin/env", "/usr/bin/enw", false),
    ("/usr/bin/env", "/usr/bin/envx", false), ("/usr/bin/env", "/usr/bin/en", false),
    ("/usr/bin/env", "/usr/bxn/env", false),
    ("/usr/lib/*", "/usr/lib/systemd", true), ("/usr/lib/*", "/usr/lib", false), ("/usr/lib/*", "/usr/lib/", true),
    ("/usr/lib/systemd/*", "/usr/lib/systemd/systemd-udevd", true),
    ("/usr/lib/systemd/*", "/usr/lib/systemc/systemd-udevd", false),
    ("*/systemd-udevd", "/usr/lib/systemd/systemd-udevd", true),
    ("*/systemd-udevd", "/usr/lib/systemd/systemd-udeve", false),
    ("*/systemd-udevd", "systemd-udevd", false),
    ("/usr/lib/*/systemd-udevd", "/usr/lib//systemd-udevd", true),
    ("/usr/lib/*/systemd-udevd", "/usr/lib/systemd-udevd", false),
    ("1234567*", "1234567", true), ("12345678*", "12345678", true), ("123456789*", "12345678", false),
    ("1234567", "1234567", true), ("12345678", "12345678", true), ("12345678", "123456789", false),
    ("*1234567", "1234567", true), ("*12345678", "12345678", true), ("*12345678", "2345678", false),
  ])
  func patterns(pattern: String, path: String, expected: Bool) {
    #expect(matches("process.exe \"\(pattern)\"", exe: path) == expected)
  }

  /// Compares every pattern of up to four letters with every path of up to four, and checks the result by a simple
  /// search.
  @Test func allShortPatterns() {
    let letters = ["", "a", "b"]
    let halves = letters.flatMap { one in letters.map { one + $0 } }
    let paths = Set(halves.flatMap { one in halves.map { one + $0 } })
    var count = 0
    for pre in halves {
      for post in halves {
        for isWild in [true, false] where isWild || !(pre + post).isEmpty {
          let ruleset = try! Ruleset.parsing(Array("drop on process.exe \(pre)\(isWild ? "*" : "")\(post)".utf8).span)
          for path in paths {
            let expected =
              isWild
              ? path.count >= pre.count + post.count && path.hasPrefix(pre) && path.hasSuffix(post)
              : path == pre + post
            let actual = verdict(ruleset, exe: path) == 0
            #expect(actual == expected, "\(pre)\(isWild ? "*" : "")\(post) and \(path)")
            count += 1
          }
        }
      }
    }
    #expect(count > 4000)
  }

  /// The parts of a pattern are as the manual says.
  @Test func partsOfAPattern() throws {
    func parts(_ pattern: String) throws -> [String] {
      let ruleset = try Ruleset.parsing(Array("drop on process.exe \(pattern)".utf8).span)
      let wild = unsafe ruleset.storage.pointee.rules[0].fields[0].wild
      return unsafe [String(cString: wild.pre), "\(wild.pre_len)", String(cString: wild.post), "\(wild.post_len)"]
    }
    #expect(try parts("/a*b") == ["/a", "2", "b", "2"])
    #expect(try parts("foo") == ["foo", "4", "", "0"])
    #expect(try parts("*") == ["", "0", "", "0"])
    #expect(try parts("foo*") == ["foo", "3", "", "0"])
    #expect(try parts("*foo") == ["", "0", "foo", "4"])
  }

  // MARK: - What is asked of events

  /// Does a rule with these conditions alone match an event, of a process and of nobody?
  func matches(_ conditions: String, _ change: (inout quark_event) -> Void) -> Bool {
    let ruleset = try! Ruleset.parsing(Array("drop on \(conditions)".utf8).span)
    var process = unsafe quark_process()
    var event = unsafe quark_event()
    unsafe change(&event)
    let ofNobody = unsafe ruleset.storage.match(&event) != nil
    let ofSomebody = unsafe withUnsafePointer(to: &process) { process in
      unsafe event.process = unsafe process
      return unsafe ruleset.storage.match(&event) != nil
    }
    #expect(ofNobody == ofSomebody)
    return ofSomebody
  }

  @Test func types() {
    func change(_ event: inout quark_event) { unsafe event.events = UInt64(QUARK_EV_EXEC | QUARK_EV_EXIT) }
    #expect(unsafe matches("event.type EXEC", change))
    #expect(unsafe matches("event.type EXIT event.type EXEC", change))
    #expect(unsafe !matches("event.type FORK", change))
    #expect(unsafe !matches("event.type FORK event.type EXEC", change))
    #expect(unsafe matches("event.type GETPID") { unsafe $0.events = UInt64(QUARK_EV_GETPID) })
    #expect(unsafe !matches("event.type EXEC") { _ in }, "as processes are that are there when a queue opens")
  }

  @Test func ptrace() {
    func change(_ event: inout quark_event) {
      unsafe event.events = UInt64(QUARK_EV_PTRACE)
      unsafe event.ptrace = quark_ptrace(child_pid: 7, request: 0x4206, addr: 0, data: 0)
    }
    #expect(unsafe matches("ptrace.child_pid 7 ptrace.request 16902", change))
    #expect(unsafe !matches("ptrace.child_pid 8", change))
    #expect(unsafe !matches("ptrace.request 16", change))
    // Of an event that tells of something else, they are not 0.
    #expect(unsafe !matches("ptrace.request 0") { unsafe $0.events = UInt64(QUARK_EV_EXEC) })
    #expect(
      unsafe !matches("ptrace.request 0") {
        unsafe change(&$0)
        unsafe $0.ptrace.request = 1 << 32
      })
    #expect(unsafe !matches("module.name *", change) && !matches("shm.path *", change))
    #expect(unsafe !matches("file.path *", change) && !matches("file.exec_change", change))
  }

  @Test func modulesAndSharedMemory() {
    var name = Array("kvm_intel".utf8CString)
    unsafe name.withUnsafeMutableBufferPointer { name in
      var module = unsafe quark_module_load()
      unsafe module.name = name.baseAddress
      var shm = unsafe quark_shm()
      unsafe shm.path = UnsafePointer(name.baseAddress)
      var segment = unsafe quark_shm()
      unsafe withUnsafeMutablePointer(to: &module) { module in
        func change(_ event: inout quark_event) {
          unsafe (event.events, event.module_load) = (UInt64(QUARK_EV_MODULE_LOAD), module)
        }
        #expect(unsafe matches("module.name kvm*", change) && matches("module.name kvm_intel", change))
        #expect(unsafe !matches("module.name kvm", change) && !matches("module.name *amd", change))
        #expect(unsafe !matches("shm.path *", change) && !matches("process.exe *", change))
      }
      unsafe withUnsafeMutablePointer(to: &shm) { shm in
        func change(_ event: inout quark_event) { unsafe (event.events, event.shm) = (UInt64(QUARK_EV_SHM), shm) }
        #expect(unsafe matches("shm.path *intel", change) && !matches("shm.path intel", change))
        #expect(unsafe !matches("module.name *", change))
      }
      unsafe withUnsafeMutablePointer(to: &segment) { segment in
        func change(_ event: inout quark_event) { unsafe (event.events, event.shm) = (UInt64(QUARK_EV_SHM), segment) }
        #expect(unsafe !matches("shm.path *", change), "a segment of System V has no name")
        #expect(unsafe matches("event.type SHM", change))
      }
    }
  }

  // MARK: - Rules made by hand

  /// Adds a condition to the last rule.
  func add(
    _ ruleset: borrowing Ruleset, _ code: UInt64, id: UInt32 = 0, tag: UInt64 = 0, comm: String = "",
    pattern: String? = nil
  ) -> Bool {
    let last = unsafe ruleset.storage.pointee.rules + ruleset.storage.pointee.n_rules - 1
    var field = unsafe quark_rule_field()
    unsafe field.code = code
    if id != 0 { unsafe field.id = id }
    if tag != 0 { unsafe field.poison_tag = tag }
    if !comm.isEmpty {
      unsafe withUnsafeMutableBytes(of: &field.comm) { unsafe $0.copyBytes(from: comm.utf8.prefix(16)) }
    }
    guard var text = pattern.map({ Array($0.utf8CString) }) else { return unsafe last.match(field) }
    return unsafe text.withUnsafeMutableBufferPointer { text in
      unsafe field.wild.pre = text.baseAddress
      let isAdded = unsafe last.match(field)
      // The rule has a copy.
      unsafe text.update(repeating: 0)
      return isAdded
    }
  }

  @Test func fieldsAreValidated() {
    let ruleset = Ruleset()
    unsafe ruleset.storage.append(QUARK_RA_PASS)
    for code in [QUARK_RF_PID, QUARK_RF_PPID] {
      #expect(add(ruleset, code) == false)
      #expect(add(ruleset, code, id: 1) == true)
    }
    for code in [QUARK_RF_UID, QUARK_RF_GID, QUARK_RF_SID] { #expect(add(ruleset, code) == true) }
    #expect(add(ruleset, QUARK_RF_PTRACE_CHILD_PID) == false)
    #expect(add(ruleset, QUARK_RF_PTRACE_CHILD_PID, id: 1) == true)
    #expect(add(ruleset, QUARK_RF_PTRACE_REQUEST) == true)
    #expect(add(ruleset, QUARK_RF_EVENT) == false)
    #expect(add(ruleset, QUARK_RF_EVENT, tag: UInt64(QUARK_EV_PTRACE | QUARK_EV_SHM)) == true)
    #expect(add(ruleset, QUARK_RF_POISON) == false)
    #expect(add(ruleset, QUARK_RF_POISON, tag: 1 << 63) == true)
    #expect(add(ruleset, QUARK_RF_COMM) == false)
    #expect(add(ruleset, QUARK_RF_COMM, comm: "\0a") == false)
    #expect(add(ruleset, QUARK_RF_COMM, comm: "a") == true)
    #expect(add(ruleset, QUARK_RF_FILE_EXEC_CHANGE) == true)
    for code in [0, QUARK_RF_PID | QUARK_RF_UID, 1 << 10, 1 << 37, 1 << 63] as [UInt64] {
      #expect(add(ruleset, code, id: 1) == false, "\(code)")
    }
    for code in [QUARK_RF_EXE, QUARK_RF_FILEPATH, QUARK_RF_MODULE_NAME, QUARK_RF_SHM_PATH] {
      #expect(add(ruleset, code) == false, "NULL")
      for pattern in ["", "**", "*a*", "a**", "**a", "*a*b", String(repeating: "a", count: 4096)] {
        #expect(add(ruleset, code, pattern: pattern) == false, "\(pattern.prefix(8))")
      }
      for pattern in ["*", "a", "a*b", String(repeating: "a", count: 4095)] {
        #expect(add(ruleset, code, pattern: pattern) == true, "\(pattern.prefix(8))")
      }
    }
    #expect(unsafe ruleset.storage.pointee.rules[0].n_fields == 2 + 3 + 3 + 1 + 1 + 1 + 16, "what was refused is not there")
  }

  @Test func patternsAreCopied() {
    let ruleset = Ruleset()
    unsafe ruleset.storage.append(QUARK_RA_DROP)
    #expect(add(ruleset, QUARK_RF_EXE, pattern: "/bin/*") == true)
    #expect(verdict(ruleset, exe: "/bin/sh") == 0)
    #expect(verdict(ruleset, exe: "/") == nil)
  }

  @Test func names() {
    func matches(_ wanted: String, _ comm: String) -> Bool {
      let ruleset = Ruleset()
      unsafe ruleset.storage.append(QUARK_RA_DROP)
      #expect(add(ruleset, QUARK_RF_COMM, comm: wanted) == true)
      return verdict(ruleset) { $0.comm = comm } == 0
    }
    #expect(matches("sh", "sh"))
    #expect(!matches("sh", "s") && !matches("sh", "sha") && !matches("sh", ""))
    #expect(matches("sh", "sh\0what was"), "what comes behind the NUL is not the name")
    #expect(matches("sh\0something", "sh"))
    #expect(matches("123456789012345", "123456789012345"))
    #expect(!matches("123456789012345", "12345678901234"))
    #expect(matches("1234567890123456", "123456789012345"), "one without room for its NUL is cut, as the kernel's are")
  }

  @Test func rulesAreNumberedAndMove() {
    let ruleset = Ruleset()
    for number: UInt32 in 0..<100 {
      let rule = unsafe ruleset.storage.append(number % 2 == 0 ? QUARK_RA_DROP : QUARK_RA_POISON, poisonTag: 5)
      #expect(unsafe rule.pointee.number == number && rule.pointee.poison_tag == UInt64(number % 2 * 5))
      #expect(add(ruleset, QUARK_RF_PID, id: number + 1) == true)
      #expect(add(ruleset, QUARK_RF_EXE, pattern: "/bin/\(number)*") == true)
    }
    #expect(verdict(ruleset, exe: "/bin/42") { $0.pid = 43 } == 42)
    #expect(verdict(ruleset, exe: "/bin/42") { $0.pid = 45 } == nil)
    #expect(unsafe ruleset.storage.pointee.n_rules == 100)
  }

  // MARK: - Evaluation

  @Test func theFirstThatDecides() throws {
    let ruleset = try Ruleset.parsing(
      Array(
        """
        poison 1 on process.pid 1
        pass on process.pid 2
        poison 0 on poison 5
        drop on process.uid 9
        pass on any
        drop on any
        """.utf8
      ).span)
    func counts() -> [[UInt64]] {
      (0..<6).map { unsafe [ruleset.storage.pointee.rules[$0].evals, ruleset.storage.pointee.rules[$0].hits] }
    }
    #expect(verdict(ruleset) { $0.pid = 1 } == 4, "one that marks decides nothing")
    #expect(counts() == [[1, 1], [1, 0], [1, 0], [1, 0], [1, 1], [0, 0]])
    #expect(verdict(ruleset) { $0.pid = 2 } == 1)
    #expect(counts() == [[2, 1], [2, 1], [1, 0], [1, 0], [1, 1], [0, 0]])
    #expect(verdict(ruleset) { ($0.pid, $0.uid) = (3, 9) } == 3)
    #expect(counts() == [[3, 1], [3, 1], [2, 0], [2, 1], [1, 1], [0, 0]])
  }

  @Test func laterRulesSeeTheMark() throws {
    let text = "poison 1 on any\npoison 2 on poison 1\ndrop on poison 2\npass on any"
    let ruleset = try Ruleset.parsing(Array(text.utf8).span)
    #expect(verdict(ruleset) == 2)
    let other = try Ruleset.parsing(Array("drop on poison 1\npoison 1 on any".utf8).span)
    #expect(verdict(other) == nil, "earlier ones do not")
  }

  /// An event without a process: nothing that is asked of one holds, `any` does, and what is asked of the event itself;
  /// and there is nobody to mark.
  @Test func noProcess() throws {
    let text = """
      drop on process.pid 1
      drop on process.uid 0
      drop on process.exe *
      drop on poison 3 event.type PTRACE
      drop on event.type SHM
      poison 3 on event.type PTRACE
      poison 3 on any
      pass on ptrace.request 16 ptrace.child_pid 7
      pass on any
      """
    let ruleset = try Ruleset.parsing(Array(text.utf8).span)
    var event = unsafe quark_event()
    unsafe event.events = UInt64(QUARK_EV_PTRACE)
    unsafe event.ptrace = quark_ptrace(child_pid: 7, request: 16, addr: 0, data: 0)
    #expect(unsafe ruleset.storage.match(&event)?.pointee.number == 7)
    let hits = (0..<9).map { unsafe ruleset.storage.pointee.rules[$0].hits }
    #expect(hits == [0, 0, 0, 0, 0, 1, 1, 1, 0])
    unsafe event.ptrace.child_pid = 8
    #expect(unsafe ruleset.storage.match(&event)?.pointee.number == 8)
    let none = Ruleset()
    #expect(unsafe none.storage.match(&event) == nil)
    extendLifetime(none)
  }
}
