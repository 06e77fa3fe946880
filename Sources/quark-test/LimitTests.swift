import CLinux
import CQuark
import Quark
import QuarkLinux

/// A backend needs more descriptors than the soft limit: it raises the soft limit as far as allowed; if that is not
/// enough, the message names the limit.
func descriptorLimit(_ context: TestContext) throws(TestEnd) {
  // Three inherited descriptors, an epoll instance, and at most two of the backend.
  let limit = 6 as rlim_t
  for isHard in [false, true] {
    let child = try start {
      // The other inherited descriptors are not used, and there may be many.
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
