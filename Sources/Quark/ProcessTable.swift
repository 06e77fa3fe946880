internal import CQuark

/// A view of the processes that a queue knows. It cannot be kept.
@safe public struct ProcessTable: ~Escapable {
  private let parts: UnsafeMutablePointer<Queue.Parts>

  @_lifetime(immortal)
  init(_ parts: UnsafeMutablePointer<Queue.Parts>) { unsafe self.parts = unsafe parts }

  /// A process by its pid. Nil if it is not known.
  public subscript(pid: UInt32) -> ProcessView? {
    @_lifetime(copy self) get {
      // Safe: entries stay as long as the queue is not changed, and the lender of this table does not change it.
      guard let process = unsafe parts.pointee.pipeline.processes.lookup(pid: pid) else { return nil }
      let view = unsafe ProcessView(process)
      return unsafe _overrideLifetime(view, copying: self)
    }
  }

  /// Calls `body` for each process, in ascending order of pids.
  public func forEach<Failure: Error>(_ body: (ProcessView) throws(Failure) -> Void) throws(Failure) {
    var pid: UInt32 = 0
    while let process = unsafe parts.pointee.pipeline.processes.first(notBelow: pid) {
      try body(unsafe ProcessView(process))
      guard unsafe process.pointee.pid < .max else { return }
      pid = unsafe process.pointee.pid + 1
    }
  }

  /// Copies of all processes, in ascending order of pids.
  public func copies() -> [ProcessEntry] {
    var entries: [ProcessEntry] = []
    forEach { entries.append(ProcessEntry(copying: $0)) }
    return entries
  }
}
