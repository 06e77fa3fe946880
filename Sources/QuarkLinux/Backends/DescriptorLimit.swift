internal import CLinux

/// The limit of open descriptors of this process: RLIMIT_NOFILE of getrlimit(2). A backend has some for each CPU. Soft
/// limits are often low because of select(2), which this library does not call.
package enum DescriptorLimit {
  /// Calls code that opens descriptors; if there are too many, it calls it again with the soft limit raised to the hard
  /// one. If the limit causes an error, the message says so.
  package static func raising<Opened: ~Copyable>(
    _ open: () throws(QuarkError) -> Opened
  ) throws(QuarkError) -> Opened {
    do throws(QuarkError) {
      let opened = try open()
      guard hasRoom(for: spare) || raise() else { throw QuarkError("open so many descriptors", Errno(EMFILE)) }
      return opened
    } catch {
      guard error.errno.isOfDescriptors, raise() else { throw explaining(error) }
    }
    do throws(QuarkError) { return try open() } catch { throw explaining(error) }
  }

  /// Descriptors that a queue opens beside its backend: an epoll instance, files of /proc, a recording.
  private static var spare: Int { 6 }

  /// True if this many more descriptors may be opened.
  static func hasRoom(for count: Int) -> Bool {
    let first = eventfd(0, CInt(EFD_CLOEXEC))
    guard first >= 0 else { return false }
    var opened = [first]
    while opened.count < count {
      let descriptor = clinux_fcntl(first, F_DUPFD_CLOEXEC, 0)
      guard descriptor >= 0 else { break }
      opened.append(descriptor)
    }
    for descriptor in opened { close(descriptor) }
    return opened.count == count
  }

  /// False if the limit cannot be raised further.
  static func raise() -> Bool {
    guard var limit = current(), limit.rlim_cur < limit.rlim_max else { return false }
    limit.rlim_cur = limit.rlim_max
    return unsafe clinux_set_descriptor_limit(&limit) == 0
  }

  private static func current() -> rlimit? {
    var limit = rlimit()
    return unsafe clinux_descriptor_limit(&limit) == 0 ? limit : nil
  }

  private static func explaining(_ error: QuarkError) -> QuarkError {
    guard error.errno.rawValue == EMFILE, let limit = current() else { return error }
    let detail = "this process may have \(limit.rlim_cur) descriptors open (RLIMIT_NOFILE, whose hard limit is "
      + "\(limit.rlim_max))"
    return QuarkError(error.attempt, error.errno, detail: detail + (error.detail.isEmpty ? "" : "\n" + error.detail))
  }
}

extension Errno {
  /// True if too many descriptors are open, in this process or on the machine.
  var isOfDescriptors: Bool { rawValue == EMFILE || rawValue == ENFILE }
}
