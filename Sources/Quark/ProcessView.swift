public import CQuark

/// A view of a process inside the queue. It costs nothing, but cannot be kept. ``ProcessEntry/init(copying:)`` makes a
/// copy that can be kept.
@safe public struct ProcessView: ProcessProtocol, ~Escapable {
  @unsafe public let storage: UnsafePointer<quark_process>

  /// - Parameter storage: Must be valid as long as the code that gets this view uses it.
  @_lifetime(immortal)
  @unsafe @inlinable package init(_ storage: UnsafePointer<quark_process>) { unsafe self.storage = unsafe storage }
}
