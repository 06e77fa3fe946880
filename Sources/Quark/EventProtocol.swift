public import CQuark
internal import QuarkCore

/// What an event tells: of a view that is valid for a moment, ``EventView``, as of a copy that stays, ``Event``.
public protocol EventProtocol: ~Escapable {
  /// The event as C has it, valid for as long as this value is.
  @unsafe var storage: UnsafePointer<quark_event> { get }
}

extension EventProtocol where Self: ~Escapable {
  /// What happened: one thing, or several of one process that were joined.
  @inlinable public var kinds: EventKinds { unsafe EventKinds(rawValue: storage.pointee.events) }

  /// When the oldest part of it happened, nanoseconds since the epoch.
  @inlinable public var timeNS: UInt64 { unsafe storage.pointee.time }

  /// Of an event that is an ``EventKinds/idChange``; else empty.
  @inlinable public var idChanges: IDChanges { unsafe IDChanges(rawValue: storage.pointee.id_change) }

  /// All of it, in lines, as quark-mon(8) prints it.
  public var text: String {
    var text = ByteBuffer()
    _ = unsafe EventText.append(storage.pointee, to: &text)
    return String(decoding: text.bytes, as: UTF8.self)
  }
}
