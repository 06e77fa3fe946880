public import CQuark

/// A copy of what was known of a process. It can be kept, and passed to other tasks.
@safe public struct ProcessEntry: ProcessProtocol, @unchecked Sendable {
  // Sendable: what it points to does not change.
  @usableFromInline let owner: CopiedEvents
  @unsafe public let storage: UnsafePointer<quark_process>

  @inlinable init(_ owner: CopiedEvents, _ storage: UnsafePointer<quark_process>) {
    self.owner = owner
    unsafe self.storage = unsafe storage
  }

  /// Copies what is known now.
  public init(copying view: ProcessView) {
    var copier = EventCopier()
    unsafe storage = copier.copy(view.storage)
    owner = CopiedEvents(in: copier.finish())
  }
}
