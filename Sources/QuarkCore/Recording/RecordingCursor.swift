public import CWire

/// Reads a recording (recording.h) frame by frame. The caller passes the same bytes with each call. They are not
/// trusted: nothing is read outside of them, and nothing traps.
public struct RecordingCursor: Sendable {
  /// Why bytes are not a recording that can be read here.
  public enum Refusal: Error, Equatable, Sendable {
    case notARecording, otherByteOrder, otherVersion, otherRecordLayout
  }

  public enum Frame: Equatable, Sendable {
    /// The range of the record's bytes. They may be anything, and may have an older layout: `RecordUpgrade`.
    case record(Range<Int>)
    /// The records that follow were read at this time since boot; `lost` records had been lost until then.
    case mark(nowNS: UInt64, lost: UInt64)
  }

  /// How a recording ends. All frames before the end are good.
  public enum Ending: Equatable, Sendable {
    /// It was closed at this time since boot.
    case closed(nowNS: UInt64, lost: UInt64)
    /// It ends in the middle of a frame, or without an end frame. `offset` is the offset of the missing frame.
    case truncated(offset: Int)
    /// It ends at an invalid frame.
    case damaged(offset: Int)
  }

  public let header: recording_header
  /// How the recording ends; set once `next` has returned nil.
  public private(set) var ending: Ending?
  /// The lost records in the last mark, or in the end frame.
  public private(set) var lost = LossCounts()
  /// Record frames read so far.
  public private(set) var records: UInt64 = 0
  private var offset: Int

  public init(_ bytes: RawSpan) throws(Refusal) {
    guard bytes.byteCount >= Self.leastHeaderSize, Self.hasMagic(bytes) else { throw .notARecording }
    var header = recording_header()
    // Safe: recording_header is plain integers, valid for any bytes, and no more than both have are copied.
    unsafe withUnsafeMutableBytes(of: &header) { header in
      unsafe bytes.withUnsafeBytes { unsafe header.copyMemory(from: .init(rebasing: $0.prefix(header.count))) }
    }
    guard header.byte_order == UInt32(RECORDING_BYTE_ORDER.rawValue) else { throw .otherByteOrder }
    guard let recordSize = Self.recordSize(version: header.version) else { throw .otherVersion }
    guard Int(header.record_size) == recordSize else { throw .otherRecordLayout }
    guard Int(header.header_size) >= Self.leastHeaderSize, header.header_size % 8 == 0 else {
      throw .notARecording
    }
    if Int(header.header_size) < MemoryLayout<recording_header>.size { header.boot_salt = 0 }
    self.header = header
    offset = Int(header.header_size)
  }

  /// The next frame; nil at the end, also at a wrong end.
  public mutating func next(_ bytes: RawSpan) -> Frame? {
    guard ending == nil else { return nil }
    let frameSize = MemoryLayout<recording_frame>.size
    guard offset <= bytes.byteCount, bytes.byteCount - offset >= frameSize else {
      return end(.truncated(offset: offset))
    }
    // Safe: as above, and the span holds that many bytes from `offset`.
    let frame = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: recording_frame.self)
    guard Self.isPlausible(frame) else { return end(.damaged(offset: offset)) }
    let start = offset + frameSize
    // If only padding is missing, the frame is complete.
    guard bytes.byteCount - start >= Int(frame.size) else { return end(.truncated(offset: offset)) }
    let content = start..<start + Int(frame.size)
    switch recording_kind(frame.kind) {
    case RECORDING_RECORD:
      records += 1
      offset = Self.padded(content.upperBound)
      return .record(content)
    case RECORDING_MARK:
      offset = content.upperBound
      lost = losses(bytes.extracting(content), families: Self.leastMarkSize)
      return .mark(nowNS: Self.number(bytes, at: start), lost: lost.total)
    default:
      guard Self.number(bytes, at: start + 16) == records, content.upperBound == bytes.byteCount else {
        return end(.damaged(offset: offset))
      }
      lost = losses(bytes.extracting(content), families: Self.leastEndSize)
      return end(.closed(nowNS: Self.number(bytes, at: start), lost: lost.total))
    }
  }

  private mutating func end(_ ending: Ending) -> Frame? {
    self.ending = ending
    return nil
  }

  private static func isPlausible(_ frame: recording_frame) -> Bool {
    switch recording_kind(frame.kind) {
    case RECORDING_RECORD: frame.size <= UInt32(RECORDING_RECORD_MAX.rawValue)
    case RECORDING_MARK: hasFamilies(Int(frame.size), behind: leastMarkSize)
    case RECORDING_END: hasFamilies(Int(frame.size), behind: leastEndSize)
    default: false
    }
  }

  /// Bytes of a mark, and of an end, without families.
  private static var leastMarkSize: Int { MemoryLayout<recording_mark>.size - 8 * LossCounts.familyCount }
  private static var leastEndSize: Int { MemoryLayout<recording_end>.size - 8 * LossCounts.familyCount }

  /// True if the rest can be counts of families; there may be more families than are known here.
  private static func hasFamilies(_ size: Int, behind least: Int) -> Bool {
    size >= least && (size - least) % 8 == 0 && size <= 1024
  }

  /// `families`: the offset in `content` of the counts of families.
  @inline(never)
  private func losses(_ content: RawSpan, families: Int) -> LossCounts {
    var lost = LossCounts(total: Self.number(content, at: 8))
    // Version 1 had no other families.
    if header.version == 1 { lost[WIRE_FAMILY_PROCESS] = lost.total }
    for family in 0..<min(LossCounts.familyCount, (content.byteCount - families) / 8) {
      lost[family] = Self.number(content, at: families + 8 * family)
    }
    return lost
  }

  private static func number(_ bytes: RawSpan, at offset: Int) -> UInt64 {
    // Safe: unsafeLoadUnaligned is bounds-checked; UInt64 is valid for any bits.
    unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
  }

  /// Bytes of a record without its fields (version 1), or without its body and fields; nil if there is no such version.
  private static func recordSize(version: UInt16) -> Int? {
    switch version {
    case 1: RecordUpgrade.oldSize
    case UInt16(RECORDING_VERSION.rawValue): MemoryLayout<wire_record>.size
    default: nil
    }
  }

  /// Bytes of the header of the first recordings, which ends with the release.
  private static var leastHeaderSize: Int { 112 }

  private static func padded(_ size: Int) -> Int { (size + 7) & ~7 }

  private static func hasMagic(_ bytes: RawSpan) -> Bool {
    let magic: StaticString = "QUARKREC"
    for index in 0..<magic.utf8CodeUnitCount {
      // Safe: there are enough bytes for a header, and UInt8 is valid for any bits.
      guard unsafe bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self) == magic.utf8Start[index] else {
        return false
      }
    }
    return true
  }
}
