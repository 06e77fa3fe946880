import CQuark
import Testing

@testable import QuarkCore

@Suite struct EntryLeaderTests {
  /// A process to scrape: it has its own session unless the test names one.
  struct Given {
    var pid: UInt32
    var ppid: UInt32
    var sid: UInt32?
    var exe = ""
    var tty: (major: UInt32, minor: UInt32) = (0, 0)
  }

  struct Leader: Equatable, CustomStringConvertible {
    var type: Int
    var pid: UInt32

    init(_ type: Int, _ pid: UInt32) { (self.type, self.pid) = (type, pid) }
    var description: String { "\(type) \(pid)" }
  }

  static let first = Given(pid: 1, ppid: 0, exe: "/sbin/init")
  static let sshd = Given(pid: 50, ppid: 1, exe: "/usr/sbin/sshd")

  func cache(_ processes: [Given]) -> ProcessCache {
    var cache = ProcessCache(findsEntryLeaders: true)
    for given in processes {
      var process = unsafe quark_process()
      unsafe process.pid = given.pid
      unsafe process.flags = UInt64(QUARK_F_PROC)
      unsafe process.proc_ppid = given.ppid
      unsafe process.proc_sid = given.sid ?? given.pid
      unsafe (process.proc_tty_major, process.proc_tty_minor) = given.tty
      let (exe, none) = (Array(given.exe.utf8), [UInt8]())
      unsafe cache.insertScraped(
        process, exe: exe.span.bytes, cmdline: none.span.bytes, cwd: none.span.bytes, cgroup: none.span.bytes,
        environment: none.span.bytes)
    }
    cache.findEntryLeaders()
    return cache
  }

  func leader(of pid: UInt32, among processes: [Given]) -> Leader {
    let cache = cache(processes)
    let process = unsafe cache.lookup(pid: pid)!
    return unsafe Leader(Int(process.pointee.proc_entry_leader_type), process.pointee.proc_entry_leader)
  }

  /// The leader of the last process; init comes before all.
  func leader(_ processes: Given...) -> Leader {
    leader(of: processes.last!.pid, among: [Self.first] + processes)
  }

  @Test func initLeadsItself() {
    #expect(leader(of: 1, among: [Self.first]) == Leader(QUARK_ELT_INIT, 1))
  }

  @Test func kernelThreads() {
    #expect(leader(Given(pid: 2, ppid: 0, sid: 0)) == Leader(QUARK_ELT_KTHREAD, 2))
    #expect(leader(Given(pid: 2, ppid: 0, sid: 0), Given(pid: 9, ppid: 2, sid: 0)) == Leader(QUARK_ELT_KTHREAD, 2))
    #expect(leader(Given(pid: 2, ppid: 0, sid: 0), Given(pid: 9, ppid: 2)) == Leader(QUARK_ELT_KTHREAD, 9))
  }

  @Test func aSerialLine() {
    #expect(leader(Given(pid: 9, ppid: 1, tty: (4, 64))) == Leader(QUARK_ELT_TERM, 9))
    #expect(leader(Given(pid: 9, ppid: 1, tty: (4, 255))) == Leader(QUARK_ELT_TERM, 9))
    #expect(leader(Given(pid: 9, ppid: 1, sid: 8, tty: (4, 64))) == Leader(QUARK_ELT_INIT, 1), "leads no session")
    #expect(leader(Given(pid: 9, ppid: 1, tty: (4, 256))) == Leader(QUARK_ELT_INIT, 1), "no terminal")
  }

  @Test func aConsoleLogin() {
    #expect(leader(Given(pid: 9, ppid: 1, exe: "/bin/login", tty: (4, 1))) == Leader(QUARK_ELT_TERM, 9))
    #expect(leader(Given(pid: 9, ppid: 1, exe: "/bin/logins", tty: (4, 1))) == Leader(QUARK_ELT_INIT, 1))
    #expect(leader(Given(pid: 9, ppid: 1, exe: "login", tty: (4, 1))) == Leader(QUARK_ELT_INIT, 1), "no slash, no name")
  }

  @Test func withoutAKnownParentNothingIsSaid() {
    #expect(leader(Given(pid: 9, ppid: 77)) == Leader(QUARK_ELT_UNKNOWN, 0))
    #expect(leader(Given(pid: 8, ppid: 77), Given(pid: 9, ppid: 8)) == Leader(QUARK_ELT_UNKNOWN, 0))
  }

  @Test func membersOfASessionInherit() {
    let shell = Given(pid: 60, ppid: 50, exe: "/bin/bash")
    #expect(leader(Self.sshd, shell, Given(pid: 61, ppid: 60, sid: 60, exe: "/bin/ls")) == Leader(QUARK_ELT_SSHD, 60))
  }

