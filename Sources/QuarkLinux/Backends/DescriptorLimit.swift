internal import CLinux

/// How many descriptors this process may have open: RLIMIT_NOFILE of getrlimit(2). A backend has some for each CPU, and
/// soft limits are often what select(2) can take, which is no concern of a library that does not call it.
package enum DescriptorLimit {
  /// Does what opens descriptors; when there were too many, once more with the soft limit raised to the hard one. An
  /// error that is the limit's says so.
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

  /// What a queue opens beyond its backend: an epoll instance, files of /proc, a recording.
  private static var spare: Int { 6 }

  /// Whether so many more may be opened.
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

  /// False: it is as high as it may be.
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
  /// There are too many open, of this process or of the machine.
  var isOfDescriptors: Bool { rawValue == EMFILE || rawValue == ENFILE }
}
