public import CQuark
internal import CWire

/// The processes known to a queue, by pid. Exited ones stay for a grace time, so that what they did last can still be
/// told with who they were.
@safe public struct ProcessCache: ~Copyable {
  private typealias Entry = UnsafeMutablePointer<quark_process>

  /// Sorted by pid.
  private var entries: [UnsafeMutablePointer<quark_process>] = unsafe []
  private var oldestExited: UnsafeMutablePointer<quark_process>?
  private var newestExited: UnsafeMutablePointer<quark_process>?

  public init() {}

  @inlinable deinit { destroyAll() }

  @usableFromInline func destroyAll() {
    for unsafe entry in unsafe entries { unsafe Self.destroy(entry) }
  }

  public var count: Int { unsafe entries.count }

  /// The entry of `pid`, valid until the next `collect`.
  @unsafe public func lookup(pid: UInt32) -> UnsafeMutablePointer<quark_process>? {
    let index = firstIndex(notBefore: pid)
    guard index < count, unsafe entries[index].pointee.pid == pid else { return nil }
    return unsafe entries[index]
  }

  /// Applies one raw event to its process's entry, taking over the event's data. `wallOffsetNS` added to a time since
  /// boot gives a time since the epoch; `nowNS` is since boot.
  @unsafe public mutating func apply(
    _ event: RawEvent, wallOffsetNS: UInt64, nowNS: UInt64
  ) -> UnsafeMutablePointer<quark_process> {
    let kind = unsafe event.kind
    if kind == .fork { unsafe evictExited(pid: event.pid) }
    let process = unsafe lookup(pid: event.pid) ?? create(pid: event.pid)
    if kind == .fork { unsafe inherit(process, fromPID: event.task.ppid) }
    unsafe process.setTask(event.task, wallOffsetNS: wallOffsetNS)
    if let exe = unsafe event.exe { unsafe Self.replace(&process.pointee.exe, with: exe) }
    if let cwd = unsafe event.cwd { unsafe Self.replace(&process.pointee.cwd, with: cwd) }
    if let arguments = unsafe event.arguments {
      unsafe Self.replace(&process.pointee.cmdline, with: arguments)
      unsafe process.pointee.cmdline_len = arguments.count + 1
    }
    if kind == .exit { unsafe markExited(process, event, wallOffsetNS: wallOffsetNS, nowNS: nowNS) }
    return unsafe process
  }

  /// Forgets the processes that exited `graceTimeNS` ago or earlier, and says how many those were.
  public mutating func collect(nowNS: UInt64, graceTimeNS: UInt64) -> Int {
    var collected = 0
    while let process = unsafe oldestExited, unsafe nowNS / 1_000_000 &- UInt64(process.pointee.gc_time) >= graceTimeNS / 1_000_000 {
      unsafe remove(process)
      collected += 1
    }
    return collected
  }

  // MARK: -

  private func firstIndex(notBefore pid: UInt32) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if unsafe entries[middle].pointee.pid < pid { low = middle + 1 } else { high = middle }
    }
    return low
  }

  @unsafe mutating func insertSnapshot(_ snapshot: quark_process) {
    guard unsafe lookup(pid: snapshot.pid) == nil else { return }
    unsafe create(pid: snapshot.pid).pointee = snapshot
  }

  private mutating func create(pid: UInt32) -> UnsafeMutablePointer<quark_process> {
    let process = Entry.allocate(capacity: 1)
    unsafe process.initialize(to: quark_process())
    unsafe process.pointee.pid = pid
    unsafe entries.insert(process, at: firstIndex(notBefore: pid))
    return unsafe process
  }

  /// A fork of a pid that is still kept as exited is another process: nothing of the old one may shine through.
  private mutating func evictExited(pid: UInt32) {
    if let process = unsafe lookup(pid: pid), unsafe process.pointee.gc_time != 0 { unsafe remove(process) }
  }

  private func inherit(_ process: UnsafeMutablePointer<quark_process>, fromPID parent: UInt32) {
    guard let parent = unsafe lookup(pid: parent) else { return }
    if let exe = unsafe parent.pointee.exe { unsafe Self.replace(&process.pointee.exe, with: .init(copying: exe)) }
    if let cmdline = unsafe parent.pointee.cmdline {
      let length = unsafe parent.pointee.cmdline_len
      unsafe Self.replace(&process.pointee.cmdline, with: .init(copying: cmdline, count: length - 1))
      unsafe process.pointee.cmdline_len = length
    }
  }

  private mutating func markExited(
    _ process: UnsafeMutablePointer<quark_process>, _ event: RawEvent, wallOffsetNS: UInt64, nowNS: UInt64
  ) {
    unsafe process.pointee.flags |= UInt64(QUARK_F_EXIT)
    unsafe process.pointee.exit_code = event.task.exit_code >> 8 & 0xff
    unsafe process.pointee.exit_signal = event.task.exit_code & 0x7f
    unsafe process.pointee.exit_time_event = event.timeNS &+ wallOffsetNS
    guard unsafe process.pointee.gc_time == 0 else { return }
    unsafe process.pointee.gc_time = UInt32(truncatingIfNeeded: max(nowNS / 1_000_000, 1))
    if let newest = unsafe newestExited {
      unsafe newest.pointee.gc_next = process
    } else {
      unsafe oldestExited = process
    }
    unsafe newestExited = process
  }

  private mutating func remove(_ process: UnsafeMutablePointer<quark_process>) {
    var previous: UnsafeMutablePointer<quark_process>?
    var next = unsafe oldestExited
    while let entry = unsafe next, unsafe entry != process {
      unsafe previous = entry
      unsafe next = entry.pointee.gc_next
    }
    if unsafe next != nil {
      if let previous = unsafe previous {
        unsafe previous.pointee.gc_next = process.pointee.gc_next
      } else {
        unsafe oldestExited = process.pointee.gc_next
      }
      if unsafe newestExited == process { unsafe newestExited = previous }
    }
    unsafe entries.remove(at: firstIndex(notBefore: process.pointee.pid))
    unsafe Self.destroy(process)
  }

  /// Replaces an owned string of a process.
  private static func replace(_ member: inout UnsafeMutablePointer<CChar>?, with bytes: OwnedBytes) {
    unsafe member?.deallocate()
    unsafe member = bytes.start
  }

  private static func destroy(_ process: UnsafeMutablePointer<quark_process>) {
    unsafe process.pointee.exe?.deallocate()
    unsafe process.pointee.cmdline?.deallocate()
    unsafe process.pointee.cwd?.deallocate()
    unsafe process.deallocate()
  }
}
