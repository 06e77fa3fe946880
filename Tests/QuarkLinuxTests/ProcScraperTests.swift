import CLinux
import CWire
import Foundation
import QuarkCore
import Testing

@testable import QuarkLinux

/// The scraped data of a process, as values that outlive it.
struct Scraped: Equatable {
  var pid: UInt32
  var isTaskKnown: Bool
  var ppid: UInt32
  var ids: [UInt32]
  var capabilities: [UInt64]
  var session: [UInt32]
  var namespaces: [UInt32]
  var startNS: UInt64
  var comm: String
  var exe: String
  var cwd: String
  var cmdline: String
  var cgroup: String
  var environment: String

  init(_ process: borrowing ScrapedProcess) {
    let task = process.task
    pid = process.pid
    isTaskKnown = process.isTaskKnown
    ppid = task.ppid
    ids = [task.uid, task.euid, task.suid, task.gid, task.egid, task.sgid]
    capabilities = [
      task.cap_inheritable, task.cap_permitted, task.cap_effective, task.cap_bset, task.cap_ambient,
    ]
    session = [task.pgid, task.sid, task.tty_major, task.tty_minor]
    namespaces = [task.uts_inonum, task.ipc_inonum, task.mnt_inonum, task.net_inonum]
    startNS = task.start_boot_ns
    comm = unsafe withUnsafeBytes(of: task.comm) { unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    exe = Self.string(process.exe)
    cwd = Self.string(process.cwd)
    cmdline = Self.string(process.cmdline)
    cgroup = Self.string(process.cgroup)
    environment = Self.string(process.environment)
  }

  static func string(_ bytes: Span<UInt8>) -> String {
    String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self)
  }
}

@Suite struct ProcScraperTests {
  static func scrape(
    _ path: String, maxEnvironmentLength: Int = 4096
  ) throws -> (processes: [UInt32: Scraped], outcome: ProcScraper.Outcome) {
    var scraper = try ProcScraper(path: path, maxEnvironmentLength: maxEnvironmentLength, ticksPerSecond: 100)
    var processes: [UInt32: Scraped] = [:]
    let outcome = try scraper.scrape {
      #expect(processes[$0.pid] == nil, "nothing twice")
      processes[$0.pid] = Scraped($0)
    }
    #expect(processes.count == outcome.processes)
    return (processes, outcome)
  }

  @Test func everythingOfAProcess() throws {
    let tree = try ProcTree()
    try tree.process(4242)
    let (processes, outcome) = try Self.scrape(tree.path)
    let process = try #require(processes[4242])
    #expect(outcome == .init(processes: 1))
    #expect(process.isTaskKnown)
    #expect(process.ppid == 1)
    #expect(process.ids == [1, 2, 3, 5, 6, 7])
    #expect(process.capabilities == [1, 2, 3, 4, 5])
    #expect(process.session == [10, 11, 136, 1])
    #expect(process.namespaces == [21, 22, 23, 24])
    #expect(process.startNS == 123_450_000_000)
    #expect(process.comm == "s) (h")
    #expect(process.exe == "/bin/sh (deleted)")
    #expect(process.cwd == "/home/a b")
    #expect(process.cmdline == "sh\0-c\0exit\0")
    #expect(process.cgroup == "/foo/docker-f6aa.scope")
    #expect(process.environment == "A=1\0B=2\0")
  }

  @Test func onlyNumbersAreProcesses() throws {
    let tree = try ProcTree()
    for name in ["self", "1a", "01", "0", "-1", "+1", "4294967297", "2147483648", "", "٣"] where !name.isEmpty {
      try tree.file("\(name)/stat", "1 (x) S 1\n")
    }
    try tree.process(2_147_483_647)
    try tree.process(1, ppid: 0)
    #expect(try Self.scrape(tree.path).processes.keys.sorted() == [1, 2_147_483_647])
  }

  /// More entries than one getdents(2) returns.
  @Test func manyProcesses() throws {
    let tree = try ProcTree()
    for pid in 1...3000 { try tree.file("\(pid)/stat", "\(pid) (x) S 7\n") }
    let (processes, _) = try Self.scrape(tree.path)
    #expect(processes.keys.sorted() == Array(1...3000))
    #expect(processes.values.allSatisfy { $0.ppid == 7 })
  }

