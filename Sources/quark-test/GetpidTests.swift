import CLinux
import CQuark
import Quark
import QuarkLinux

/// Each call of getpid(2), by any thread, is an event. A queue that does not ask for them has no such events, and loads
/// no program for them; a backend that cannot report them says so.
func getpidCalls(_ context: TestContext) throws(TestEnd) {
  do {
    var plain = try context.open()
    try expect(unsafe !containsLine(plain.queue.pointee.hooks, "getpid"), "getpid is hooked, but was not asked for")
    try expectEqual("calls that were not asked for", try callGetpid(context, in: &plain), 0)
  }
  var asking = context
  asking.attributes.flags |= QQ_GETPID
  var queue = try asking.open()
  let hooks = unsafe queue.queue.pointee.hooks
  if context.isKprobe {
    try expect(containsLine(hooks, "QQ_GETPID: none"), "it is not said that getpid is not told:\n\(hooks)")
    try expectEqual("calls", try callGetpid(asking, in: &queue), 0)
  } else {
    try expect(containsLine(hooks, "getpid: "), "getpid is not spoken of:\n\(hooks)")
    try expectEqual("calls", try callGetpid(asking, in: &queue), 150)
    for place in Place.allCases {
      let life = try asking.live(at: place, in: &queue) {
        for _ in 0..<20 { _ = getpid() }
      }
      try expectEqual("calls at a place", life.count(QUARK_EV_GETPID), 20)
    }
  }
}

/// Without one hook only its events are missing, and the queue reports this.
func hooksApart(_ context: TestContext) throws(TestEnd) {
  unsafe setenv("QUARK_EBPF_HOOKS", "raw_tp,kprobe", 1)
  defer { unsafe unsetenv("QUARK_EBPF_HOOKS") }
  var asking = context
  asking.attributes.flags |= QQ_GETPID | QQ_PTRACE | QQ_SHM | QQ_MODULE_LOAD | QQ_TTY
  var queue = try asking.open()
  let hooks = unsafe queue.queue.pointee.hooks
  for missing in [
    "ptrace attach: none", "ptrace request: none", "ptrace request (32 bits): none", "shmget: none", "memfd_create: none",
    "tty write: none",
  ] as [StaticString] {
    try expect(containsLine(hooks, missing), "not a word of \(missing):\n\(hooks)")
  }
  try expect(containsLine(hooks, "not fexit/ptrace_attach: its kind is not allowed"), "it is not said why:\n\(hooks)")
  try expect(containsLine(hooks, "not kretprobe/ptrace_attach: its kind is not allowed"), "nor of the other:\n\(hooks)")
  try expect(containsLine(hooks, "not kretprobe.multi/ptrace_attach: its kind is not allowed"), "nor of many:\n\(hooks)")
  try expect(containsLine(hooks, "getpid: kprobe/"), "getpid has no kprobe:\n\(hooks)")
  try expect(containsLine(hooks, "module load: kprobe/"), "modules have no kprobe:\n\(hooks)")
  try expectEqual("calls", try callGetpid(asking, in: &queue), 150)
}

/// The number of reported calls of a child: it makes 100, and one of its threads makes 50.
private func callGetpid(_ context: TestContext, in queue: inout TestQueue) throws(TestEnd) -> Int {
  let truth = try Truth()
  let us = UInt32(getpid())
  let life = try context.live(in: &queue, status: 7) {
    for _ in 0..<100 { _ = getpid() }
    unsafe startThread(truth) { memory in
      for _ in 0..<50 { _ = getpid() }
      unsafe memory!.storeBytes(of: 1, as: Int.self)
      return nil
    }
    while truth[0] == 0 { usleep(1000) }
    return 7
  }
  try expectEqual("forks", life.count(QUARK_EV_FORK), 1)
  for part in life.parts where part.has(QUARK_EV_GETPID) {
    try expectEqual("events", part.events, UInt64(QUARK_EV_GETPID))
    try expectEqual("ppid", part.known.ppid, us)
  }
  return life.count(QUARK_EV_GETPID)
}
