public import CQuark

extension ProcessCache {
  /// Adds a process that was found in /proc rather than announced by a record. An entry of this pid that exists
  /// already stays as it is: a record knows better.
  ///
  /// `process` carries pid, flags, what begins with `proc_`, and comm; its pointers are not looked at. `startNS` is its
  /// start since boot, rounded down to a clock tick, by which the process is known again; 0: not known. The bytes are
  /// copied; none means "not known". `cmdline` and `environment` are NUL-separated, and their last byte gives way to a NUL.
  public mutating func insertScraped(
    _ process: quark_process, startNS: UInt64 = 0, exe: RawSpan, cmdline: RawSpan, cwd: RawSpan, cgroup: RawSpan, environment: RawSpan
  ) {
    let pid = unsafe process.pid
    guard pid != 0, pid < ProcessTable.pidLimit, unsafe table[pid] == nil, table.count < limit else { return }
    let entry = unsafe table.add(pid: pid)
    unsafe entry.pointee = process
    unsafe (entry.identity.pointee.startNS, entry.identity.pointee.isCoarse) = (startNS, true)
    unsafe entry.pointee.gc_next = nil
    unsafe entry.pointee.gc_previous = nil
    unsafe entry.pointee.container = nil
    // Only an exit record makes an exited process.
    unsafe entry.pointee.flags &= UInt64(QUARK_F_PROC)
    unsafe entry.pointee.comm.15 = 0
    unsafe entry.pointee.exe = shared(exe)
    unsafe entry.pointee.cwd = shared(cwd)
    unsafe entry.pointee.cgroup = shared(cgroup)
    unsafe entry.pointee.cmdline = separated(cmdline)
    unsafe entry.pointee.cmdline_len = entry.pointee.cmdline == nil ? 0 : cmdline.byteCount
    unsafe entry.pointee.cmdline_orig_len = entry.pointee.cmdline_len
    // Not what there was: it was read up to what is kept.
    let environment = environment.extracting(first: min(environment.byteCount, maxEnvironment))
    unsafe entry.pointee.env = separated(environment)
    unsafe entry.pointee.env_len = entry.pointee.env == nil ? 0 : environment.byteCount
    unsafe entry.pointee.env_orig_len = entry.pointee.env_len
    unsafe entry.pointee.script = nil
  }

  private mutating func shared(_ bytes: RawSpan) -> UnsafeMutablePointer<CChar>? {
    guard bytes.byteCount > 0 else { return nil }
    return unsafe bytes.withUnsafeBytes { unsafe strings.share($0.baseAddress!, count: $0.count) }
  }

  private mutating func separated(_ bytes: RawSpan) -> UnsafeMutablePointer<CChar>? {
    guard bytes.byteCount > 0 else { return nil }
    return unsafe bytes.withUnsafeBytes { unsafe strings.copy($0.baseAddress!, count: $0.count - 1) }
  }
}
