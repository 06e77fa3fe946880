internal import CQuark

extension ProcessCache {
  /// Adds what /proc says of a process; an entry of its pid that exists already stays as it is. `wallOffsetNS` added
  /// to a time since boot gives one that is handed out.
  public mutating func insert(_ scraped: borrowing ScrapedProcess, wallOffsetNS: UInt64) {
    var process = unsafe quark_process()
    unsafe process.pid = scraped.pid
    // Safe: both are the same members in the same order, as a test of the decoder holds.
    var task = unsafe unsafeBitCast(scraped.task, to: raw_task.self)
    let salt = entitySalt
    if scraped.isTaskKnown {
      unsafe withUnsafeMutablePointer(to: &process) { unsafe $0.setTask(&task, wallOffsetNS: wallOffsetNS, salt: salt) }
    } else {
      unsafe process.comm = task.comm
    }
    unsafe insertScraped(
      process, startNS: scraped.isTaskKnown ? task.start_boottime : 0, exe: scraped.exe.bytes, cmdline: scraped.cmdline.bytes, cwd: scraped.cwd.bytes,
      cgroup: scraped.cgroup.bytes, environment: scraped.environment.bytes)
  }
}
