internal import CQuark

extension ProcessCache {
  /// The wall clock was set, forward by this many nanoseconds, or back if that wraps around. Shifts the times since the
  /// epoch of all processes, so that they fit the new clock.
  public mutating func shiftTimes(byNS difference: UInt64) {
    var pid: UInt32 = 0
    while let process = unsafe first(notBelow: pid) {
      // 0: not known.
      if unsafe process.pointee.proc_time_boot != 0 { unsafe process.pointee.proc_time_boot &+= difference }
      if unsafe process.pointee.exit_time_event != 0 { unsafe process.pointee.exit_time_event &+= difference }
      let (next, overflow) = unsafe process.pointee.pid.addingReportingOverflow(1)
      if overflow { return }
      pid = next
    }
  }
}
