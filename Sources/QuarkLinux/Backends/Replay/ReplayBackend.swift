internal import CLinux
internal import CWire
public import QuarkCore

/// Plays a recording as if its records came from a ring. The file is read once, at the beginning, and is not trusted;
/// later changes of it do not matter. Two clocks can drive it. With the recorded clock, `consume(limit:)` lends records
/// that were read together, and `nowNS` is the time when they were read. With any other clock,
/// `consume(limit:untilNS:)` lends records up to a time.
@safe public struct ReplayBackend: RecordSource, ~Copyable {
  /// Bytes of the largest file accepted.
  public static var maxFileSize: Int { 1 << 30 }

  private let bytes: UnsafeMutableRawPointer
  private let count: Int
  private let event: FileDescriptor
  private var cursor: RecordingCursor
  private var upgrade: RecordUpgrade
  /// The next record, and the mark before it.
  private var head: Range<Int>?
  private var headMark: Mark
  private var current: Mark

  private struct Mark {
    var batch = 0
    var nowNS: UInt64
    var lost = LossCounts()
  }

  /// Like `init(path:)`, for a stored property.
  public static func open(_ path: String) throws(QuarkError) -> ReplayBackend { try ReplayBackend(path: path) }

  public init(path: String) throws(QuarkError) {
    let event = try QuarkError.attempting("create an eventfd") { () throws(Errno) in
      FileDescriptor(owning: try Errno.check(eventfd(1, CInt(EFD_CLOEXEC | EFD_NONBLOCK))))
    }
    let loaded: (bytes: UnsafeMutableRawPointer, count: Int)
    do throws(Errno) {
      unsafe loaded = try Self.load(path)
    } catch {
      throw QuarkError("read the recording", on: path, error)
    }
    let cursor: RecordingCursor
    do throws(RecordingCursor.Refusal) {
      // Safe: this many bytes were read.
      cursor = try unsafe RecordingCursor(RawSpan(_unsafeStart: loaded.bytes, byteCount: loaded.count))
    } catch {
      unsafe loaded.bytes.deallocate()
      throw QuarkError("read the recording", on: path, Errno(EINVAL), detail: Self.words(error))
    }
    unsafe bytes = loaded.bytes
    unsafe count = loaded.count
    self.event = event
    self.cursor = cursor
    upgrade = RecordUpgrade(version: cursor.header.version)
    current = Mark(nowNS: cursor.header.start_boot_ns)
    headMark = current
    lookAhead()
  }

  @inlinable deinit { destroy() }

  @usableFromInline func destroy() { unsafe bytes.deallocate() }

  public var traits: SourceTraits { SourceTraits(name: "replay", flag: 0, isLive: false) }
  public var description: String { "a recording\n" }

  public var means: SourceMeans {
    // Safe: the bytes live as long as this does.
    unsafe RecordedMeans(RawSpan(_unsafeStart: bytes, byteCount: count)).means
  }

  /// Readable as long as records wait.
  public var readable: CInt { event.rawValue }

  public mutating func watch(_ epoll: borrowing Epoll) throws(Errno) { try epoll.add(readable: readable) }

  /// The recorded clock, nanoseconds since boot: when the last lent records were read, and at the end when the
  /// recording was closed. It never goes back from one mark to the next, even if the file says so.
  public func nowNS() -> UInt64 { current.nowNS }

  /// The same for the records that come next.
  public func readNS(nowNS: UInt64) -> UInt64 { headMark.nowNS }

  /// The time stamp in the bytes of the next record, nanoseconds since boot; 0 if the record is too short to have one.
  /// Nil if no record is left.
  public var headTimeNS: UInt64? { head.map { timeNS($0) } }

  /// How the recording ends, once its last record was lent.
  public var ending: RecordingCursor.Ending? { head == nil ? cursor.ending : nil }

  /// True if no record is left.
  public var isOver: Bool { ending != nil }

  /// The difference between times since the epoch and times since boot, at the beginning of the recording.
  public func wallOffsetNS() -> UInt64 { cursor.header.wall_offset_ns }

  /// The salt of the recorded boot.
  public func bootSalt() -> UInt64 { cursor.header.boot_salt }

