import CLinux
import CQuark
import QuarkLinux

/// Runs quark-mon like a user: a separate process that a signal ends, and that prints what it saw.
func monitorEnds(_ context: TestContext) throws(TestEnd) {
  let scratch = try Scratch()
  let events = "\(scratch.path)/events"
  let graph = "\(scratch.path)/graph"
  for signal in [SIGINT, SIGTERM] {
    let monitor = try Monitor(context, in: scratch.path, ["-C", graph, "-o", events, "--tree"])
    try monitor.expectToSee("marker-\(getpid())-\(signal)", in: events)
    try monitor.end(by: signal)
    try expect(monitor.complaints.hasStatistics, "no statistics: \(monitor.complaints.text)")
    let graphText = Text(of: graph)
    try expect(graphText.contains("digraph {") && graphText.contains("-> \(monitor.pid);"), "no graph of the processes")
    try expect(Text(of: events).contains("quark-mon(\(monitor.pid))"), "no tree of the processes")
    try expect(Text(of: "\(scratch.path)/out").isEmpty, "events went to standard output")
  }
}

/// With -D it becomes the user nobody, without privileges, in an empty root, and still sees what happens.
func monitorAsNobody(_ context: TestContext) throws(TestEnd) {
  let scratch = try Scratch()
  let monitor = try Monitor(context, in: scratch.path, ["-D"])
  let status = "/proc/\(monitor.pid)/status"
  for key in ["Uid:", "Gid:"] as [StaticString] {
    try expectEqual("its ids", value(of: "\(key)", in: status) ?? "", "65534\t65534\t65534\t65534")
  }
  for key in ["CapInh:", "CapPrm:", "CapEff:", "CapAmb:"] as [StaticString] {
    try expectEqual("its capabilities", value(of: "\(key)", in: status) ?? "", "0000000000000000")
  }
  for link in ["root", "cwd"] as [StaticString] {
    try expect(Text(linkTarget("/proc/\(monitor.pid)/\(link)")).contains(" (deleted)"), "its \(link) is no empty one")
  }
  try monitor.expectToSee("marker-nobody", in: "\(scratch.path)/out")
  try monitor.end(by: SIGTERM)
  try expect(monitor.complaints.hasStatistics, "no statistics: \(monitor.complaints.text)")
  guard context.isKprobe else { return }
  try expect(!Text(of: "/sys/kernel/tracing/kprobe_events").contains("_\(monitor.pid)"), "its probes are left")
}

/// If the reader of its output goes away, it ends without a message.
func monitorWithoutReader(_ context: TestContext) throws(TestEnd) {
  let scratch = try Scratch()
  var ends: (CInt, CInt) = (-1, -1)
  let isMade = unsafe withUnsafeMutableBytes(of: &ends) { bytes in
    unsafe pipe(bytes.baseAddress!.assumingMemoryBound(to: CInt.self)) == 0
  }
  try expect(isMade, "no pipe")
  let reader = FileDescriptor(owning: ends.0)
  // Otherwise the monitor itself would keep the reading end open.
  _ = clinux_fcntl(reader.rawValue, F_SETFD, FD_CLOEXEC)
  let monitor = try Monitor(context, in: scratch.path, [], output: ends.1)
  _ = close(ends.1)
  var byte: UInt8 = 0
  // The processes that exist at the start are printed.
  try expectEqual("bytes read", unsafe read(reader.rawValue, &byte, 1), 1)
  _ = consume reader
  _ = try wait(for: try start { execute("/bin/exit", ["exit", "0"]) })
  try expectEqual("its end", try wait(for: monitor.pid), 0)
  try expect(Text(monitor.complaints.afterStart).isEmpty, "it says: \(monitor.complaints.text)")
}

/// If the kernel's types are in another file, an environment variable names it, as for these tests.
func monitorTypes(_ context: TestContext) throws(TestEnd) {
  let scratch = try Scratch()
  let types = try scratch.addFile("types", try readFile("/sys/kernel/btf/vmlinux"), mode: 0o644)
  try TestProcess.hideTypes()
  unsafe setenv("QUARK_BTF_PATH", types, 1)
  defer { unsafe unsetenv("QUARK_BTF_PATH") }
  let monitor = try Monitor(context, in: scratch.path, [])
  try monitor.expectToSee("marker-types", in: "\(scratch.path)/out")
  try monitor.end(by: SIGTERM)
}

