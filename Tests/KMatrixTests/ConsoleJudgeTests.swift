import Testing

@testable import kmatrix

@Suite struct ConsoleJudgeTests {
  private func findings(_ lines: String...) -> [Complaint] {
    ConsoleJudge(lines.joined(separator: "\n").utf8).findings.map(\.kind)
  }

  @Test(arguments: [
    ("[    1.000000] Kernel panic - not syncing: Attempted to kill init! exitcode=0x0000000b", .panic),
    ("[    1.000000] general protection fault, maybe for address 0xdead: 0000 [#1]", .generalProtection),
    ("[    1.000000] rcu: INFO: rcu_preempt self-detected stall on CPU", .rcuStall),
    ("[    1.000000] rcu: INFO: rcu_sched detected stalls on CPUs/tasks:", .rcuStall),
    ("[    1.000000] watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [quark-test:87]", .softLockup),
    ("[    1.000000] NMI watchdog: Watchdog detected hard LOCKUP on cpu 0", .hardLockup),
    ("[    1.000000] INFO: task quark-test:87 blocked for more than 120 seconds.", .hungTask),
    ("[    1.000000] quark-test invoked oom-killer: gfp_mask=0xcc0", .outOfMemory),
    ("[    1.000000] Out of memory: Killed process 87 (quark-test)", .outOfMemory),
    ("[    1.000000] BUG: KASAN: use-after-free in ring_buffer_read+0x1/0x2", .sanitizer),
    ("[    1.000000] UBSAN: array-index-out-of-bounds in kernel/bpf/core.c:1:2", .sanitizer),
    ("[    1.000000] WARNING: possible circular locking dependency detected", .lockdep),
    ("[    1.000000] WARNING: suspicious RCU usage", .lockdep),
    ("[    1.000000] BUG: scheduling while atomic: quark-test/87/0x00000002", .atomicSleep),
    ("[    1.000000] BUG: sleeping function called from invalid context at mm/x.c:1", .atomicSleep),
    ("[    1.000000] BUG: unable to handle page fault for address: 0000000000001000", .bug),
    ("[    1.000000] kernel BUG at mm/slub.c:4000!", .bug),
    ("[    1.000000] Oops: 0000 [#1] PREEMPT SMP", .oops),
    ("[    1.000000] WARNING: CPU: 0 PID: 1 at kernel/x.c:1 f+0x1/0x2", .warning),
    ("[    1.000000][    T1] WARNING: kernel/x.c:1 at f+0x1/0x2, CPU#0: swapper/1", .warning),
    ("[    1.000000] list_add corruption. prev->next should be next", .corruption),
    ("[    1.000000] refcount_t: underflow; use-after-free.", .corruption),
    ("[    1.000000] Call Trace:", .callTrace),
    ("[    1.000000] quark-test[87]: segfault at 0 ip 0000000000404a11 sp 00007ffc error 4", .programCrash),
    ("[    1.000000] traps: quark-test[87] general protection fault ip:404a11 sp:7ffc error:0", .programCrash),
  ] as [(String, Complaint)])
  func complaint(_ line: String, _ kind: Complaint) {
    #expect(findings(line) == [kind])
  }

  @Test(arguments: [
    "[    1.000000] Spectre V2 : WARNING: Unprivileged eBPF is enabled with eIBRS on",
    "[    0.500000] clocksource: timekeeping watchdog on CPU0: Marking clocksource 'tsc' as unstable",
    "[    0.500000] rcu: Hierarchical RCU implementation.",
    "[    0.500000] kprobes: kprobe jump-optimization is enabled. All kprobes are optimized if possible.",
    "t_probe @ ebpf.................ok",
    "",
  ])
  func harmless(_ line: String) {
    #expect(findings(line) == [])
  }

  @Test func aTraceBelongsToTheComplaintBeforeIt() {
    #expect(findings("[    1.000000] BUG: kernel NULL pointer", "[    1.000000] Call Trace:") == [.bug])
    #expect(findings("[    1.000000] unchecked MSR access error: WRMSR to 0x1", "[    1.000000] Call Trace:") == [])
  }

  @Test func markersAreRead() throws {
    let console = ConsoleJudge(try Fixture.bytes("Boots/signal-11.console.txt"))
    #expect(console.initStarted)
    #expect(console.bannerRelease == Recorded.release)
    #expect(console.programExit == .signal("11 (SIGSEGV)"))
    #expect(console.krunExitLine == 1)
    let failures = ConsoleJudge(try Fixture.bytes("Boots/300-failures.console.txt"))
    #expect(failures.failuresLine == 300)
    #expect(failures.programExit == .code(99))
  }

