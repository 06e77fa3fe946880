public import CQuark

/// A process where it is, in the queue: it costs nothing to have, and cannot be kept. ``ProcessEntry/init(copying:)``
/// makes a copy that can.
@safe public struct ProcessView: ProcessProtocol, ~Escapable {
  @unsafe public let storage: UnsafePointer<quark_process>

  /// - Parameter storage: Valid for as long as whoever is lent this is.
  @_lifetime(immortal)
  @unsafe @inlinable package init(_ storage: UnsafePointer<quark_process>) { unsafe self.storage = unsafe storage }
}
