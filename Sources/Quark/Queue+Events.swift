internal import CQuark

extension Queue {
  /// Passes the next event that is old enough to `body`, and returns the result of `body`, or nil when no event is
  /// ready. The event itself cannot leave `body`.
  ///
  /// When this returns nil, call ``block()``, or wait for ``epollDescriptor``.
  @inlinable public mutating func withNextEvent<Result: ~Copyable, Failure: Error>(
    _ body: (EventView) throws(Failure) -> Result
  ) throws(Failure) -> Result? {
    guard let event = unsafe nextEvent() else { return nil }
    return try body(unsafe EventView(event, processes))
  }

  /// Passes each event that is ready to `body`, until none is ready or `body` throws.
  @inlinable public mutating func forEachEvent<Failure: Error>(
    _ body: (EventView) throws(Failure) -> Void
  ) throws(Failure) {
    while let event = unsafe nextEvent() { try body(unsafe EventView(event, processes)) }
  }

  /// All known processes, also those that exited less than the grace time ago.
  public var processes: ProcessTable {
    @_lifetime(borrow self) get {
      let table = unsafe ProcessTable(parts)
      return unsafe _overrideLifetime(table, borrowing: self)
    }
  }
}
