import CLinux
import CQuark
import Quark
import QuarkLinux

/// A helper that the kernel itself starts is reported like any other process: fork, exec and exit. If its program does
/// not exist, there is only a fork and an exit.
func kernelHelpers(_ context: TestContext) throws(TestEnd) {
  var queue = try context.open()
  try helperOfCore(in: &queue)
  let modprobe = "/proc/sys/kernel/modprobe"
  // A kernel without modules does not start modprobe(8).
  guard unsafe access(modprobe, F_OK) == 0 else { return }
  try withContent(of: modprobe, "/bin/exit") { () throws(TestEnd) in
    askForModule()
    try helper(in: &queue) { equal($0.commandLine, "/bin/exit|-q|--|net-pf-19|") }.expect(execs: 1)
  }
  try withContent(of: modprobe, "/nobody/is/here") { () throws(TestEnd) in
    askForModule()
    // It has the name of the thread that made it.
    try helper(in: &queue) { $0.comm.utf8.starts(with: "kworker".utf8) }.expect()
  }
}

private func helperOfCore(in queue: inout TestQueue) throws(TestEnd) {
  // Without CONFIG_ELF_CORE the kernel writes no cores: fs/proc/base.c.
  guard unsafe access("/proc/self/coredump_filter", F_OK) == 0 else { return }
  try withContent(of: "/proc/sys/kernel/core_pattern", "|/bin/exit 33 helper-of-core %P") { () throws(TestEnd) in
    let pid = try start {
      _ = clinux_allow_core(1 << 20)
      _ = kill(getpid(), SIGSEGV)
      return 1
    }
    try expect(clinux_wcoredump(try wait(for: pid)) != 0, "no core was dumped")
    let arguments = "/bin/exit|33|helper-of-core|\(pid)|"
    let life = try helper(in: &queue) { equal($0.commandLine, arguments) }
    try life.expect(execs: 1)
    try expectEqual("exit_code", life.known.exitCode, 33)
  }
}

/// All events of the first process that ends and has an event with the wanted property.
private func helper(in queue: inout TestQueue, _ isAsked: (Known) -> Bool) throws(TestEnd) -> Life {
  var parts: [Life.Part] = []
  while true {
    let part = try queue.next()
    parts.append(part)
    let pid = part.known.pid
    if part.has(QUARK_EV_EXIT), parts.contains(where: { $0.known.pid == pid && isAsked($0.known) }) {
      return Life(parts: parts.filter { $0.known.pid == pid })
    }
  }
}

/// Opens a socket of a family that no kernel has built in: the kernel then starts modprobe(8).
private func askForModule() {
  let descriptor = socket(AF_ECONET, CInt(SOCK_STREAM.rawValue), 0)
  if descriptor >= 0 { close(descriptor) }
}

private func withContent(
  of path: String, _ text: String, _ body: () throws(TestEnd) -> Void
) throws(TestEnd) {
  let before = try readFile(path)
  try writeFile(path, Array(text.utf8))
  defer { try? writeFile(path, before) }
  try body()
}
