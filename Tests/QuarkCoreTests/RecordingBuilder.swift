import CWire
import QuarkCore

/// Builds the bytes of a recording, with the header of the first recordings, which ends with the release.
struct RecordingBuilder {
  var header = recording_header()
  private(set) var frames: [UInt8] = []
  private(set) var records: UInt64 = 0

  init() {
    header.magic = (0x51, 0x55, 0x41, 0x52, 0x4b, 0x52, 0x45, 0x43)
    header.byte_order = UInt32(RECORDING_BYTE_ORDER.rawValue)
    header.version = UInt16(RECORDING_VERSION.rawValue)
    header.header_size = 112
    header.record_size = UInt16(MemoryLayout<wire_record>.size)
    header.start_boot_ns = 5
  }

  mutating func mark(nowNS: UInt64, lost: LossCounts = LossCounts()) {
    let mark = recording_mark(now_boot_ns: nowNS, lost: lost.total, lost_by_family: lost.counts)
    frame(RECORDING_MARK.rawValue, unsafe withUnsafeBytes(of: mark) { unsafe Array($0) })
  }

  /// A mark of version 1, or of a writer that knew fewer families.
  mutating func markWithoutFamilies(nowNS: UInt64, lost: UInt64) {
    frame(RECORDING_MARK.rawValue, unsafe withUnsafeBytes(of: (nowNS, lost)) { unsafe Array($0) })
  }

  mutating func record(_ content: [UInt8]) {
    frame(RECORDING_RECORD.rawValue, content)
    records += 1
  }

  mutating func end(nowNS: UInt64 = 0, lost: LossCounts = LossCounts(), records: UInt64? = nil) {
    let end = recording_end(
      now_boot_ns: nowNS, lost: lost.total, records: records ?? self.records, lost_by_family: lost.counts)
    frame(RECORDING_END.rawValue, unsafe withUnsafeBytes(of: end) { unsafe Array($0) })
  }

  mutating func frame(_ kind: UInt32, _ content: [UInt8], size: UInt32? = nil) {
    let frame = recording_frame(kind: kind, size: size ?? UInt32(content.count))
    frames += unsafe withUnsafeBytes(of: frame) { unsafe Array($0) } + content
    frames += Array(repeating: 0, count: (8 - content.count % 8) % 8)
  }

  var bytes: [UInt8] { unsafe withUnsafeBytes(of: header) { unsafe Array($0.prefix(112)) } + frames }
}
