public import CQuark

/// One record of a backend, decoded and waiting in the queue: the structure that aggregation callbacks see.
public typealias RawEvent = raw_event

/// The strings a raw event may carry.
public enum RawEventPart: Sendable {
  case exe, workingDirectory, controlGroup, script
  /// NUL-separated, and the last byte gives way to a NUL.
  case arguments, environment
}

extension UnsafeMutablePointer<raw_event> {
  typealias Link = UnsafeMutablePointer<raw_event_links>

  /// Safe: the structure begins with these links, and those of the other tree follow.
  var byTime: Link { unsafe UnsafeMutableRawPointer(self).assumingMemoryBound(to: raw_event_links.self) }
  var byPIDTime: Link { unsafe byTime + 1 }

  init(byTime link: Link) { unsafe self = UnsafeMutableRawPointer(link).assumingMemoryBound(to: raw_event.self) }
  init(byPIDTime link: Link) { unsafe self.init(byTime: link - 1) }

  /// Does this one arrive in the queue's order before an event of this time that comes in now? Equal times keep the
  /// order of arrival: `sequence` is part of the key.
  func precedes(timeNS: UInt64, sequence: UInt64) -> Bool {
    unsafe pointee.time < timeNS || pointee.time == timeNS && pointee.sequence < sequence
  }

  func precedes(pid: UInt32, timeNS: UInt64, sequence: UInt64) -> Bool {
    unsafe pointee.pid < pid || pointee.pid == pid && precedes(timeNS: timeNS, sequence: sequence)
  }

  /// Does this one come after an event that arrives only now?
  @inline(__always)
  func isBehind(pid: UInt32, timeNS: UInt64) -> Bool {
    unsafe pointee.pid == pid ? pointee.time > timeNS : pointee.pid > pid
  }
}
