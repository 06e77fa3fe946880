public import CQuark

/// A view of an event inside the queue. It costs nothing, but cannot be kept. ``Event/init(copying:)`` makes a copy
/// that can be kept.
@safe public struct EventView: EventProtocol, ~Escapable {
  @unsafe public let storage: UnsafePointer<quark_event>

  /// All known processes, for look-ups of processes other than the event's.
  public let processes: ProcessTable

  /// - Parameter storage: Valid as long as `processes`.
  @_lifetime(copy processes)
  @unsafe @inlinable package init(_ storage: UnsafePointer<quark_event>, _ processes: ProcessTable) {
    unsafe self.storage = unsafe storage
    self.processes = processes
  }

  /// What is known of the event's process. Nil if nothing is known.
  @inlinable public var process: ProcessView? {
    @_lifetime(copy self) get {
      guard let process = unsafe storage.pointee.process else { return nil }
      let view = unsafe ProcessView(process)
      return unsafe _overrideLifetime(view, copying: self)
    }
  }
}
