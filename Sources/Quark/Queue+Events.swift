internal import CQuark

extension Queue {
  /// Hands the next event that is old enough to `body`, or returns nil when none is ready. What `body` makes of it is
  /// returned; the event itself cannot leave it.
  ///
  /// What is ready now is all had when this returns nil: then ``block()``, or wait for ``epollDescriptor``.
  @inlinable public mutating func withNextEvent<Result: ~Copyable, Failure: Error>(
    _ body: (EventView) throws(Failure) -> Result
  ) throws(Failure) -> Result? {
    guard let event = unsafe nextEvent() else { return nil }
    return try body(unsafe EventView(event, processes))
  }

  /// Hands each event that is ready to `body`, until none is, or `body` throws.
  @inlinable public mutating func forEachEvent<Failure: Error>(
    _ body: (EventView) throws(Failure) -> Void
  ) throws(Failure) {
    while let event = unsafe nextEvent() { try body(unsafe EventView(event, processes)) }
  }

  /// All processes that are known, exited ones within the grace time included.
  public var processes: ProcessTable {
    @_lifetime(borrow self) get {
      let table = unsafe ProcessTable(parts)
      return unsafe _overrideLifetime(table, borrowing: self)
    }
  }
}
