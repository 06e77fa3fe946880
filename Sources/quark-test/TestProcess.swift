import CLinux
import QuarkLinux

/// The process a test runs in. Its standard error comes here through a pipe, and behind a mark at its
/// end why the test failed or was skipped.
struct TestProcess: ~Copyable {
  private let pid: pid_t
  private let errors: FileDescriptor
  private let trace: FileDescriptor?
  /// That of `trace`, or -1.
  private let traceDescriptor: CInt
  private var status: CInt = 0
  private(set) var isOver = false
  private(set) var output: [UInt8] = []

  /// Nil with errno when the system has no pipe or process for us.
  init?(_ test: Test, _ options: Options) {
    var ends: (CInt, CInt) = (-1, -1)
    let isMade = unsafe withUnsafeMutablePointer(to: &ends) {
      unsafe $0.withMemoryRebound(to: CInt.self, capacity: 2) { unsafe pipe($0) }
    }
    guard isMade == 0 else { return nil }
    let child = clinux_fork()
    if child == 0 {
      // A group of its own, so that what it starts can be killed with it.
      setpgid(0, 0)
      dup2(ends.1, STDERR_FILENO)
      close(ends.0)
      close(ends.1)
      let (status, reason) = Self.perform(test, verbosity: options.verbosity)
      if !reason.isEmpty { FileDescriptor.complain(Self.reasonMark + reason + "\n") }
      _exit(status)
    }
    close(ends.1)
    guard child > 0 else {
      close(ends.0)
      return nil
    }
    pid = child
    errors = FileDescriptor(owning: ends.0)
    _ = clinux_fcntl(ends.0, F_SETFL, O_NONBLOCK)
    let path = "/sys/kernel/tracing/trace_pipe"
    let opened = options.isTracing ? unsafe clinux_open(path, O_RDONLY | O_NONBLOCK, 0) : -1
    trace = opened >= 0 ? FileDescriptor(owning: opened) : nil
    traceDescriptor = opened
  }

  /// A byte no text has, between what a test says and why it failed.
  private static var reasonMark: String { "\0" }

  /// Runs the test in this process: its exit status, and words for a failure or a skip.
  static func perform(_ test: Test, verbosity: Int) -> (status: CInt, reason: String) {
    let before = openDescriptors()
    do throws(TestEnd) {
      if test.backend == .kprobeTable { try hideTypes() }
      try test.body(TestContext(test.backend ?? .ebpf, verbosity: verbosity))
    } catch {
      switch error {
      case .failed(let reason): return (1, reason)
      case .skipped(let reason): return (TestResult.skipStatus, reason)
      }
    }
    let after = openDescriptors()
    return before == after ? (0, "") : (1, "fd leak: \(before) descriptors open before, \(after) after")
  }

  /// In a mount namespace of the test's own, an empty folder takes the place of the kernel's types.
  private static func hideTypes() throws(TestEnd) {
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

  private static func openDescriptors() -> Int {
    guard let directory = unsafe opendir("/proc/self/fd") else { return -1 }
    defer { unsafe closedir(directory) }
    var count = 0
    while unsafe readdir(directory) != nil { count += 1 }
    return count
  }

  /// Collects output for up to that long, and notices the end.
  mutating func poll(milliseconds: CInt) {
    var watched = [pollfd(fd: errors.rawValue, events: Int16(POLLIN), revents: 0)]
    if traceDescriptor >= 0 { watched.append(pollfd(fd: traceDescriptor, events: Int16(POLLIN), revents: 0)) }
    _ = unsafe CLinux.poll(&watched, nfds_t(watched.count), milliseconds)
    drain()
    // Not the end of the pipe: a process the test left behind may hold that open for ever.
    if unsafe waitpid(pid, &status, WNOHANG) == pid {
      drain()
      isOver = true
    }
  }

  /// Ends the test's whole process group.
  mutating func kill() {
    _ = CLinux.kill(-pid, SIGKILL)
    _ = unsafe waitpid(pid, &status, 0)
    drain()
    isOver = true
  }

  /// Once it is over.
  var result: TestResult {
    if clinux_wifsignaled(status) != 0 {
      let signal = clinux_wtermsig(status)
      let name = unsafe clinux_signal_name(signal).map { unsafe String(cString: $0) } ?? "?"
      return TestResult(verdict: .crash, reason: "signal \(signal) (SIG\(name))", output: output)
    }
    let mark = output.lastIndex(of: 0) ?? output.endIndex
    let words = output[mark...].dropFirst()
    let reason = String(decoding: words.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    let exitStatus = clinux_wexitstatus(status)
    // A skip's words are a line; a failure's may go on, with what the verifier said.
    let text = exitStatus == TestResult.skipStatus ? output[..<mark] : output[..<mark] + words
    return TestResult(exitStatus: exitStatus, reason: reason, output: Array(text))
  }

  private mutating func drain() {
    append(from: errors.rawValue)
    if traceDescriptor >= 0 { append(from: traceDescriptor) }
    if output.count > TestResult.outputLimit { output.removeFirst(output.count - TestResult.outputLimit) }
  }

  private mutating func append(from descriptor: CInt) {
    while true {
      let chunk = unsafe [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
        count = unsafe max(0, read(descriptor, buffer.baseAddress, buffer.count))
      }
      if chunk.isEmpty { return }
      output += chunk
    }
  }
}
