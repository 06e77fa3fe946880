internal import CQuark
internal import QuarkCore
internal import QuarkLinux

/// The backend of a queue: one of those that are allowed, the best that this kernel has. In memory of its own, so that
/// its end is one call, and not written out wherever a queue ends.
@safe @usableFromInline struct Backend: ~Copyable {
  private let choice: UnsafeMutablePointer<BackendChoice>
  /// QQ_EBPF or QQ_KPROBE; 0 for a recording.
  let flag: CInt

  init(_ flags: CInt, _ settings: BackendSettings) throws(QuarkError) {
    self.init(try BackendChoice(flags, settings))
  }

  /// A recording, in place of what a kernel says.
  init(replaying path: String) throws(QuarkError) { self.init(try BackendChoice(replaying: path)) }

  private init(_ choice: consuming BackendChoice) {
    flag = choice.flag
    unsafe self.choice = .allocate(capacity: 1)
    unsafe self.choice.initialize(to: choice)
  }

  @inlinable deinit { destroy() }

  @usableFromInline @inline(never) func destroy() {
    unsafe choice.deinitialize(count: 1)
    unsafe choice.deallocate()
  }

  var fallbackReason: String { unsafe choice.pointee.fallbackReason }
  /// Whether the reader is woken after some time for what waits in a ring, however little that is.
  var wakesInTime: Bool { flag == QQ_EBPF }
  /// How things stand in a recording; nil: the kernel is the source.
  var replayState: ReplayBackend.State? { flag == 0 ? unsafe choice.pointee.replayState() : nil }
  /// Records that the backend itself could make no sense of.
  var malformed: UInt64 { unsafe choice.pointee.malformed }
  /// By which means of the kernel each kind of record is had.
  var description: String { unsafe choice.pointee.description }

  /// Becomes readable when it is time to read records.
  func watch(_ epoll: borrowing Epoll) throws(Errno) { unsafe try choice.pointee.watch(epoll) }

  /// Lends up to `limit` records, each only for the duration of the call. Returns how many.
  mutating func consume(limit: Int, _ body: (RawSpan) -> Void) -> Int {
    unsafe choice.pointee.consume(limit: limit, body)
  }

  /// Records that were missed.
  mutating func lost() -> LossCounts { unsafe choice.pointee.lost() }
}
