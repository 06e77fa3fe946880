import CLinux
import CQuark
import Quark
import QuarkLinux

/// The wall clock is set forward and back while a queue is open. Time stamps do not change: a delivered time is always
/// the time stamp plus the current difference of the wall clock, also for processes that began before.
func clockSteps(_ context: TestContext) throws(TestEnd) {
  var queue = try context.open()
  let pid = try start { while true { pause() } }
  let birth = try queue.next(of: pid).known
  let startNS = birth.startTime &- quark_get_boottime()
  var sum = 0
  defer { stepClock(-sum) }
  for seconds in [3600, -7200, 1] {
    stepClock(seconds)
    sum += seconds
    // The queue follows the clock within ten milliseconds.
    usleep(20_000)
    let beforeNS = clinux_boot_ns()
    let life = try context.live(in: &queue, status: 3) { execute("/bin/exit", ["exit", "3"]) }
    try expectStamp("of an event", life.parts[0].time, since: beforeNS)
    try expectStamp("of an exit", life.known.exitTime, since: beforeNS)
    guard let known = try queue.lookup(pid: UInt32(pid)) else { throw .failed("the process is not known") }
    try expectEqual("the start of a process of before", known.startTime &- quark_get_boottime(), startNS)
  }
  _ = kill(pid, SIGKILL)
  let life = try context.life(of: pid, endingWith: try wait(for: pid), in: &queue)
  try expectEqual("its start at its end", life.known.startTime &- quark_get_boottime(), startNS)
}

/// The machine is suspended and resumes. Time stamps include the time of suspend, and each backend sees later events on
/// each processor. A suspend takes seconds, so both backends are tested at once.
func suspended(_ context: TestContext) throws(TestEnd) {
  var other = context
  other.attributes.flags = other.attributes.flags & ~QQ_EBPF | QQ_KPROBE
  var ebpf = try context.open()
  var kprobe = try other.open()
  let pid = try start { while true { pause() } }
  let startNS = try ebpf.next(of: pid).known.startTime &- quark_get_boottime()
  try expectEqual("the start by KPROBE", try kprobe.next(of: pid).known.startTime &- quark_get_boottime(), startNS)
  try suspendUntilItCounts()
  try expectLives(context, &ebpf, pid, startNS)
  try expectLives(other, &kprobe, pid, startNS)
  _ = kill(pid, SIGKILL)
  _ = try wait(for: pid)
}

/// The kernel gets the length of the suspend from the battery-backed clock, which counts whole seconds: one second may
/// count as none if it began late in a second (timekeeping_resume in kernel/time/timekeeping.c). Then it is repeated.
private func suspendUntilItCounts() throws(TestEnd) {
  for _ in 0..<5 {
    let before = (bootNS: clinux_boot_ns(), awakeNS: try awakeNS())
    try Suspend.suspend()
    let sleptNS = Int(clinux_boot_ns() &- before.bootNS) - Int(try awakeNS() &- before.awakeNS)
    FileDescriptor.complain("suspended for \(sleptNS / 1_000_000) ms\n")
    // The two clocks are read one after the other.
    if sleptNS > 5_000_000 { return }
  }
  throw .failed("it was never suspended")
}

private func expectLives(
  _ context: TestContext, _ queue: inout TestQueue, _ pid: pid_t, _ startNS: UInt64
) throws(TestEnd) {
  // The backend looks for CPUs that were offline ten times a second.
  let deadline = milliseconds() + 500
  while milliseconds() < deadline {
    while unsafe queue.queue.pointee.nextEvent() != nil {}
    usleep(10_000)
  }
  for cpu in 0..<CInt(max(1, sysconf(CInt(_SC_NPROCESSORS_ONLN)))) {
    let beforeNS = clinux_boot_ns()
    let life = try context.live(in: &queue, status: 7) {
      must("run on a processor", clinux_run_on(cpu))
      return execute("/bin/exit", ["exit", "7"])
    }
    try life.expect(execs: 1)
    try expectStamp("of an event", life.parts[0].time, since: beforeNS)
  }
  guard let known = try queue.lookup(pid: UInt32(pid)) else { throw .failed("a process of before is not known") }
  try expectEqual("the start of a process of before", known.startTime &- quark_get_boottime(), startNS)
}

/// The kernel's test of suspend: all processors but one are switched off, the clocks stop, and after a second
/// everything resumes without the firmware (a guest whose kernel was loaded by qemu cannot resume from the firmware):
/// Documentation/power/basic-pm-debugging.rst.
enum Suspend {
  private static var trial: String { "/sys/power/pm_test" }
  private static var delay: String { "/sys/module/suspend/parameters/pm_test_delay" }

  /// Cloud kernels do not have this test.
  static var isPossible: Bool {
    unsafe clinux_file_contains(trial, "core") != 0 && access(delay, W_OK) == 0
  }

  static func suspend() throws(TestEnd) {
    try writeFile(delay, Array("1".utf8))
    try writeFile(trial, Array("core".utf8))
    defer { try? writeFile(trial, Array("none".utf8)) }
    try writeFile("/sys/power/state", Array("mem".utf8))
  }
}

/// Checks a time since the epoch that was just delivered for something that happened since a given time.
private func expectStamp(
  _ what: StaticString, _ time: UInt64, since beforeNS: UInt64, file: StaticString = #fileID, line: UInt = #line
) throws(TestEnd) {
  let (stampNS, nowNS) = (time &- quark_get_boottime(), clinux_boot_ns())
  try expect(
    stampNS >= beforeNS && stampNS <= nowNS, "the stamp \(what) is \(stampNS), not from \(beforeNS) to \(nowNS)",
    file: file, line: line)
}

/// CLOCK_MONOTONIC, which stops while the machine is suspended.
private func awakeNS() throws(TestEnd) -> UInt64 {
  var time = timespec()
  try expect(unsafe clock_gettime(CLOCK_MONOTONIC, &time) == 0, "no CLOCK_MONOTONIC")
  return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

private func stepClock(_ seconds: Int) {
  var time = timespec()
  _ = unsafe clock_gettime(CLOCK_REALTIME, &time)
  time.tv_sec += seconds
  must("set the clock", unsafe clock_settime(CLOCK_REALTIME, &time))
}
