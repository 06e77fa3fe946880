import CQuark
import CWire
import Testing

@testable import QuarkCore

@Suite struct ProcessCacheTests {
  func event(_ kind: RawEvent.Kind, pid: UInt32, timeNS: UInt64, ppid: UInt32 = 1, exitCode: Int32 = 0) -> RawEvent {
    var task = wire_task()
    task.ppid = ppid
    task.start_boot_ns = timeNS
    task.exit_code = exitCode
    return unsafe RawEvent(kind: kind, pid: pid, timeNS: timeNS, task: task)
  }

  func bytes(_ text: StaticString) -> OwnedBytes {
    unsafe OwnedBytes(copying: UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self), count: text.utf8CodeUnitCount)
  }

  func text(_ pointer: UnsafeMutablePointer<CChar>?) -> String? { unsafe pointer.map { unsafe String(cString: $0) } }

  @Test func aChildInheritsAndAnExecOverrides() {
    var cache = ProcessCache()
    var parent = unsafe event(.exec, pid: 10, timeNS: 1)
    unsafe parent.exe = bytes("/bin/sh")
    unsafe parent.arguments = bytes("sh\0-x")
    _ = unsafe cache.apply(parent, wallOffsetNS: 100, nowNS: 1)
    let child = unsafe cache.apply(event(.fork, pid: 11, timeNS: 2, ppid: 10), wallOffsetNS: 100, nowNS: 2)
    #expect(unsafe text(child.pointee.exe) == "/bin/sh")
    #expect(unsafe child.pointee.cmdline_len == 6)
    let parents = unsafe cache.lookup(pid: 10)?.pointee.cmdline
    #expect(unsafe child.pointee.cmdline != parents, "each owns its own")
    #expect(unsafe child.pointee.proc_time_boot == 102)
    var exec = unsafe event(.exec, pid: 11, timeNS: 3, ppid: 10)
    unsafe exec.exe = bytes("/bin/ls")
    _ = unsafe cache.apply(exec, wallOffsetNS: 200, nowNS: 3)
    #expect(unsafe text(child.pointee.exe) == "/bin/ls")
    #expect(unsafe child.pointee.proc_time_boot == 102, "the start time stays as first learned")
  }

  @Test func anExitedProcessStaysForTheGraceTime() {
    var cache = ProcessCache()
    _ = unsafe cache.apply(event(.fork, pid: 5, timeNS: 1), wallOffsetNS: 0, nowNS: 1)
    let process = unsafe cache.apply(event(.exit, pid: 5, timeNS: 2, exitCode: 3 << 8), wallOffsetNS: 0, nowNS: 1000)
    #expect(unsafe process.pointee.exit_code == 3)
    #expect(unsafe process.pointee.exit_signal == 0)
    #expect(cache.collect(nowNS: 1099, graceTimeNS: 100) == 0)
    #expect(unsafe cache.lookup(pid: 5) != nil)
    #expect(cache.collect(nowNS: 1100, graceTimeNS: 100) == 1)
    #expect(unsafe cache.lookup(pid: 5) == nil)
  }

  @Test func aSignalIsTold() {
    var cache = ProcessCache()
    let process = unsafe cache.apply(event(.exit, pid: 5, timeNS: 2, exitCode: 0x80 | 11), wallOffsetNS: 0, nowNS: 1)
    #expect(unsafe process.pointee.exit_code == 0)
    #expect(unsafe process.pointee.exit_signal == 11)
  }

  /// A pid that comes back within the grace time is another process.
  @Test func aReusedPidStartsAfresh() {
    var cache = ProcessCache()
    var exec = unsafe event(.exec, pid: 5, timeNS: 1)
    unsafe exec.exe = bytes("/bin/old")
    _ = unsafe cache.apply(exec, wallOffsetNS: 0, nowNS: 1)
    _ = unsafe cache.apply(event(.exit, pid: 5, timeNS: 2), wallOffsetNS: 0, nowNS: 2)
    let process = unsafe cache.apply(event(.fork, pid: 5, timeNS: 3), wallOffsetNS: 0, nowNS: 3)
    #expect(unsafe process.pointee.exe == nil)
    #expect(unsafe process.pointee.flags == UInt64(QUARK_F_PROC))
    #expect(unsafe process.pointee.proc_time_boot == 3)
    #expect(cache.collect(nowNS: 1 << 60, graceTimeNS: 0) == 0, "the old one's exit must not take the new one")
    #expect(cache.count == 1)
  }

  @Test func manyAreFoundAgain() {
    var cache = ProcessCache()
    let pids = (1...500).map { UInt32($0 * 7 % 501) }
    for pid in pids { _ = unsafe cache.apply(event(.fork, pid: pid, timeNS: 1), wallOffsetNS: 0, nowNS: 1) }
    #expect(cache.count == 500)
    for pid in pids where pid % 2 == 0 { _ = unsafe cache.apply(event(.exit, pid: pid, timeNS: 2), wallOffsetNS: 0, nowNS: 2) }
    #expect(cache.collect(nowNS: 2, graceTimeNS: 0) == 250)
    for pid in pids { #expect((unsafe cache.lookup(pid: pid) != nil) == (pid % 2 == 1)) }
  }

  @Test(arguments: [
    (1, 0, "AQAAAAAAAAAAAAAA"), (1, 1, "AQAAAAEAAAAAAAAA"), (1234, 1_700_000_000_000_000_000, "0gQAAAAAKjb+nJcX"),
    (4_194_303, 1_735_689_600_123_456_789, "//8/ABXNssd+aBYY"),
  ] as [(UInt32, UInt64, String)])
  func entityID(pid: UInt32, startTimeNS: UInt64, expected: String) {
    var id = [CChar](repeating: 1, count: 17)
    unsafe id.withUnsafeMutableBufferPointer {
      unsafe EntityID.write(pid: pid, startTimeNS: startTimeNS, to: $0.baseAddress!)
    }
    #expect(id.map { UInt8(bitPattern: $0) } == Array(expected.utf8) + [0])
  }
}
