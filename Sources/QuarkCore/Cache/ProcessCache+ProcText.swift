internal import CQuark

extension ProcessCache {
  /// Adds a process from /proc. If its pid has an entry already, this entry does not change. A time since boot plus
  /// `wallOffsetNS` is a time that is delivered.
  public mutating func insert(_ scraped: borrowing ScrapedProcess, wallOffsetNS: UInt64) {
    var process = unsafe quark_process()
    unsafe process.pid = scraped.pid
    // Safe: both have the same members in the same order, which a test of the decoder checks.
    var task = unsafe unsafeBitCast(scraped.task, to: raw_task.self)
    let salt = entitySalt
    if scraped.isTaskKnown {
      unsafe withUnsafeMutablePointer(to: &process) {
        _ = unsafe $0.setTask(&task, wallOffsetNS: wallOffsetNS, salt: salt)
      }
    } else {
      unsafe process.comm = task.comm
    }
    unsafe insertScraped(
      process, startNS: scraped.isTaskKnown ? task.start_boottime : 0, exe: scraped.exe.bytes, cmdline: scraped.cmdline.bytes, cwd: scraped.cwd.bytes,
      cgroup: scraped.cgroup.bytes, environment: scraped.environment.bytes)
  }
}