/// A program with more rights than its caller ignores the caller's environment: variables must not make it do what its
/// options cannot.
func monitorWithMoreRights(_ context: TestContext) throws(TestEnd) {
  let scratch = try Scratch()
  let program = try scratch.addFile("monitor", try readFile("/quark-mon"), mode: 0o4755)
  let nonsense = [
    "QUARK_BTF_PATH=/nonsense", "QUARK_EBPF_HOOKS=nonsense", "QUARK_KPROBE_WITHOUT=clock", "QUARK_VERBOSE=2",
  ]
  let monitor = try Monitor(context, in: scratch.path, [], program: program, user: 65534, environment: nonsense)
  try expectEqual("its ids", value(of: "Uid:", in: "/proc/\(monitor.pid)/status") ?? "", "65534\t0\t0\t0")
  let complaints = Text(monitor.complaints.text)
  if context.isKprobe {
    try expect(complaints.contains("stamped with CLOCK_MONOTONIC"), "it does without: \(monitor.complaints.text)")
    let isFromTypes = complaints.contains("offsets: /sys/kernel/btf/vmlinux")
    let hasTypes = unsafe access("/sys/kernel/btf/vmlinux", R_OK) == 0
    try expect(isFromTypes == hasTypes, "its offsets are from elsewhere: \(monitor.complaints.text)")
  }
  try expect(!complaints.contains("libbpf"), "it is verbose: \(monitor.complaints.text)")
  try monitor.expectToSee("marker-rights", in: "\(scratch.path)/out")
  try monitor.end(by: SIGTERM)
}

/// A running quark-mon whose output goes to files of the test.
private struct Monitor {
  let pid: pid_t
  let complaints: Complaints

  /// Returns when it is ready.
  init(
    _ context: TestContext, in folder: String, _ options: [String], output: CInt? = nil,
    program: String = "/quark-mon", user: uid_t = 0, environment: [String] = Self.inherited
  ) throws(TestEnd) {
    let path = "\(folder)/errors"
    complaints = Complaints(path: path)
    let backend = context.isKprobe ? "-k" : "-b"
    // Remove the output of an earlier one.
    try writeFile(path, [])
    pid = try start {
      let flags = O_WRONLY | O_CREAT | O_TRUNC
      let out = unsafe output ?? clinux_open("\(folder)/out", flags, 0o644)
      let errors = unsafe clinux_open(path, O_WRONLY, 0)
      must("have standard output", dup2(out, STDOUT_FILENO))
      must("have standard error", dup2(errors, STDERR_FILENO))
      if user != 0 { must("change the user", clinux_set_uids(user, user, user)) }
      return execute(program, ["quark-mon", "-v", backend] + options, environment: environment)
    }
    let deadline = milliseconds() + 2 * Patience.milliseconds
    while milliseconds() < deadline {
      if complaints.isReady { return }
      var status: CInt = 0
      if unsafe waitpid(pid, &status, WNOHANG) == pid { break }
      usleep(20_000)
    }
    throw .failed("quark-mon is not ready: \(complaints.text)")
  }

  /// The environment variables with which these tests were started.
  static var inherited: [String] {
    let names = ["QUARK_BTF_PATH", "QUARK_EBPF_HOOKS", "QUARK_EBPF_WITHOUT", "QUARK_KPROBE_WITHOUT"]
    return names.compactMap { name in environment(name).map { "\(name)=\($0)" } }
  }

  /// Waits until a process with this argument is printed.
  func expectToSee(_ marker: String, in path: String) throws(TestEnd) {
    _ = try wait(for: try start { execute("/bin/exit", ["exit", "0", marker]) })
    let deadline = milliseconds() + Patience.milliseconds
    while milliseconds() < deadline {
      if Text(of: path).contains(marker) { return }
      usleep(20_000)
    }
    throw .failed("\(path) never has \(marker); \(complaints.text)")
  }

  func end(by signal: CInt) throws(TestEnd) {
    _ = kill(pid, signal)
    try expectEqual("its end", try wait(for: pid), 0)
  }
}

/// The standard error of quark-mon.
private struct Complaints {
  let path: String

  private static var last: String { " for backend\n" }

  var text: String { String(decoding: Text(of: path).bytes, as: UTF8.self) }
  /// With -v its last line names the backend.
  var isReady: Bool { Text(of: path).contains(Self.last) }
  var hasStatistics: Bool { Text(afterStart).contains("insertions      removals          aggs") }

  var afterStart: String {
    let bytes = Text(of: path).bytes
    guard let index = Text(bytes: bytes).index(of: Self.last) else { return text }
    return String(decoding: bytes[(index + Self.last.utf8.count)...], as: UTF8.self)
  }
}

/// A text to search in.
private struct Text {
  let bytes: [UInt8]

  init(bytes: [UInt8]) { self.bytes = bytes }
  init(_ text: String) { bytes = Array(text.utf8) }
  /// Empty if the file cannot be read.
  init(of path: String) { bytes = (try? readFile(path)) ?? [] }

  var isEmpty: Bool { bytes.isEmpty }

  func contains(_ text: String) -> Bool { index(of: text) != nil }

  func index(of text: String) -> Int? { place(of: Array(text.utf8), in: bytes[...]) }
}
