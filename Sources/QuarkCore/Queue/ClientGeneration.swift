internal import CQuark

/// What a program's times and structures are like: as the generation of quark.h that it was compiled with has them.
/// This package's own programs are of the first one.
public struct ClientGeneration: Sendable {
  /// QUARK_API.
  public let api: UInt32
  /// Bytes of an event.
  let eventSize: Int
  /// Where in an event that part is, in bytes, which each generation has elsewhere.
  let eventTailOffset: Int

  /// Nil: there is none of this number.
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
    // An event ends with its tail, here as there, which CQuark holds to.
    return unsafe ClientGeneration(
      api: 7, eventSize: size, eventTailOffset: size - MemoryLayout<cquark_event_tail>.size)
  }

  /// They are since boot.
  public static var nine: ClientGeneration {
    ClientGeneration(api: 9, eventSize: Int(CQUARK_EVENT_SIZE_9), eventTailOffset: Int(CQUARK_EVENT_TAIL_9))
  }

  /// Times of events and processes are as the records have them, since boot, and not since the epoch.
  public var hasBootTimes: Bool { api >= 9 }
}