  @Test func eachMissingFileLosesItsOwn() throws {
    let tree = try ProcTree()
    let names = ["status", "stat", "ns", "comm", "exe", "cwd", "cmdline", "cgroup", "environ"]
    try tree.process(1)
    for (pid, name) in zip(10..., names) {
      try tree.process(UInt32(pid))
      try FileManager.default.removeItem(atPath: "\(tree.path)/\(pid)/\(name)")
    }
    let (processes, outcome) = try Self.scrape(tree.path)
    #expect(outcome == .init(processes: names.count + 1))
    for (pid, name) in zip(UInt32(10)..., names) {
      var expected = try #require(processes[1])
      expected.pid = pid
      switch name {
      case "status": (expected.ids, expected.capabilities) = (Array(repeating: .max, count: 6), [0, 0, 0, 0, 0])
      case "stat": (expected.session, expected.startNS, expected.isTaskKnown) = ([0, 0, 0, 0], 0, false)
      case "ns": expected.namespaces = [0, 0, 0, 0]
      case "comm": expected.comm = ""
      case "exe": expected.exe = ""
      case "cwd": expected.cwd = ""
      case "cmdline": expected.cmdline = ""
      case "cgroup": expected.cgroup = ""
      default: expected.environment = ""
      }
      #expect(processes[pid] == expected, "without \(name)")
    }
  }

  /// An empty directory is a process that ended after it was listed; a file is not a process.
  @Test func endedAndImpossible() throws {
    let tree = try ProcTree()
    try tree.directory("7")
    try tree.file("8", "x")
    try tree.link("9", to: "7")
    try tree.process(10)
    let (processes, outcome) = try Self.scrape(tree.path)
    #expect(Array(processes.keys) == [10])
    #expect(outcome == .init(processes: 1, missed: 3, unreadable: 2))
  }

  /// Directories in place of files, and a file in place of each link: they cannot be read, like a file without
  /// permission, which root could read.
  @Test func unreadable() throws {
    let tree = try ProcTree()
    for name in ["status", "comm", "cmdline", "cgroup", "environ"] { try tree.directory("5/\(name)") }
    for name in ["ns/uts", "ns/ipc", "ns/mnt", "ns/net", "exe", "cwd"] { try tree.file("5/\(name)", "x") }
    try tree.file("5/stat", "5 (x) S 4 3 2 0\n")
    let (processes, outcome) = try Self.scrape(tree.path)
    #expect(processes[5]?.ppid == 4)
    #expect(processes[5]?.exe == "")
    #expect(outcome == .init(processes: 1, unreadable: 11))
  }

  @Test func hostileContents() throws {
    let tree = try ProcTree()
    let junk = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 13) }
    for (pid, name) in zip(UInt32(20)..., ["status", "stat", "comm", "cmdline", "cgroup", "environ"]) {
      try tree.process(pid)
      try tree.file("\(pid)/\(name)", junk)
    }
    try tree.process(30)
    for name in ["status", "stat", "comm", "cmdline", "cgroup", "environ"] { try tree.file("30/\(name)", "") }
    let (processes, outcome) = try Self.scrape(tree.path)
    #expect(outcome == .init(processes: 7))
    #expect(processes[20]?.ppid == 1, "from stat")
    #expect(processes[21]?.ids == [1, 2, 3, 5, 6, 7])
    #expect(processes[23]?.cmdline.utf8.isEmpty == false)
    #expect(processes[24]?.exe == "/bin/sh (deleted)")
    #expect(processes[30]?.isTaskKnown == false)
    #expect(processes[30]?.cmdline == "")
  }

  /// 65,536 supplementary groups, followed by the capabilities. Then a line that is longer than the part that is read.
  @Test func longStatus() throws {
    let tree = try ProcTree()
    let head = "PPid:\t9\nUid:\t1\t1\t1\t1\nGroups:\t"
    let groups = String(repeating: "4294967295 ", count: 65_536)
    try tree.file("1/status", head + groups + "\nCapEff:\tff\n")
    try tree.file("2/status", head + groups + groups + "\nCapEff:\tff\n")
    let (processes, _) = try Self.scrape(tree.path)
    #expect(processes[1]?.capabilities[2] == 0xff)
    #expect(processes[2]?.capabilities[2] == 0)
    #expect(processes[2]?.ppid == 9)
  }

  @Test func bounds() throws {
    let tree = try ProcTree()
    try tree.process(1)
    try tree.file("1/cmdline", Array(repeating: UInt8(ascii: "x"), count: 200_000))
    try tree.file("1/environ", "ABCDEFGH\0")
    var process = try Self.scrape(tree.path, maxEnvironmentLength: 5).processes[1]
    #expect(process?.environment == "ABCD\0")
    #expect(process?.cmdline.utf8.count == ProcScraper.maxCmdlineLength)
    #expect(process?.cmdline.utf8.last == 0)
    process = try Self.scrape(tree.path, maxEnvironmentLength: 0).processes[1]
    #expect(process?.environment == "")
  }

  @Test func kernelThreadsHaveNoEnvironment() throws {
    let tree = try ProcTree()
    try tree.process(2, ppid: 0)
    try tree.process(3, ppid: 2)
    try tree.process(4, ppid: 3)
    let (processes, _) = try Self.scrape(tree.path)
    #expect(processes[2]?.environment == "")
    #expect(processes[3]?.environment == "")
    #expect(processes[4]?.environment == "A=1\0B=2\0")
  }

  /// No data of one process is in the next one, and a scrape can be repeated.
  @Test func reuse() throws {
    let tree = try ProcTree()
    try tree.process(1)
    try tree.file("2/stat", "2 (x) S 1\n")
    var scraper = try ProcScraper(path: tree.path, maxEnvironmentLength: 100)
    var rounds: [[UInt32: Scraped]] = []
    for _ in 0..<3 {
      var processes: [UInt32: Scraped] = [:]
      _ = try scraper.scrape { processes[$0.pid] = Scraped($0) }
      rounds.append(processes)
    }
    #expect(rounds[0] == rounds[1] && rounds[1] == rounds[2])
    let poor = try #require(rounds[0][2])
    #expect(poor.exe == "" && poor.comm == "" && poor.cmdline == "" && poor.environment == "")
    #expect(poor.namespaces == [0, 0, 0, 0])
  }

  @Test func noSuchProc() {
    #expect(throws: QuarkError.self) { _ = try ProcScraper(path: "/no/such/proc") }
    #expect(throws: QuarkError.self) { _ = try ProcScraper(path: "/dev/null") }
  }

  @Test func aPipeDoesNotHold() throws {
    let tree = try ProcTree()
    try tree.process(1)
    try FileManager.default.removeItem(atPath: "\(tree.path)/1/status")
    #expect(unsafe mkfifo("\(tree.path)/1/status", 0o600) == 0)
    #expect(try Self.scrape(tree.path).processes[1]?.ppid == 1)
  }
}