  @Test(arguments: ["runc", "containerd-shim-runc-v2", "calico-node", "check-status", "pause", "conmon"])
  func helpersInherit(name: String) {
    let shim = Given(pid: 60, ppid: 1, exe: "/usr/bin/containerd-shim")
    #expect(leader(shim, Given(pid: 61, ppid: 60, exe: "/bin/\(name)")) == Leader(QUARK_ELT_INIT, 1))
  }

  @Test func sessionsOfSSM() {
    let worker = Given(pid: 60, ppid: 1, exe: "/usr/bin/ssm-session-worker")
    #expect(leader(worker, Given(pid: 61, ppid: 60, exe: "/bin/sh", tty: (136, 0))) == Leader(QUARK_ELT_SSM, 61))
    #expect(leader(worker, Given(pid: 61, ppid: 60, exe: "/bin/sh", tty: (144, 0))) == Leader(QUARK_ELT_INIT, 1))
  }

  @Test func sessionsOfSSHD() {
    #expect(leader(Self.sshd) == Leader(QUARK_ELT_INIT, 1))
    #expect(leader(Self.sshd, Given(pid: 60, ppid: 50, exe: "/usr/sbin/sshd")) == Leader(QUARK_ELT_INIT, 1))
    #expect(leader(Self.sshd, Given(pid: 60, ppid: 50, exe: "/bin/bash")) == Leader(QUARK_ELT_SSHD, 60))
    #expect(leader(Self.sshd, Given(pid: 60, ppid: 50)) == Leader(QUARK_ELT_SSHD, 60), "no name is another name")
  }

  @Test(arguments: ["runc", "containerd-shim-runc-v2", "conmon"])
  func containers(name: String) {
    let starter = Given(pid: 60, ppid: 1, exe: "/usr/bin/\(name)")
    #expect(leader(starter, Given(pid: 61, ppid: 60, exe: "/app")) == Leader(QUARK_ELT_CONTAINER, 61))
  }

  /// Parents come before children, with any pids.
  @Test func breadthFirst() {
    let processes = [
      Self.first, Given(pid: 900, ppid: 1, exe: "/usr/sbin/sshd"), Given(pid: 30, ppid: 900, exe: "/bin/bash"),
      Given(pid: 700, ppid: 30, sid: 30), Given(pid: 20, ppid: 700, sid: 30), Given(pid: 10, ppid: 10),
    ]
    #expect(leader(of: 20, among: processes) == Leader(QUARK_ELT_SSHD, 30))
    #expect(leader(of: 10, among: processes) == Leader(QUARK_ELT_UNKNOWN, 0), "below no root")
  }

  /// The leader is computed from the cache at each fork, and again at each exec.
  @Test func forksAndExecs() {
    var pipeline = EventPipeline(flags: QQ_ENTRY_LEADER | QQ_MIN_AGG)
    pipeline.processes = cache([Self.first, Self.sshd])
    pipeline.add(RAW_WAKE_UP_NEW_TASK, pid: 60, at: 1, ppid: 50) { $0.sid = 60 }
    func leader() -> Leader {
      _ = pipeline.nextSummary()
      let process = unsafe pipeline.processes.lookup(pid: 60)!
      return unsafe Leader(Int(process.pointee.proc_entry_leader_type), process.pointee.proc_entry_leader)
    }
    #expect(leader() == Leader(QUARK_ELT_INIT, 1), "still sshd itself")
    pipeline.add(RAW_EXEC, pid: 60, at: 2, ppid: 50, exe: "/bin/bash") { $0.sid = 60 }
    #expect(leader() == Leader(QUARK_ELT_SSHD, 60))
  }

  @Test func onlyWhenAsked() {
    var pipeline = EventPipeline()
    pipeline.add(RAW_EXEC, pid: 1, at: 1)
    _ = pipeline.drain()
    #expect(unsafe pipeline.processes.lookup(pid: 1)!.pointee.proc_entry_leader_type == 0)
  }

  @Test(arguments: [
    (136, 0, TTYKind.pts), (143, 9999, .pts), (135, 0, .unknown), (144, 0, .unknown), (4, 0, .console),
    (4, 63, .console), (4, 64, .serial), (4, 255, .serial), (4, 256, .unknown), (0, 0, .unknown),
  ] as [(UInt32, UInt32, TTYKind)])
  func ttyKinds(major: UInt32, minor: UInt32, kind: TTYKind) {
    #expect(TTYKind(major: major, minor: minor) == kind)
  }
}
