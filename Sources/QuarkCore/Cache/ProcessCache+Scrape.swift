public import CQuark

extension ProcessCache {
  /// Adds a process that was found in /proc and not in a record. If this pid has an entry already, the entry does not
  /// change, because a record is better.
  ///
  /// `process` has the pid, flags, the members that begin with `proc_`, and comm; its pointers are ignored. `startNS`
  /// is its start since boot, rounded down to a clock tick, which identifies the process; 0: not known. The bytes are
  /// copied; empty means "not known". `cmdline` and `environment` are NUL-separated, and a NUL replaces their last
  /// byte.
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
    // This is not the full length, because only as much as is kept was read.
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
