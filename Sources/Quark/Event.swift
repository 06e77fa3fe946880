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
    unsafe storage = copier.copy(view.storage)
    owner = CopiedEvents(in: copier.finish())
  }

  /// What was known of the process it is about. Nil: nothing was.
  @inlinable public var process: ProcessEntry? {
    guard let process = unsafe storage.pointee.process else { return nil }
    return unsafe ProcessEntry(owner, process)
  }
}
