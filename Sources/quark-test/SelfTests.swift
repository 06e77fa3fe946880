import CLinux
import QuarkLinux

extension Test {
  /// Tests of the harness around the tests: each goes wrong in its own way.
  static var selfTests: [Test] {
    [
      Test(name: "x_fail", backend: nil, isSelfTest: true) { _ throws(TestEnd) in
        throw .failed("failed on purpose")
      },
      Test(name: "x_skip", backend: nil, isSelfTest: true) { _ throws(TestEnd) in
        throw .skipped("skipped on purpose")
      },
      Test(name: "x_crash", backend: nil, isSelfTest: true) { _ in raise(SIGSEGV) },
      Test(name: "x_hang", backend: nil, isSelfTest: true) { _ in while true { pause() } },
      Test(name: "x_leak", backend: nil, isSelfTest: true) { _ in _ = dup(STDOUT_FILENO) },
      Test(name: "x_oops", backend: nil, isSelfTest: true) { _ throws(TestEnd) in
        // No kernel of the matrix has a way to oops and go on; its console message can be had all the same.
        // A line without its end stays with the kernel, which waits for the rest of it.
        try writeFile("/dev/kmsg", "<1>BUG: kernel NULL pointer dereference, said on purpose by x_oops\n")
      },
      Test(name: "x_panic", backend: nil, isSelfTest: true) { _ throws(TestEnd) in
        try writeFile("/proc/sysrq-trigger", "c")
        throw .failed("the kernel did not panic")
      },
    ]
  }
}

private func writeFile(_ path: String, _ text: String) throws(TestEnd) {
  let descriptor = unsafe clinux_open(path, O_WRONLY | O_CLOEXEC, 0)
  guard descriptor >= 0 else { throw .failed("cannot open \(path): \(Errno.current.description)") }
  let file = FileDescriptor(owning: descriptor)
  let bytes = Array(text.utf8)
  do { try FileDescriptor.writeAll(bytes.span, to: file.rawValue) } catch {
    throw .failed("cannot write \(path): \(error.description)")
  }
}