/// Reads the machine's own /proc, which is not tracing.
@Suite struct RealProcTests {
  @Test func ourselves() throws {
    var scraper = try ProcScraper(maxEnvironmentLength: 1 << 20)
    var found: Scraped?
    #expect(try scraper.scrape(pid: UInt32(getpid())) { found = Scraped($0) })
    let process = try #require(found)
    #expect(process.isTaskKnown)
    #expect(process.ppid == UInt32(getppid()))
    #expect(process.ids == [getuid(), geteuid(), geteuid(), getgid(), getegid(), getegid()])
    #expect(process.session[..<2] == [UInt32(getpgrp()), UInt32(getsid(0))])
    #expect(process.cwd == FileManager.default.currentDirectoryPath)
    #expect(process.cmdline.hasPrefix(CommandLine.arguments[0] + "\0"))
    #expect(process.environment.contains("PATH=\(try #require(ProcessInfo.processInfo.environment["PATH"]))\0"))
    #expect(process.namespaces.allSatisfy { $0 != 0 })
    let nowNS = try Clock.bootNS()
    #expect(process.startNS < nowNS)
    #expect(process.startNS + 3_600_000_000_000 > nowNS, "we are no older than an hour")
  }

  @Test func everybody() throws {
    var scraper = try ProcScraper()
    var parents: [UInt32: UInt32] = [:]
    for _ in 0..<20 {
      parents = [:]
      _ = try scraper.scrape { parents[$0.pid] = $0.task.ppid }
    }
    #expect(parents[1] == 0)
    #expect(parents[UInt32(getpid())] == UInt32(getppid()))
  }

  /// If this program has no free descriptors, no process may be treated as exited because of that.
  @Test func exhaustionIsAnError() async {
    await #expect(processExitsWith: .success) {
      var scraper = try ProcScraper()
      var limit = rlimit()
      unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
      limit.rlim_cur = 0
      unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
      do throws(QuarkError) {
        _ = try scraper.scrape { _ in }
        exit(1)
      } catch {
        exit(error.errno == Errno(EMFILE) ? 0 : 2)
      }
    }
  }

  /// Processes end at any moment while they are read; no descriptor stays open.
  @Test func processesThatEnd() throws {
    var scraper = try ProcScraper()
    for _ in 0..<60 {
      let child = Process()
      child.executableURL = URL(filePath: "/bin/sh")
      child.arguments = ["-c", ":"]
      try child.run()
      let pid = UInt32(child.processIdentifier)
      while child.isRunning {
        _ = try scraper.scrape(pid: pid) { #expect($0.pid == pid) }
      }
      #expect(try !scraper.scrape(pid: pid) { _ in })
    }
    for _ in 0..<1500 { #expect(try scraper.scrape(pid: UInt32(getpid())) { _ in }) }
  }
}
