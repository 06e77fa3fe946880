import CLinux
import QuarkLinux

extension Test {
  /// Tests of the test harness: each goes wrong in its own way.
  static var selfTests: [Test] {
    let tests = [
      Test("x_fail", .none) { _ throws(TestEnd) in
        throw .failed("failed on purpose")
      },
      Test("x_skip", .none) { _ throws(TestEnd) in
        throw .skipped("skipped on purpose")
      },
      Test("x_crash", .none) { _ in raise(SIGSEGV) },
      Test("x_hang", .none) { _ in while true { pause() } },
      Test("x_leak", .none) { _ in _ = dup(STDOUT_FILENO) },
      Test("x_oops", .none) { _ throws(TestEnd) in
        // No kernel of the matrix can oops and go on, but the test can write such a message to the console.
        // The kernel keeps a line without a newline and waits for the rest of it.
        let words = "<1>BUG: kernel NULL pointer dereference, said on purpose by x_oops\n"
        try writeFile("/dev/kmsg", Array(words.utf8))
      },
      // This process is never ended.
      Test("x_leave_process", .none) { _ throws(TestEnd) in
        _ = try start { while true { pause() } }
      },
      // This probe stays when its process is gone.
      Test("x_leave_probe", .none, alone: "the next queue that is opened takes it away") { _ throws(TestEnd) in
        let definition = "p:quark/left_\(getpid())_0 wake_up_new_task\n"
        let file = unsafe clinux_open("/sys/kernel/tracing/kprobe_events", O_WRONLY | O_APPEND | O_CLOEXEC, 0)
        guard file >= 0 else { throw .failed("no kprobe_events: \(Errno.current.description)") }
        defer { close(file) }
        do throws(Errno) { try FileDescriptor.writeAll(Array(definition.utf8).span, to: file) } catch {
          throw .failed("cannot define a probe: \(error.description)")
        }
      },
      // The process that runs the tests stops.
      Test("x_silence", .none) { _ in
        kill(getppid(), SIGSTOP)
        while true { pause() }
      },
      Test("x_panic", .none) { _ throws(TestEnd) in
        try writeFile("/proc/sysrq-trigger", [UInt8(ascii: "c")])
        throw .failed("the kernel did not panic")
      },
    ]
    return tests.map { test in
      var test = test
      test.isSelfTest = true
      return test
    }
  }
}
