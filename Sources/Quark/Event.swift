public import CQuark

/// A copy of an event, and of what was known of its process then. It can be kept, and handed to other tasks; as long as
/// one event of an ``EventBatch`` is kept, so is the memory of all.
@safe public struct Event: EventProtocol, @unchecked Sendable {
  // Sendable: what it points to is never changed.
  @usableFromInline let owner: CopiedEvents
  @unsafe public let storage: UnsafePointer<quark_event>

  @inlinable init(_ owner: CopiedEvents, _ storage: UnsafePointer<quark_event>) {
    self.owner = owner
    unsafe self.storage = unsafe storage
  }

  /// A copy of an event that is lent.
  public init(copying view: EventView) {
    var copier = EventCopier()
    unsafe copier.append(view.storage)
    owner = copier.finish()
    unsafe storage = owner.events[0]
  }

  /// What was known of the process it is about. Nil: nothing was.
  @inlinable public var process: ProcessEntry? {
    guard let process = unsafe storage.pointee.process else { return nil }
    return unsafe ProcessEntry(owner, process)
  }
}

/// A copy of what was known of a process. It can be kept, and handed to other tasks.
@safe public struct ProcessEntry: ProcessProtocol, @unchecked Sendable {
  // Sendable: what it points to is never changed.
  @usableFromInline let owner: CopiedEvents
  @unsafe public let storage: UnsafePointer<quark_process>

  @inlinable init(_ owner: CopiedEvents, _ storage: UnsafePointer<quark_process>) {
    self.owner = owner
    unsafe self.storage = unsafe storage
  }

  /// A copy of what is known now.
  public init(copying view: ProcessView) {
    var copier = EventCopier()
    unsafe storage = copier.place(view.storage)
    owner = copier.finish()
  }
}

/// Copies of several events, in the order in which they happened.
public struct EventBatch: RandomAccessCollection, Sendable {
  @usableFromInline let owner: CopiedEvents
  /// Events that were dropped, for want of room, between those of the batch before and these.
  public internal(set) var dropped: UInt64

  init(_ owner: CopiedEvents) {
    self.owner = owner
    dropped = 0
  }

  @inlinable public var startIndex: Int { 0 }
  @inlinable public var endIndex: Int { unsafe owner.events.count }
  @inlinable public subscript(position: Int) -> Event { unsafe Event(owner, owner.events[position]) }

  /// Bytes of memory that the copies take.
  var byteCount: Int { owner.byteCount }
}
