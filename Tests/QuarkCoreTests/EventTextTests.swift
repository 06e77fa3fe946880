import CQuark
import Testing

@testable import QuarkCore

@Suite struct EventTextTests {
  func text(_ event: quark_event) -> (String, Bool) {
    var buffer = ByteBuffer()
    let isComplete = unsafe EventText.append(event, to: &buffer)
    return (String(decoding: buffer.bytes, as: UTF8.self), isComplete)
  }

  /// If a text was cut, its full length is printed; a script is printed below its interpreter.
  @Test func cutAndScript() {
    var process = unsafe quark_process()
    unsafe process.pid = 7
    var pool = StringPool()
    func copy(_ text: String) -> UnsafeMutablePointer<CChar>? {
      unsafe Array(text.utf8).withUnsafeBytes { unsafe pool.copy($0.baseAddress!, count: $0.count) }
    }
    unsafe process.cmdline = copy("sh\0./x")
    unsafe (process.cmdline_len, process.cmdline_orig_len) = (7, 30_000)
    unsafe process.exe = copy("/bin/sh")
    unsafe process.script = copy("./x")
    unsafe process.env = copy("A=1")
    unsafe (process.env_len, process.env_orig_len) = (4, 9000)
    let event = unsafe withUnsafePointer(to: process) { pointer in
      var event = unsafe quark_event()
      unsafe event.process = pointer
      return unsafe text(event).0
    }
    let lines = [
      "->7", "  CMDL\tcmdline=[ sh, ./x ]", "  CMDL\tcmdline_len=7 of 30000", "  EXE\texe=/bin/sh",
      "  EXE\tscript=./x", "  ENV\tenv_len=4 of 9000", "",
    ]
    #expect(event == lines.joined(separator: "\n"))
  }

  @Test func wholeEvent() {
    var process = unsafe quark_process()
    unsafe process.pid = 4242
    unsafe process.flags = UInt64(QUARK_F_PROC | QUARK_F_EXIT)
    unsafe process.comm = (100, 97, 116, 101, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    unsafe process.proc_ppid = 4100
    unsafe process.proc_uid = 1000
    unsafe process.proc_gid = .max
    unsafe process.proc_cap_bset = 0x1ff
    unsafe process.proc_time_boot = 1_735_689_600_123_456_789
    unsafe process.proc_tty_major = 136
    unsafe process.proc_mnt_inonum = 4_026_531_841
    unsafe process.exit_time_event = 1_735_689_600_130_000_000
    unsafe withUnsafeMutableBytes(of: &process.proc_entity_id) {
      unsafe EntityID.write(
        pid: 4242, startTimeNS: 1_735_689_600_123_456_789, to: $0.baseAddress!.assumingMemoryBound(to: CChar.self))
    }
    var pool = StringPool()
    let cmdline = unsafe Array("date\0+%".utf8).withUnsafeBytes { unsafe pool.copy($0.baseAddress!, count: $0.count) }
    unsafe process.cmdline = cmdline
    unsafe process.cmdline_len = 8
    let cgroup = unsafe Array("/a.slice".utf8).withUnsafeBytes { unsafe pool.copy($0.baseAddress!, count: $0.count) }
    unsafe process.cgroup = cgroup
    unsafe process.env = cmdline
    unsafe process.env_len = 812
    unsafe process.proc_entry_leader_type = UInt32(QUARK_ELT_SSHD)
    unsafe process.proc_entry_leader = 4100
    var event = unsafe quark_event()
    unsafe event.events = 7
    let (result, isComplete) = unsafe withUnsafePointer(to: process) {
      unsafe event.process = $0
      return unsafe text(event)
    }
    #expect(isComplete)
    #expect(
      result == """
        ->4242 (FORK+EXEC+EXIT)
          COMM\tcomm=date
          CMDL\tcmdline=[ date, +% ]
          PROC\tppid=4100
          PROC\tuid=1000 gid=-1 suid=0 sgid=0 euid=0 egid=0 pgid=0 sid=0
          PROC\tcap_inheritable=0x0 cap_permitted=0x0 cap_effective=0x0
          PROC\tcap_bset=0x1ff cap_ambient=0x0
          PROC\ttime_boot=1735689600123456789 tty_major=136 tty_minor=0
          PROC\tuts_inonum=0 ipc_inonum=0
          PROC\tmnt_inonum=4026531841 net_inonum=0
          PROC\tentity_id=khAAABXNssd+aBYY, entry_leader_type=SSHD entry_leader=4100
          ENV\tenv_len=812
          CGRP\tcgroup=/a.slice
          EXIT\texit_code=0 exit_time=1735689600130000000

        """)
  }

  @Test func withoutAProcess() {
    var event = unsafe quark_event()
    unsafe event.events = 1 << 2 | 1 << 4 | 1 << 40
    let (result, isComplete) = unsafe text(event)
    #expect(result == "->0 (EXIT+SETPROCTITLE+?)\n")
    #expect(!isComplete)
  }

  @Test(
    arguments: [
      (0, "0"), (-1, "-1"), (.min, "-9223372036854775808"), (.max, "9223372036854775807"),
    ] as [(Int64, String)])
  func decimals(value: Int64, expected: String) {
    var buffer = ByteBuffer()
    buffer.append(decimal: value)
    #expect(String(decoding: buffer.bytes, as: UTF8.self) == expected)
  }
}
