public import CWire

/// Reads a recording (recording.h) frame by frame. The bytes are given anew with each call, always the same; they are
/// not trusted: nothing is read outside of them, and nothing traps.
public struct RecordingCursor: Sendable {
  /// Why bytes are no recording that can be read here.
  public enum Refusal: Error, Equatable, Sendable {
    case notARecording, otherByteOrder, otherVersion, otherRecordLayout
  }

  public enum Frame: Equatable, Sendable {
    /// Where the record's bytes are. They may be anything.
    case record(Range<Int>)
    /// The records that follow were read at this time since boot; so many had been lost until then.
    case mark(nowNS: UInt64, lost: UInt64)
  }

  /// How a recording ends. All frames before that are good.
  public enum Ending: Equatable, Sendable {
    /// As it should, at that time since boot.
    case closed(nowNS: UInt64, lost: UInt64)
    /// In the middle of a frame, or without an end frame. `offset` is that of the frame that is missing.
    case truncated(offset: Int)
    /// With a frame that is none.
    case damaged(offset: Int)
  }

  public let header: recording_header
  /// Once `next` returned nil.
  public private(set) var ending: Ending?
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
    guard header.version == UInt16(RECORDING_VERSION.rawValue) else { throw .otherVersion }
    guard Int(header.record_size) == MemoryLayout<wire_record>.size else { throw .otherRecordLayout }
    guard Int(header.header_size) >= Self.leastHeaderSize, header.header_size % 8 == 0 else {
      throw .notARecording
    }
    if Int(header.header_size) < MemoryLayout<recording_header>.size { header.boot_salt = 0 }
    self.header = header
    offset = Int(header.header_size)
  }

  /// The next frame; nil at the end, whatever that is.
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
    // What is missing may be nothing but padding: such a frame is whole.
    guard bytes.byteCount - start >= Int(frame.size) else { return end(.truncated(offset: offset)) }
    let content = start..<start + Int(frame.size)
    switch recording_kind(frame.kind) {
    case RECORDING_RECORD:
      records += 1
      offset = Self.padded(content.upperBound)
      return .record(content)
    case RECORDING_MARK:
      // Safe: as above; the size was checked.
      let mark = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: start, as: recording_mark.self)
      offset = content.upperBound
      return .mark(nowNS: mark.now_boot_ns, lost: mark.lost)
    default:
      // Safe: as above.
      let last = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: start, as: recording_end.self)
      guard last.records == records, content.upperBound == bytes.byteCount else {
        return end(.damaged(offset: offset))
      }
      return end(.closed(nowNS: last.mark.now_boot_ns, lost: last.mark.lost))
    }
  }

  private mutating func end(_ ending: Ending) -> Frame? {
    self.ending = ending
    return nil
  }

  private static func isPlausible(_ frame: recording_frame) -> Bool {
    switch recording_kind(frame.kind) {
    case RECORDING_RECORD: frame.size <= UInt32(RECORDING_RECORD_MAX.rawValue)
    case RECORDING_MARK: Int(frame.size) == MemoryLayout<recording_mark>.size
    case RECORDING_END: Int(frame.size) == MemoryLayout<recording_end>.size
    default: false
    }
  }

  /// Of the first recordings there were, whose header ends with the release.
  private static var leastHeaderSize: Int { 112 }

  private static func padded(_ size: Int) -> Int { (size + 7) & ~7 }

  private static func hasMagic(_ bytes: RawSpan) -> Bool {
    let magic: StaticString = "QUARKREC"
    for index in 0..<magic.utf8CodeUnitCount {
      // Safe: a header's bytes are there, and UInt8 is valid for any bits.
      guard unsafe bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self) == magic.utf8Start[index] else {
        return false
      }
    }
    return true
  }
}
