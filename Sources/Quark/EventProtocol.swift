public import CQuark
internal import QuarkCore

/// The members of an event. ``EventView`` is valid only inside a closure; ``Event`` is a copy that can be kept.
public protocol EventProtocol: ~Escapable {
  /// The event as a C structure, valid as long as this value.
  @unsafe var storage: UnsafePointer<quark_event> { get }
}

extension EventProtocol where Self: ~Escapable {
  /// What happened: one thing, or several things of one process that were joined.
  @inlinable public var kinds: EventKinds { unsafe EventKinds(rawValue: storage.pointee.events) }

  /// The time of its oldest raw event, nanoseconds since the epoch.
  @inlinable public var timeNS: UInt64 { unsafe storage.pointee.time }

  /// Which ids changed, if the event is an ``EventKinds/idChange``; otherwise empty.
  @inlinable public var idChanges: IDChanges { unsafe IDChanges(rawValue: storage.pointee.id_change) }

  /// The whole event as lines of text, as quark-mon(8) prints it.
  public var text: String {
    var text = ByteBuffer()
    _ = unsafe EventText.append(storage.pointee, to: &text)
    return String(decoding: text.bytes, as: UTF8.self)
  }
}