  /// Kernel 7.3 wrote this: it does not wait for the end of a program's line.
  @Test func theKernelMayCutIn() {
    let console = ConsoleJudge(
      """
      quark-init: started
      `quark-test` on 7.3.4 x86_64
      x_oops.........................ok[    2.610116] BUG: kernel NULL pointer dereference

      3 fail[    2.700000][    T9] harmless
      [    2.700001] harmless, too
      ures
      quark-test ex[    2.800000] more
      ited with 3
      """.utf8)
    #expect(console.findings.map(\.description) == ["console line 3: BUG: kernel NULL pointer dereference"])
    #expect(console.programLines == ["x_oops.........................ok", "3 failures"])
    #expect(console.failuresLine == 3)
    #expect(console.programExit == .code(3))
  }

  @Test func bracketsAreNotAllStamps() {
    #expect(findings("[FAIL] BUG: not the kernel's", "[ 1.5] BUG: neither", "[    1.000000") == [])
    #expect(findings("[a][    1.000000] BUG: unable to handle page fault") == [.bug])
  }

  @Test func excerptIsAroundTheFirstProblem() throws {
    let excerpt = ConsoleJudge(try Fixture.bytes("Boots/oops.console.txt")).excerpt
    #expect(excerpt.contains { $0.contains("BUG: kernel NULL pointer dereference") })
    #expect(excerpt.contains { $0.contains("bpf_prog_5d3a_sched_process_exec") })
    #expect(excerpt.count <= 40)
  }

  @Test func escapesAndControlCharactersAreStripped() {
    let console = ConsoleJudge("\u{1b}[31mquark-init: started\u{1b}[0m\r\nb\u{07}ell\u{0}\r\n".utf8)
    #expect(console.initStarted)
    #expect(console.excerpt == ["quark-init: started", "bell"])
  }

  @Test func anyBytesAreRead() {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<50 {
      let bytes = (0..<2000).map { _ in UInt8.random(in: 0...255, using: &generator) }
      let console = ConsoleJudge(bytes)
      #expect(console.bannerRelease == nil || !bytes.isEmpty)
      let channel = ChannelParser(nonce: "0", whole: bytes)
      #expect(channel.frameCount == 0)
    }
  }

  private static let stalePokes = [
    """
    [   33.076677] BUG: kernel NULL pointer dereference, address: 0000000000000000
    [   33.076677] #PF: supervisor instruction fetch in kernel mode
    [   33.076677] #PF: error_code(0x0010) - not-present page
    [   33.076677] Oops: 0010 [#1] SMP NOPTI
    [   33.076677] RIP: 0010:finalize_exec+0x0/0x70
    [   33.076677] Code: ff ff 31 c0 e9 54 ff ff ff 0f 1f 00 <e8> 3b 33 d3 3e 55 48 89 e5 41
    """,
    """
    [    1.960000] Oops: int3: 0000 [#1] SMP
    [    1.960000] RIP: 0010:sched_clock_cpu+0x9/0x60
    [    1.960000] Code: 0f 1f 44 00 00 0f 1f <44> 00 00 55 48
    """,
  ]

  @Test(arguments: stalePokes)
  func codeThatCannotRaiseItsExceptionIsTheEmulators(_ console: String) {
    let judge = ConsoleJudge(console.utf8)
    #expect(judge.emulatorFault == judge.findings.first)
    #expect(judge.emulatorFault != nil)
  }

  @Test func codeThatCanRaiseItsExceptionIsTheKernels() {
    let (call, breakpoint) = (Self.stalePokes[0], Self.stalePokes[1])
    for real in [
      // A call of NULL, of which the kernel shows no code, or that of the process.
      call.replacing("Code: ff ff 31 c0 e9 54 ff ff ff 0f 1f 00 <e8>", with: "Code: Unable to access e8"),
      // An indirect call; a direct one to NULL; a read.
      call.replacing("<e8>", with: "<ff>"),
      call.replacing("3b 33 d3 3e", with: "00 00 00 00"),
      call.replacing("instruction fetch", with: "read access"),
      call.replacing("address: 0000000000000000", with: "address: 0000000000000008"),
      // A breakpoint that is there.
      breakpoint.replacing("0f 1f <44>", with: "0f cc <44>"),
    ] {
      #expect(ConsoleJudge(real.utf8).emulatorFault == nil, "\(real)")
      #expect(!ConsoleJudge(real.utf8).findings.isEmpty)
    }
  }
}
