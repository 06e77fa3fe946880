import CQuark

/// One future raw event, with only the data from which the rest can be computed.
struct Step {
  var timeNS: UInt64
  /// When its process was forked.
  var startNS: UInt64
  var pid: UInt32
  var type: UInt32
}

/// The schedule: groups of 8 processes that live at the same time, with 8 forks, 8 execs and 8 exits, a microsecond
/// apart. Then every event is exchanged with one that is up to three places later, as for events of several CPUs. If
/// the load is hot, one process does the same small thing all the time.
@safe struct Schedule: ~Copyable {
  let steps: UnsafeMutablePointer<Step>
  let count: Int

  private static var firstPID: UInt32 { 1000 }

  init(processes: Int, isHot: Bool) {
    count = processes / 8 * 8 * 3
    unsafe steps = .allocate(capacity: count)
    let types = [RAW_WAKE_UP_NEW_TASK.rawValue, RAW_EXEC.rawValue, RAW_EXIT_THREAD.rawValue]
    for index in 0..<count {
      let pid = Self.firstPID + UInt32(index / 24 * 8 + index % 8)
      unsafe (steps + index).initialize(
        to: Step(
          timeNS: UInt64(index + 1) * 1000,
          startNS: isHot ? 1000 : UInt64(index / 24 * 24 + index % 8 + 1) * 1000, pid: isHot ? 1 : pid,
          type: isHot ? RAW_GETPID.rawValue : types[index % 24 / 8]))
    }
    var state: UInt64 = 0x2545_F491_4F6C_DD1D
    for index in 0..<count - 3 {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      let other = index + Int(state & 3)
      unsafe (steps[index], steps[other]) = unsafe (steps[other], steps[index])
    }
  }

  deinit { unsafe steps.deallocate() }
}
