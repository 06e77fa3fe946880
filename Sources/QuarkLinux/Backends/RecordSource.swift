public import QuarkCore

/// What a queue reads records from: a kernel, or a file. A queue knows no more of it than this.
public protocol RecordSource: ~Copyable {
  /// What does not change while it is open.
  var traits: SourceTraits { get }

  /// By which means each kind of record is told, a line each, with what was tried in vain.
  var description: String { get }

  /// The same, for who asks what is told of a field.
  var means: SourceMeans { get }

  /// What it gave for records, but could make no sense of itself.
  var malformed: UInt64 { get }

  /// Rings of its that made no sense, once or more often.
  var stalls: UInt64 { get }

  /// Nothing more will come.
  var isOver: Bool { get }

  /// What to add to its times to get times since the epoch, nanoseconds.
  func wallOffsetNS() throws(Errno) -> UInt64

  /// What keeps the ids of entities apart from those of other boots.
  func bootSalt() throws(QuarkError) -> UInt64

  /// What its clock says, nanoseconds since boot, suspend included.
  func nowNS() throws(Errno) -> UInt64

  /// When what is consumed next was read, or is: `nowNS`, unless it was read before.
  func readNS(nowNS: UInt64) -> UInt64

  /// Makes `epoll` readable when it is time to read records.
  mutating func watch(_ epoll: borrowing Epoll) throws(Errno)

  /// Lends up to `limit` records, each only for the duration of the call. Returns how many.
  mutating func consume(limit: Int, _ body: (RawSpan) -> Void) -> Int

  /// Records that were missed since it was opened.
  mutating func lost() -> LossCounts
}

/// What a source is.
public struct SourceTraits: Sendable {
  /// As tools print it.
  public let name: StaticString
  /// QQ_EBPF or QQ_KPROBE; 0: it is none of these.
  public let flag: CInt
  /// It tells of this machine while things happen: who is there is found in /proc, the clocks are those of the machine,
  /// and records come with time. Otherwise all that it tells is past, and of any machine.
  public let isLive: Bool
  /// The reader is woken after some time for what waits, however little that is.
  public let wakesInTime: Bool

  init(name: StaticString, flag: CInt, isLive: Bool = true, wakesInTime: Bool = false) {
    self.name = name
    self.flag = flag
    self.isLive = isLive
    self.wakesInTime = wakesInTime
  }
}

/// What those have in common that tell of this machine.
extension RecordSource where Self: ~Copyable {
  public var malformed: UInt64 { 0 }
  public var stalls: UInt64 { 0 }
  public var isOver: Bool { false }
  public func wallOffsetNS() throws(Errno) -> UInt64 { try Clock.wallOffsetNS() }
  public func bootSalt() throws(QuarkError) -> UInt64 { try BootID.salt() }
  public func nowNS() throws(Errno) -> UInt64 { try Clock.bootNS() }
  public func readNS(nowNS: UInt64) -> UInt64 { nowNS }
}
