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
        let words = "<1>BUG: kernel NULL pointer dereference, said on purpose by x_oops\n"
        try writeFile("/dev/kmsg", Array(words.utf8))
      },
      Test(name: "x_panic", backend: nil, isSelfTest: true) { _ throws(TestEnd) in
        try writeFile("/proc/sysrq-trigger", [UInt8(ascii: "c")])
        throw .failed("the kernel did not panic")
      },
    ]
  }
}
