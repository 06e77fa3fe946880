import CLinux
import QuarkLinux

/// What only one process may do at a time.
final class TestLock {
  private let file: FileDescriptor

  /// A shared queue is not opened while a test runs that this would disturb.
  static func sharedOpening() throws(TestEnd) -> TestLock { try TestLock(of: "/proc/self/exe") }

  /// Waits until nobody else has the lock of a file that all tests see.
  init(of path: String) throws(TestEnd) {
    let descriptor = unsafe clinux_open(path, O_RDONLY | O_CLOEXEC, 0)
    guard descriptor >= 0 else { throw .failed("cannot open \(path): \(Errno.current.description)") }
    // The lock belongs to this opening of the file: flock(2).
    file = FileDescriptor(owning: descriptor)
    do { _ = try Errno.retrying { clinux_lock(file.rawValue) } } catch { throw .failed("flock: \(error.description)") }
  }

  deinit { release() }

  /// Children that have a copy of the descriptor do not keep the lock.
  func release() { _ = clinux_unlock(file.rawValue) }
}
