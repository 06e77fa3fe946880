internal import CLinux

/// Runs as the guest's first process: prepares the guest, runs one program in it, and tells qemu how that ended. It
/// returns, with an exit status, only if this is not the first process.
public func runAsInit(_ argc: CInt, _ argv: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> CInt {
  guard getpid() == 1 else {
    say("quark-init: this is a guest's first process, nothing to be run by hand\n")
    return 1
  }
  say("quark-init: started\n")
  guard argc >= 2, let program = unsafe argv[1] else { end(code: 99, "quark-init: no program to run\n") }
  let name = unsafe String(cString: program)
  let child = clinux_fork()
  if child == 0 {
    Guest.prepare()
    unsafe announce(argc, argv)
    unsafe execvp(absolute(name), argv + 1)
    fail("run \(name)")
  }
  guard child > 0 else { end(code: 99, "quark-init: cannot fork\n") }
  let status = reap(until: child)
  if clinux_wifexited(status) != 0 {
    let code = clinux_wexitstatus(status)
    end(code: UInt8(min(code, 99)), "\(name) exited with \(code)\n")
  }
  let signal = clinux_wtermsig(status)
  let signalName = unsafe clinux_signal_name(signal).map { unsafe String(cString: $0) } ?? "?"
  end(code: 1, "\(name) exited with signal \(signal) (SIG\(signalName))\n")
}

/// Programs are named from the root, with or without the leading slash.
private func absolute(_ name: String) -> String { name.utf8.first == UInt8(ascii: "/") ? name : "/" + name }

/// Prints the banner: after it the console belongs to the program.
private func announce(_ argc: CInt, _ argv: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) {
  var command = ""
  for index in 1..<Int(argc) {
    guard let word = unsafe argv[index] else { break }
    command += unsafe (index > 1 ? " " : "") + String(cString: word)
  }
  var system = utsname()
  unsafe uname(&system)
  let release = unsafe withUnsafeBytes(of: &system.release) { unsafe text($0) }
  let machine = unsafe withUnsafeBytes(of: &system.machine) { unsafe text($0) }
  say("`\(command)` on \(release) \(machine)\n")
}

private func text(_ bytes: UnsafeRawBufferPointer) -> String {
  unsafe String(cString: bytes.baseAddress!.assumingMemoryBound(to: CChar.self))
}

/// Waits for all children, also orphans; the guest ends with the child that runs the program.
private func reap(until child: pid_t) -> CInt {
  var status: CInt = 0
  while true {
    let pid = unsafe waitpid(-1, &status, 0)
    if pid == child { return status }
    if pid == -1, clinux_errno() != EINTR { end(code: 99, "quark-init: lost its child\n") }
  }
}

/// Reports how it ended, on the console and to qemu: 0x10 + code on the debug-exit port, which krun.sh reads from
/// qemu's exit status. A machine without this port is restarted, and `-no-reboot` turns this into an end, too.
private func end(code: UInt8, _ message: String) -> Never {
  say(message)
  _ = tcdrain(STDOUT_FILENO)
  _ = clinux_debug_exit(0x10 + code)
  while true {
    _ = reboot(CInt(bitPattern: UInt32(RB_AUTOBOOT)))
    _ = sleep(1)
  }
}
