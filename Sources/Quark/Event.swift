public import CQuark

/// A copy of an event, and of what was known of its process then. It can be kept, and handed to other tasks; as long as
/// one event of an ``EventBatch`` is kept, so is the memory of all.
@safe public struct Event: EventProtocol, @unchecked Sendable {
  // Sendable: what it points to is never changed.
  let owner: CopiedEvents
  @unsafe public let storage: UnsafePointer<quark_event>

  init(_ owner: CopiedEvents, _ storage: UnsafePointer<quark_event>) {
    self.owner = owner
    unsafe self.storage = unsafe storage
  }

  public init(copying view: EventView) {
    owner = CopiedEvents()
    unsafe owner.append(view.storage)
    unsafe storage = owner.events[0]
  }

  /// What was known of the process it is about. Nil: nothing was.
  public var process: ProcessEntry? {
    unsafe storage.pointee.process.map { unsafe ProcessEntry(owner, $0) }
  }
}

/// A copy of what was known of a process. It can be kept, and handed to other tasks.
@safe public struct ProcessEntry: ProcessProtocol, @unchecked Sendable {
  // Sendable: what it points to is never changed.
  private let owner: CopiedEvents
  @unsafe public let storage: UnsafePointer<quark_process>

  init(_ owner: CopiedEvents, _ storage: UnsafePointer<quark_process>) {
    self.owner = owner
    unsafe self.storage = unsafe storage
  }

  public init(copying view: ProcessView) {
    owner = CopiedEvents()
    unsafe storage = UnsafePointer(owner.place(copying: view.storage))
  }
}

/// Copies of several events, in the order in which they happened.
public struct EventBatch: RandomAccessCollection, Sendable {
  private let owner: CopiedEvents
  /// Events that were dropped, for want of room, between those of the batch before and these.
  public internal(set) var dropped: UInt64

  init(_ owner: CopiedEvents) {
    self.owner = owner
    dropped = 0
  }

  public var startIndex: Int { 0 }
  public var endIndex: Int { owner.count }
  public subscript(position: Int) -> Event { unsafe Event(owner, owner.events[position]) }

  /// Bytes of memory that the copies take.
  var byteCount: Int { owner.byteCount }
}
