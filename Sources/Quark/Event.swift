public import CQuark

/// A copy of an event, and of what was known of its process at that time. It can be kept, and passed to other tasks. As
/// long as one event of an ``EventBatch`` is kept, the memory of the whole batch is kept.
@safe public struct Event: EventProtocol, @unchecked Sendable {
  // Sendable: what it points to does not change.
  @usableFromInline let owner: CopiedEvents
  @unsafe public let storage: UnsafePointer<quark_event>

  @inlinable init(_ owner: CopiedEvents, _ storage: UnsafePointer<quark_event>) {
    self.owner = owner
    unsafe self.storage = unsafe storage
  }

  /// Copies an event that a queue lends.
  public init(copying view: EventView) {
    var copier = EventCopier()
    unsafe storage = copier.copy(view.storage)
    owner = CopiedEvents(in: copier.finish())
  }

  /// What was known of the event's process. Nil if nothing was known.
  @inlinable public var process: ProcessEntry? {
    guard let process = unsafe storage.pointee.process else { return nil }
    return unsafe ProcessEntry(owner, process)
  }
}
