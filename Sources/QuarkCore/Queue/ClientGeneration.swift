package import CQuark

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
    guard let client = unsafe cquark_client(api) else { return nil }
    self.api = api
    eventSize = Int(unsafe client.pointee.event_size)
    eventTailOffset = cquark_event_tail_offset(api)
  }

  /// Times of events and processes are since the epoch.
  public static var seven: ClientGeneration { ClientGeneration(api: 7)! }

  /// Times of events and processes are as the records have them, since boot, and not since the epoch.
  public var hasBootTimes: Bool { api >= 9 }
}
