internal import CQuark

/// The generation of quark.h with which a program was compiled. It determines the times and structures of the program.
/// The programs of this package use the first one.
public struct ClientGeneration: Sendable {
  /// QUARK_API.
  public let api: UInt32
  /// Bytes of an event.
  let eventSize: Int
  /// The offset in bytes of the part of an event that differs between generations.
  let eventTailOffset: Int

  /// Nil if there is no such generation.
  public init?(api: UInt32) {
    switch api {
    case 7: self = .seven
    case 9: self = .nine
    default: return nil
    }
  }

  private init(api: UInt32, eventSize: Int, eventTailOffset: Int) {
    self.api = api
    self.eventSize = eventSize
    self.eventTailOffset = eventTailOffset
  }

  /// Times of events and processes are since the epoch.
  public static var seven: ClientGeneration {
    let size = unsafe MemoryLayout<quark_event>.size
    // An event ends with its tail in both generations, which CQuark checks.
    return unsafe ClientGeneration(
      api: 7, eventSize: size, eventTailOffset: size - MemoryLayout<cquark_event_tail>.size)
  }

  /// Times of events and processes are since boot.
  public static var nine: ClientGeneration {
    ClientGeneration(api: 9, eventSize: Int(CQUARK_EVENT_SIZE_9), eventTailOffset: Int(CQUARK_EVENT_TAIL_9))
  }

  /// True if times of events and processes are since boot, like those of records, and not since the epoch.
  public var hasBootTimes: Bool { api >= 9 }
}
