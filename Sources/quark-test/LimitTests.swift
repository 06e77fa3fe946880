import CLinux
import CQuark
import Quark
import QuarkLinux

/// A backend has more descriptors than the soft limit lets it: it raises that, as far as it may, and else says which
/// limit it was.
func descriptorLimit(_ context: TestContext) throws(TestEnd) {
  // Three that it was born with, an epoll instance, and no more than two of the backend.
  let limit = 6 as rlim_t
  for isHard in [false, true] {
    let child = try start {
      // Of what it was born with it has no use, and it may be much.
      must("close what there is", clinux_close_from(3, -1))
      var lowered = rlimit(rlim_cur: limit, rlim_max: isHard ? limit : 4096)
      must("lower the limit", unsafe clinux_set_descriptor_limit(&lowered))
      return isHard ? isRefused(context) : isOpened(context)
    }
    try expectEqual(isHard ? "the end with a hard limit" : "the end with a soft limit", try wait(for: child), 0)
  }
}

private func isOpened(_ context: TestContext) -> CInt {
  do throws(TestEnd) {
    var queue = try context.open()
    let life = try context.live(in: &queue, status: 6) { execute("/bin/exit", ["exit", "6"]) }
    try life.expect(execs: 1)
    return 0
  } catch {
    if case .failed(let reason) = error { FileDescriptor.complain(reason + "\n") }
    return 4
  }
}

private func isRefused(_ context: TestContext) -> CInt {
  do throws(QuarkError) {
    _ = try Queue(context.attributes)
    return 2
  } catch {
    let isRight = error.errno.rawValue == EMFILE
      && containsLine(error.message, "6 descriptors open (RLIMIT_NOFILE, whose hard limit is 6)")
    if isRight { return 0 }
    FileDescriptor.complain(error.message + "\n")
    return 3
  }
}
