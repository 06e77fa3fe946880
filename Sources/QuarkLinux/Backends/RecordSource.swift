public import QuarkCore

/// The source from which a queue reads records: a kernel, or a file. A queue uses only these methods.
public protocol RecordSource: ~Copyable {
  /// Properties that do not change while the source is open.
  var traits: SourceTraits { get }

  /// Which hook delivers each kind of record, one line each, with the hooks that were tried and failed.
  var description: String { get }

  /// The same, for who asks what is told of a field.
  var means: SourceMeans { get }

  /// What it gave for records, but could make no sense of itself.
  var malformed: UInt64 { get }

  /// Rings of this source whose content made no sense, once or more often.
  var stalls: UInt64 { get }

  /// True if nothing more will come.
  var isOver: Bool { get }

  /// The difference between times since the epoch and its times, nanoseconds.
  func wallOffsetNS() throws(Errno) -> UInt64

  /// The salt that makes entity ids of this boot differ from those of other boots.
  func bootSalt() throws(QuarkError) -> UInt64

  /// The time of its clock, nanoseconds since boot, with the time of suspend.
  func nowNS() throws(Errno) -> UInt64

  /// When the records that are consumed next are read: `nowNS`, unless they were read before.
  func readNS(nowNS: UInt64) -> UInt64

  /// Makes `epoll` readable when it is time to read records.
  mutating func watch(_ epoll: borrowing Epoll) throws(Errno)

  /// Lends up to `limit` records, each only for the duration of the call. Returns their number.
  mutating func consume(limit: Int, _ body: (RawSpan) -> Void) -> Int

  /// Records that were lost since the source was opened.
  mutating func lost() -> LossCounts
}

/// The properties of a source.
public struct SourceTraits: Sendable {
  /// The name that tools print.
  public let name: StaticString
  /// QQ_EBPF or QQ_KPROBE; 0 if it is neither.
  public let flag: CInt
  /// True if it reports on this machine while things happen: existing processes are in /proc, the clocks are those of
  /// the machine, and records come with time. Otherwise all records are from the past, and from any machine.
  public let isLive: Bool
  /// True if the reader is woken after some time, even if only a few records wait.
  public let wakesInTime: Bool

  init(name: StaticString, flag: CInt, isLive: Bool = true, wakesInTime: Bool = false) {
    self.name = name
    self.flag = flag
    self.isLive = isLive
    self.wakesInTime = wakesInTime
  }
}

/// The common part of sources that report on this machine.
extension RecordSource where Self: ~Copyable {
  public var malformed: UInt64 { 0 }
  public var stalls: UInt64 { 0 }
  public var isOver: Bool { false }
  public func wallOffsetNS() throws(Errno) -> UInt64 { try Clock.wallOffsetNS() }
  public func bootSalt() throws(QuarkError) -> UInt64 { try BootID.salt() }
  public func nowNS() throws(Errno) -> UInt64 { try Clock.bootNS() }
  public func readNS(nowNS: UInt64) -> UInt64 { nowNS }
}
