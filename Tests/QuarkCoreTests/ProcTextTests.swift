import CWire
import Testing

@testable import QuarkCore

@Suite struct ProcStatusTests {
  static let ordinary = """
    Name:\tbash
    Umask:\t0022
    State:\tS (sleeping)
    Tgid:\t4100
    Ngid:\t0
    Pid:\t4100
    PPid:\t4096
    TracerPid:\t0
    Uid:\t1000\t1001\t1002\t1003
    Gid:\t100\t101\t102\t103
    Groups:\t4 24 27 1000 \u{20}
    CapInh:\t0000000000000001
    CapPrm:\t000001ffffffffff
    CapEff:\t00000000a80425fb
    CapBnd:\t000001FFFFFFFFFF
    CapAmb:\t0000000000000002
    NoNewPrivs:\t0

    """

  static func status(_ text: String) -> ProcStatus { ProcStatus(Array(text.utf8).span) }

  @Test func ordinary() {
    let status = Self.status(Self.ordinary)
    #expect(status.pid == 4100)
    #expect(status.ppid == 4096)
    #expect(status.user == .init(real: 1000, effective: 1001, saved: 1002))
    #expect(status.group == .init(real: 100, effective: 101, saved: 102))
    #expect(status.inheritable == 1)
    #expect(status.permitted == 0x1ff_ffff_ffff)
    #expect(status.effective == 0xa804_25fb)
    #expect(status.bounding == 0x1ff_ffff_ffff)
    #expect(status.ambient == 2)
  }

  /// Each of these lines is invalid; the other lines still count, wherever it is.
  @Test(arguments: [
    "", "x", "abcd", "\t", ":", ":\t", "NoTab:1", "Key:", "P", "U", "G", "C", "Cap", "CapXyz:\t1", "CapInh", "Pid",
    "\u{0}\u{ff}", String(repeating: "x", count: 100_000),
  ])
  func oddLinesLoseNothing(odd: String) {
    var lines = Self.ordinary.split(separator: "\n", omittingEmptySubsequences: false)
    lines.insert(Substring(odd), at: 0)
    lines.insert(Substring(odd), at: 5)
    lines.insert(Substring(odd), at: lines.count - 2)
    #expect(Self.status(lines.joined(separator: "\n")) == Self.status(Self.ordinary))
  }

  @Test(arguments: [
    "Uid:\t1000\t1000", "Uid:\t1\t2\tx\t4", "Uid:", "Uid:\t", "Uid:\t-1\t-1\t-1\t-1", "Uid:\t4294967296\t0\t0\t0",
    "Uid:\t99999999999999999999999\t0\t0\t0", "Uid:\t1,2,3,4", "Uid:\t0x1\t2\t3\t4",
  ])
  func oddValueLosesItself(line: String) {
    let text = Self.ordinary.split(separator: "\n").map { $0.hasPrefix("Uid:") ? line : String($0) }
    let status = Self.status(text.joined(separator: "\n") + "\n")
    #expect(status.user == nil)
    #expect(status.ppid == 4096)
    #expect(status.group == .init(real: 100, effective: 101, saved: 102))
    #expect(status.ambient == 2)
  }

  @Test func largestValues() {
    let status = Self.status(
      "Uid:\t4294967295\t4294967294\t0\t0\nCapEff:\tffffffffffffffff\nCapAmb:\t10000000000000000\n")
    #expect(status.user == .init(real: .max, effective: .max - 1, saved: 0))
    #expect(status.effective == .max)
    #expect(status.ambient == nil)
  }

  /// A number that was cut may look like a smaller one, so a line without its newline is ignored.
  @Test func everyCutGivesAPart() {
    let bytes = Array(Self.ordinary.utf8)
    let whole = ProcStatus(bytes.span)
    for length in 0..<bytes.count {
      let status = ProcStatus(bytes.span.extracting(..<length))
      #expect(status.ppid == nil || status.ppid == whole.ppid, "\(length) bytes")
      #expect(status.user == nil || status.user == whole.user, "\(length) bytes")
      #expect(status.effective == nil || status.effective == whole.effective, "\(length) bytes")
    }
  }

  /// The first line with a key counts: later lines cannot change it.
  @Test func repeatedKey() {
    #expect(Self.status("PPid:\t1\nPPid:\t2\n").ppid == 1)
    #expect(Self.status("PPid:\tx\nPPid:\t2\n").ppid == 2)
  }

