public import CQuark

/// An event where it is, in the queue: it costs nothing to have, and cannot be kept. ``Event/init(copying:)`` makes a
/// copy that can.
@safe public struct EventView: EventProtocol, ~Escapable {
  @unsafe public let storage: UnsafePointer<quark_event>

  /// The processes that are known, for looking up others than the event's.
  public let processes: ProcessTable

  /// - Parameter storage: Valid for as long as `processes` is.
  @_lifetime(copy processes)
  @unsafe @inlinable package init(_ storage: UnsafePointer<quark_event>, _ processes: ProcessTable) {
    unsafe self.storage = unsafe storage
    self.processes = processes
  }

  /// What is known of the process it is about. Nil: nothing is.
  @inlinable public var process: ProcessView? {
    @_lifetime(copy self) get {
      guard let process = unsafe storage.pointee.process else { return nil }
      let view = unsafe ProcessView(process)
      return unsafe _overrideLifetime(view, copying: self)
    }
  }
}
