import CLinux
import CQuark
import Quark
import QuarkLinux

/// Numbers of the calls of 32 bits: arch/x86/entry/syscalls/syscall_32.tbl.
private let getpidCall: CInt = 20, ptraceCall: CInt = 26, ipcCall: CInt = 117
private let memfdCall: CInt = 356, shmgetCall: CInt = 395, shmctlCall: CInt = 396
/// SHMGET of ipc(2).
private let ipcShmget: UInt32 = 23

/// What programs of 32 bits do is told like what others do, by whichever hooks it is seen.
func callers32(_ context: TestContext) throws(TestEnd) {
  let probe = try start { clinux_call_32(getpidCall, 0, 0, 0, 0, 0) == getpid() ? 0 : 1 }
  if try wait(for: probe) != 0 { throw .skipped("the kernel runs no programs of 32 bits") }
  var context = context
  context.attributes.flags |= QQ_GETPID | QQ_PTRACE | QQ_SHM
  for kind in Place.returns {
    var queue = try context.open(returnsBy: kind)
    let truth = try Truth()
    let life = try context.live(at: .process, in: &queue) {
      for _ in 0..<3 { _ = clinux_call_32(getpidCall, 0, 0, 0, 0, 0) }
      getMemory()
      let victim = Victim(truth)
      trace(UInt32(victim.pid))
      victim.end()
    }
    try expectEqual("calls of getpid", life.count(QUARK_EV_GETPID), 3)
    try expectMemory(
      life, [memoryFile(Array("of 32 bits".utf8), flags: 1), segment(0, 4096, 0o1600), segment(0, 8192, 0o1600)])
    typealias Request = PtraceRequest
    let requests = [
      Request.attach, Request.peekUser, Request.detach, Request.seize, Request.interrupt, Request.detach,
    ]
    try expectCalls(life, requests, to: pid_t(truth[2]))
    let used = unsafe queue.queue.pointee.hooks
    for hook in ["(32 bits): %/compat_arch_ptrace", "(32 bits): %/__ia32_sys_memfd_create"] {
      try expectHook(hook, kind, in: used)
    }
  }
}

/// A memory file, a segment, and one by the call that once was the only one; and none of each.
private func getMemory() {
  let name = unsafe clinux_low_memory()!
  unsafe strcpy(name, "of 32 bits")
  let address = UInt32(UInt(bitPattern: name))
  must("make a memory file", clinux_call_32(memfdCall, address, 1, 0, 0, 0))
  if clinux_call_32(memfdCall, address, .max, 0, 0, 0) >= 0 { must("fail", -1) }
  let first = clinux_call_32(shmgetCall, 0, 4096, 0o1600, 0, 0)
  must("get a segment", first)
  if clinux_call_32(shmgetCall, 1, 4096, 0, 0, 0) >= 0 { must("fail", -1) }
  let second = clinux_call_32(ipcCall, ipcShmget, 0, 8192, 0o1600, 0)
  must("get a segment by ipc", second)
  if clinux_call_32(ipcCall, ipcShmget, 1, 8192, 0, 0) >= 0 { must("fail", -1) }
  for segment in [first, second] { must("remove a segment", clinux_shm_remove(segment)) }
}

private func trace(_ victim: UInt32) {
  let word = unsafe UInt32(UInt(bitPattern: clinux_low_memory()))
  func call(_ request: Int, _ pid: UInt32, _ address: UInt32 = 0, _ data: UInt32 = 0) -> CInt {
    clinux_call_32(ptraceCall, UInt32(request), pid, address, data, 0)
  }
  if call(PtraceRequest.attach, 4_000_000) == 0 { must("fail", -1) }
  must("attach", call(PtraceRequest.attach, victim))
  must("wait for the stop", clinux_wait_for_stop(pid_t(victim)))
  must("look at a register", call(PtraceRequest.peekUser, victim, 4, word))
  if call(PtraceRequest.peekData, victim, 0, word) == 0 { must("fail", -1) }
  must("detach", call(PtraceRequest.detach, victim))
  must("seize", call(PtraceRequest.seize, victim))
  must("interrupt", call(PtraceRequest.interrupt, victim))
  must("wait for the stop", clinux_wait_for_stop(pid_t(victim)))
  must("detach", call(PtraceRequest.detach, victim))
}