  @Test func empty() { #expect(Self.status("") == Self.status("\n")) }
}

@Suite struct ProcStatTests {
  static func stat(_ text: String) -> ProcStat { ProcStat(Array(text.utf8).span) }

  static func line(name: String = "(bash)", tty: String = "34817", start: String = "8571") -> String {
    "4242 \(name) S 4100 4243 4101 \(tty) 4250 4194304 1 2 3 4 5 6 7 8 20 0 1 0 \(start) 9 10 11\n"
  }

  @Test(arguments: [
    "(bash)", "()", "(a b)", "(a) b)", "() S 1 2 3 ()", "(\n)", "())", "(((", "(kworker/u8:1-events)", "(\u{ff}\u{0})",
  ])
  func nameWithAnything(name: String) {
    let closed = name.hasSuffix(")") ? name : name + ")"
    let stat = Self.stat(Self.line(name: closed))
    #expect(stat == Self.stat(Self.line()))
    #expect(stat.ppid == 4100)
    #expect(stat.pgid == 4243)
    #expect(stat.sid == 4101)
    #expect(stat.startTicks == 8571)
  }

  /// 0x8801: pts/1. Then a minor number of more than 8 bits, a major number of more than 8, and a device number that is
  /// negative when printed.
  @Test(arguments: [
    ("34817", 136, 1), ("0", 0, 0), ("1025", 4, 1), ("1083393", 136, 257), ("1048575", 4095, 255),
    ("-1", 4095, 0xf_ffff), ("-2147483648", 0, 0x8_0000),
  ])
  func terminal(text: String, major: UInt32, minor: UInt32) {
    let stat = Self.stat(Self.line(tty: text))
    #expect(stat.ttyMajor == major)
    #expect(stat.ttyMinor == minor)
  }

  @Test(arguments: ["x", "-", "--1", "4294967296", "-2147483649", "1x"])
  func oddFieldLosesItself(tty: String) {
    let stat = Self.stat(Self.line(tty: tty))
    #expect(stat.tty == nil)
    #expect(stat.sid == 4101)
    #expect(stat.startTicks == 8571)
  }

  /// The text that the kernel prints for a task that is being torn down.
  @Test func noGroupAndSession() {
    let stat = Self.stat("7 (x) Z 1 -1 -1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 77 0\n")
    #expect(stat.ppid == 1)
    #expect(stat.pgid == nil)
    #expect(stat.sid == nil)
    #expect(stat.startTicks == 77)
  }

  @Test(arguments: [
    (8571, 100, 85_710_000_000), (1, 100, 10_000_000), (1, 1024, 976_562), (1023, 1024, 999_023_437),
    (1025, 1024, 1_000_976_562), (0, 100, 0), (7, 3, 2_333_333_333),
  ])
  func startKeepsTheRemainder(ticks: UInt64, perSecond: UInt64, expected: UInt64) {
    #expect(Self.stat(Self.line(start: "\(ticks)")).startNS(ticksPerSecond: perSecond) == expected)
  }

  @Test func startBeyondBounds() {
    let largest = Self.stat(Self.line(start: "\(UInt64.max)"))
    #expect(largest.startTicks == .max)
    #expect(largest.startNS(ticksPerSecond: 100) == nil)
    #expect(largest.startNS(ticksPerSecond: 1_000_000_000) == .max)
    #expect(largest.startNS(ticksPerSecond: 0) == nil)
    #expect(Self.stat(Self.line(start: "18446744073709551616")).startTicks == nil)
  }

  @Test(arguments: ["", "\n", ")", "1 (x", "1 (x)", "1 (x) S", "1 (x) S\n", "(", "1 (x)S"])
  func nothingToRead(text: String) {
    #expect(Self.stat(text).ppid == nil)
    #expect(Self.stat(text).startTicks == nil)
  }

