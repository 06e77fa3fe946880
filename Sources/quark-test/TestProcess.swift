import CLinux
import QuarkLinux

/// The process of a test or of a shared queue. Its standard error comes through a pipe, and at its end the data of
/// `Ending`.
final class TestProcess {
  let pid: pid_t
  /// The pipe, and the kernel's trace if that is wanted.
  private let sources: [CInt]
  private var status: CInt = 0
  private(set) var isOver = false
  private var output: [UInt8] = []
  let startMS = milliseconds()

  /// The result of a process that ends regularly; it is sent after a byte that no text has.
  struct Ending {
    var status: CInt = 0
    /// The reason of a failure or a skip.
    var reason = ""

    fileprivate static var mark: UInt8 { 0 }

    /// Sends the result, with the times that it took to open and to close queues.
    fileprivate func tell() -> Never {
      let times = "\(Stopwatch.opening.milliseconds) \(Stopwatch.closing.milliseconds)"
      FileDescriptor.complain("\0\(times)\0\(reason)")
      _exit(status)
    }
  }

  /// Nil, with errno, if there is no pipe or process.
  init?(isTracing: Bool = false, _ body: () -> Ending) {
    var ends: (CInt, CInt) = (-1, -1)
    let isMade = unsafe withUnsafeMutablePointer(to: &ends) {
      unsafe $0.withMemoryRebound(to: CInt.self, capacity: 2) { unsafe pipe($0) }
    }
    guard isMade == 0 else { return nil }
    let child = clinux_fork()
    if child == 0 {
      // The process gets its own group, so that processes that it starts can be killed with it.
      setpgid(0, 0)
      dup2(ends.1, STDERR_FILENO)
      close(ends.0)
      close(ends.1)
      body().tell()
    }
    close(ends.1)
    guard child > 0 else {
      close(ends.0)
      return nil
    }
    pid = child
    _ = clinux_fcntl(ends.0, F_SETFL, O_NONBLOCK)
    let path = "/sys/kernel/tracing/trace_pipe"
    let trace = isTracing ? unsafe clinux_open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0) : -1
    sources = trace >= 0 ? [ends.0, trace] : [ends.0]
  }

  deinit { for source in sources { close(source) } }

  /// Runs the test in this process. `line`: the socket of the shared queue, or -1.
  static func perform(_ test: Test, verbosity: Int, line: CInt = -1) -> Ending {
    var before = 0
    var after = 0
    do throws(TestEnd) {
      before = try openDescriptors()
      if test.backend == .kprobeTable { try hideTypes() }
      try test.body(TestContext(test, verbosity: verbosity, line: line))
      after = try openDescriptors()
    } catch {
      switch error {
      case .failed(let reason): return Ending(status: 1, reason: reason)
      case .skipped(let reason): return Ending(status: TestResult.skipStatus, reason: reason)
      }
    }
    if before != after { return Ending(status: 1, reason: "fd leak: \(before) descriptors open before, \(after) after") }
    // Once its process is gone, the next queue that is opened removes the probes.
    if ProbeDefinitions().owners.contains(getpid()) { return Ending(status: 1, reason: "a probe is left behind") }
    guard let left = Leftovers.children() else { return Ending() }
    return Ending(status: 1, reason: left)
  }

  /// Hides the kernel's types behind an empty folder, in a new mount namespace of this process.
  static func hideTypes() throws(TestEnd) {
    let folder = "/sys/kernel/btf"
    guard clinux_unshare(CLINUX_NEW_MNT.rawValue) == 0,
      unsafe mount("none", "/", nil, UInt(MS_REC | MS_PRIVATE), nil) == 0
    else { throw .failed("no mount namespace: \(Errno.current.description)") }
    // A kernel without types has no such folder.
    guard unsafe access(folder, F_OK) == 0 else { return }
    guard unsafe mount("hidden", folder, "tmpfs", 0, nil) == 0 else {
      throw .failed("cannot hide \(folder): \(Errno.current.description)")
    }
  }

  private static func openDescriptors() throws(TestEnd) -> Int {
    guard let directory = unsafe opendir("/proc/self/fd") else {
      throw .failed("cannot read /proc/self/fd: \(Errno.current.description)")
    }
    defer { unsafe closedir(directory) }
    var count = 0
    while unsafe readdir(directory) != nil { count += 1 }
    return count
  }

  /// The descriptors for poll(2).
  var watched: [pollfd] { sources.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) } }

  /// Collects the output, and checks whether the process has ended.
  func look() {
    drain()
    // The end of the pipe does not count: a process that the test left behind may keep it open for ever.
    guard !isOver, unsafe waitpid(pid, &status, WNOHANG) == pid else { return }
    // Kill everything that it started.
    _ = CLinux.kill(-pid, SIGKILL)
    drain()
    isOver = true
  }

  /// Kills it and its whole process group.
  func kill() {
    _ = CLinux.kill(-pid, SIGKILL)
    _ = unsafe waitpid(pid, &status, 0)
    drain()
    isOver = true
  }

  /// The result, once the process has ended.
  var result: TestResult {
    if clinux_wifsignaled(status) != 0 {
      let signal = clinux_wtermsig(status)
      let name = unsafe clinux_signal_name(signal).map { unsafe String(cString: $0) } ?? "?"
      return TestResult(verdict: .crash, reason: "signal \(signal) (SIG\(name))", output: output)
    }
    let exitStatus = clinux_wexitstatus(status)
    // The output, the times, the reason.
    let parts = output.split(separator: Ending.mark, maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3 else { return TestResult(exitStatus: exitStatus, reason: "", output: output) }
    let words = parts[2].last == UInt8(ascii: "\n") ? parts[2].dropLast() : parts[2]
    let firstLine = String(decoding: words.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    // The reason of a skip is one line; the reason of a failure may have more lines, from the verifier.
    var text = Array(parts[0])
    if exitStatus != TestResult.skipStatus, !words.isEmpty { text += words + [UInt8(ascii: "\n")] }
    var result = TestResult(exitStatus: exitStatus, reason: firstLine, output: text)
    let times = parts[1].split(separator: UInt8(ascii: " ")).map { Int(String(decoding: $0, as: UTF8.self)) ?? 0 }
    if times.count == 2 { (result.openMS, result.closeMS) = (times[0], times[1]) }
    return result
  }

  private func drain() {
    for source in sources { append(from: source) }
    if output.count > TestResult.outputLimit { output.removeFirst(output.count - TestResult.outputLimit) }
  }

  private func append(from descriptor: CInt) {
    while true {
      let chunk = unsafe [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
        count = unsafe max(0, read(descriptor, buffer.baseAddress, buffer.count))
      }
      if chunk.isEmpty { return }
      output += chunk
    }
  }
}