  /// Lends up to `limit` records that were read together, each only for the duration of the call. Returns their number;
  /// 0 when no record is left.
  public mutating func consume(limit: Int, _ body: (RawSpan) -> Void) -> Int {
    guard head != nil, limit > 0 else { return 0 }
    current = headMark
    var consumed = 0
    while consumed < limit, let range = head, headMark.batch == current.batch {
      lend(range, body)
      consumed += 1
    }
    finish()
    return consumed
  }

  /// Lends up to `limit` records, until the first one with a time stamp later than `timeNS` since boot.
  public mutating func consume(limit: Int, untilNS timeNS: UInt64, _ body: (RawSpan) -> Void) -> Int {
    var consumed = 0
    while consumed < limit, let range = head, self.timeNS(range) <= timeNS {
      current = headMark
      lend(range, body)
      consumed += 1
    }
    finish()
    return consumed
  }

  /// Records the recorded backend had lost by `nowNS`.
  public func lost() -> LossCounts { current.lost }

  // MARK: -

  private mutating func lend(_ range: Range<Int>, _ body: (RawSpan) -> Void) {
    // Safe: the cursor's ranges are within the bytes, which do not change.
    unsafe upgrade.lend(RawSpan(_unsafeStart: bytes + range.lowerBound, byteCount: range.count), body)
    lookAhead()
  }

  private mutating func lookAhead() {
    // Safe: the bytes live as long as this value.
    let span = unsafe RawSpan(_unsafeStart: bytes, byteCount: count)
    head = nil
    while let frame = cursor.next(span) {
      switch frame {
      case .mark(let nowNS, _):
        headMark = Mark(batch: headMark.batch + 1, nowNS: latest(nowNS), lost: cursor.lost)
      case .record(let range):
        head = range
        return
      }
    }
    var value: UInt64 = 0
    // Safe: reading an eventfd returns eight bytes, and then it is not readable.
    _ = unsafe read(event.rawValue, &value, 8)
  }

  private mutating func finish() {
    guard head == nil, case .closed(let nowNS, _) = cursor.ending else { return }
    (current.nowNS, current.lost) = (latest(nowNS), cursor.lost)
  }

  /// Time does not go back from one mark to the next.
  private func latest(_ nowNS: UInt64) -> UInt64 { headMark.batch == 0 ? nowNS : max(headMark.nowNS, nowNS) }

  private func timeNS(_ range: Range<Int>) -> UInt64 {
    guard range.count >= 8 else { return 0 }
    // Safe: wire_record begins with its time, and there are enough bytes.
    return unsafe (bytes + range.lowerBound).loadUnaligned(as: UInt64.self)
  }

  private static func words(_ refusal: RecordingCursor.Refusal) -> String {
    switch refusal {
    case .notARecording: "this file is no recording"
    case .otherByteOrder: "it is of a machine with the other byte order"
    case .otherVersion: "it has another version than the one this program reads"
    case .otherRecordLayout: "its records have another layout than the one this program reads"
    }
  }

  private static func load(_ path: String) throws(Errno) -> (UnsafeMutableRawPointer, Int) {
    let descriptor = FileDescriptor(owning: try unsafe Errno.check(
      clinux_open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0)))
    var information = stat()
    try Errno.check(unsafe fstat(descriptor.rawValue, &information))
    guard information.st_mode & mode_t(S_IFMT) == mode_t(S_IFREG) else { throw Errno(EINVAL) }
    guard information.st_size >= 0, information.st_size <= maxFileSize else { throw Errno(EFBIG) }
    let size = Int(information.st_size)
    let bytes = UnsafeMutableRawPointer.allocate(byteCount: max(8, size), alignment: 8)
    var filled = 0
    while filled < size {
      // Safe: there is room for `size - filled` bytes.
      let length = unsafe read(descriptor.rawValue, bytes + filled, size - filled)
      if length == 0 { break }
      if length > 0 {
        filled += length
      } else if Errno.current.rawValue != EINTR {
        let error = Errno.current
        unsafe bytes.deallocate()
        throw error
      }
    }
    return unsafe (bytes, filled)
  }
}