  @Test func everyCutGivesAPart() {
    let bytes = Array(Self.line().utf8)
    let whole = ProcStat(bytes.span)
    for length in 0..<bytes.count {
      let stat = ProcStat(bytes.span.extracting(..<length))
      #expect(stat.ppid == nil || stat.ppid == whole.ppid, "\(length) bytes")
      #expect(stat.tty == nil || stat.tty == whole.tty, "\(length) bytes")
      #expect(stat.startTicks == nil || stat.startTicks == whole.startTicks, "\(length) bytes")
    }
  }
}

@Suite struct ProcLinkTests {
  @Test(arguments: [
    ("uts:[4026531838]", 4_026_531_838), ("net:[1]", 1), ("[4294967295]", .max), ("net:[4294967296]", nil),
    ("net:[]", nil), ("net:[12", nil), ("net:12]", nil), ("", nil), ("[", nil), ("]", nil), ("][", nil),
    ("net:[-1]", nil), ("net:[ 1]", nil), ("a[1]b[2]", 1),
  ] as [(String, UInt32?)])
  func namespace(target: String, expected: UInt32?) {
    #expect(ProcLink.namespace(Array(target.utf8).span) == expected)
  }
}

@Suite struct ScrapedProcessTests {
  /// The data of a scraped process, as values that can be compared.
  struct Content: Equatable {
    var isTaskKnown = false
    var isKernelThread = false
    var ppid: UInt32 = 0
    var uid = UInt32.max
    var egid = UInt32.max
    var startNS: UInt64 = 0
    var comm = ""
    var exe = ""
    var cmdline = ""
    var environment = ""

    init() {}

    init(_ process: borrowing ScrapedProcess) {
      (isTaskKnown, isKernelThread) = (process.isTaskKnown, process.isKernelThread)
      (ppid, uid, egid) = (process.task.ppid, process.task.uid, process.task.egid)
      startNS = process.task.start_boot_ns
      comm = unsafe withUnsafeBytes(of: process.task.comm) {
        unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      exe = Self.string(process.exe)
      cmdline = Self.string(process.cmdline)
      environment = Self.string(process.environment)
    }

    private static func string(_ bytes: Span<UInt8>) -> String {
      String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self)
    }
  }

  static func content(pid: UInt32 = 1, _ fill: (inout ScrapedProcess) -> Void) -> Content {
    var process = ScrapedProcess()
    process.begin(pid: pid)
    fill(&process)
    return Content(process)
  }

  @Test func begunAgainKnowsNothing() {
    var process = ScrapedProcess()
    process.begin(pid: 1)
    process.setStatus(Array(ProcStatusTests.ordinary.utf8).span)
    process.setStat(Array(ProcStatTests.line().utf8).span, ticksPerSecond: 100)
    process.setComm(Array("x\n".utf8).span)
    process.setExe(Array("/bin/x".utf8).span)
    process.setCmdline([1, 2, 3].span)
    let first = Content(process)
    #expect(first.isTaskKnown)
    #expect(first.exe == "/bin/x")
    process.begin(pid: 3)
    let second = Content(process)
    #expect(second == Content())
  }

  /// Both files name the parent; only one has the start time.
  @Test func parentFromEitherFile() {
    let stat = Array(ProcStatTests.line().utf8)
    let one = Self.content {
      $0.setStatus(Array("odd\n".utf8).span)
      $0.setStat(stat.span, ticksPerSecond: 100)
    }
    #expect(one.isTaskKnown)
    #expect(one.ppid == 4100)
    #expect(one.uid == .max)
    let other = Self.content { $0.setStatus(Array(ProcStatusTests.ordinary.utf8).span) }
    #expect(!other.isTaskKnown)
    #expect(other.ppid == 4096)
  }

  @Test(arguments: [
    ("bash\n", "bash"), ("bash", "bash"), ("", ""), ("\n", ""), ("a\nb\n", "a\nb"), ("\n\n", "\n"),
    ("kworker/u8:1-events_unbound\n", "kworker/u8:1-ev"), ("fifteen bytes..\n", "fifteen bytes.."),
  ])
  func name(text: String, expected: String) {
    #expect(Self.content { $0.setComm(Array(text.utf8).span) }.comm == expected)
  }

  @Test(arguments: [("a\0b\0", "a\0b\0"), ("a\0bc", "a\0b\0"), ("", ""), ("x", "\0"), ("\0", "\0")])
  func commandLineAndEnvironment(text: String, expected: String) {
    let content = Self.content {
      $0.setCmdline(Array(text.utf8).span)
      $0.setEnvironment(Array(text.utf8).span)
    }
    #expect(content.cmdline == expected)
    #expect(content.environment == expected)
  }

  @Test func kernelThreads() {
    #expect(Self.content(pid: 2) { _ in }.isKernelThread)
    #expect(!Self.content(pid: 3) { _ in }.isKernelThread)
    #expect(Self.content(pid: 3) { $0.setStatus(Array("PPid:\t2\n".utf8).span) }.isKernelThread)
  }
}
