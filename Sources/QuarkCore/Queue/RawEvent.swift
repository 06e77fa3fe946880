public import CQuark

/// A decoded record of a backend that waits in the queue: the structure that aggregation callbacks see.
public typealias RawEvent = raw_event

/// The strings that a raw event may have.
public enum RawEventPart: Sendable {
  case exe, workingDirectory, controlGroup, script
  /// NUL-separated; a NUL replaces the last byte.
  case arguments, environment
}

extension UnsafeMutablePointer<raw_event> {
  typealias Link = UnsafeMutablePointer<raw_event_links>

  /// Safe: the structure begins with these links, and the links of the other tree follow.
  var byTime: Link { unsafe UnsafeMutableRawPointer(self).assumingMemoryBound(to: raw_event_links.self) }
  var byPIDTime: Link { unsafe byTime + 1 }

  init(byTime link: Link) { unsafe self = UnsafeMutableRawPointer(link).assumingMemoryBound(to: raw_event.self) }
  init(byPIDTime link: Link) { unsafe self.init(byTime: link - 1) }

  /// True if this one comes before a raw event of the given time that arrives now. Equal times keep the order of
  /// arrival: `sequence` is part of the key.
  func precedes(timeNS: UInt64, sequence: UInt64) -> Bool {
    unsafe pointee.time < timeNS || pointee.time == timeNS && pointee.sequence < sequence
  }

  func precedes(pid: UInt32, timeNS: UInt64, sequence: UInt64) -> Bool {
    unsafe pointee.pid < pid || pointee.pid == pid && precedes(timeNS: timeNS, sequence: sequence)
  }

  /// True if this one comes after a raw event that arrives now.
  @inline(__always)
  func isBehind(pid: UInt32, timeNS: UInt64) -> Bool {
    unsafe pointee.pid == pid ? pointee.time > timeNS : pointee.pid > pid
  }
}
