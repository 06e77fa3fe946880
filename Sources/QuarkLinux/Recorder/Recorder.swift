internal import CLinux
internal import CWire
public import QuarkCore

/// Writes a recording (recording.h). Adding records never fails: the first error is kept, later records are dropped,
/// and `failure` and `close` report the error. A recording that is not closed lacks its end frame; if the program was
/// killed, also the last second is missing.
@safe public struct Recorder: ~Copyable {
  private static var bufferSize: Int { 65536 }
  private static var flushIntervalNS: UInt64 { 1_000_000_000 }

  private let descriptor: FileDescriptor
  private let buffer: UnsafeMutableRawPointer
  /// Bytes of the buffer that are not written yet.
  private var filled = 0
  /// When the next records were read, nanoseconds since boot, and how many had been lost until then.
  private var markNS: UInt64
  private var lost = LossCounts()
  private var isMarkWritten = false
  private var flushedNS: UInt64
  /// The error of the first write that failed.
  public private(set) var failure: Errno?
  /// Records appended so far.
  public private(set) var records: UInt64 = 0

  /// Creates the file, or empties it. Only its owner can read a new file, because command lines can contain secrets.
  public init(path: String) throws(QuarkError) {
    let nowNS = try QuarkError.attempting("read the clocks") { () throws(Errno) in try Clock.bootNS() }
    let wallOffsetNS = try QuarkError.attempting("read the clocks") { () throws(Errno) in try Clock.wallOffsetNS() }
    let header = Self.header(nowNS: nowNS, wallOffsetNS: wallOffsetNS, bootSalt: try BootID.salt())
    descriptor = try QuarkError.attempting("make the recording", on: path) { () throws(Errno) in
      try Self.create(path, header)
    }
    unsafe buffer = .allocate(byteCount: Self.bufferSize, alignment: 8)
    markNS = nowNS
    flushedNS = nowNS
  }

  @inlinable deinit { destroy() }

  @usableFromInline func destroy() {
    // A recording that is not closed keeps its records so far; an error cannot be reported here.
    if failure == nil { try? unsafe Self.flush(buffer, filled, descriptor.rawValue) }
    unsafe buffer.deallocate()
  }

  /// The records that follow were read at `nowNS` since boot; `lost` are the backend's counts until then. Call it for
  /// empty batches, too: it writes records that were held back for a second.
  public mutating func beginBatch(nowNS: UInt64, lost: LossCounts) {
    (markNS, self.lost) = (nowNS, lost)
    isMarkWritten = false
    guard nowNS &- flushedNS >= Self.flushIntervalNS else { return }
    flush()
    flushedNS = nowNS
  }

  /// Adds a record as it came from the ring.
  public mutating func append(_ record: RawSpan) {
    guard record.byteCount <= Int(RECORDING_RECORD_MAX.rawValue) else { return fail(Errno(EMSGSIZE)) }
    if !isMarkWritten {
      let mark = recording_mark(now_boot_ns: markNS, lost: lost.total, lost_by_family: lost.counts)
      unsafe withUnsafeBytes(of: mark) { unsafe writeFrame(RECORDING_MARK, $0) }
      isMarkWritten = true
    }
    unsafe record.withUnsafeBytes { unsafe writeFrame(RECORDING_RECORD, $0) }
    records += 1
  }

  /// Writes the rest, and the end frame.
  public consuming func close() throws(QuarkError) {
    let last = recording_end(
      now_boot_ns: markNS, lost: lost.total, records: records, lost_by_family: lost.counts)
    unsafe withUnsafeBytes(of: last) { unsafe writeFrame(RECORDING_END, $0) }
    flush()
    if let failure { throw QuarkError("write the recording", failure) }
  }

  // MARK: -

  private mutating func writeFrame(_ kind: recording_kind, _ content: UnsafeRawBufferPointer) {
    let frame = recording_frame(kind: kind.rawValue, size: UInt32(content.count))
    unsafe withUnsafeBytes(of: frame) { unsafe write($0) }
    unsafe write(content)
    let zeros: UInt64 = 0
    unsafe withUnsafeBytes(of: zeros) { unsafe write(.init(rebasing: $0[..<(-content.count & 7)])) }
  }

  private mutating func write(_ bytes: UnsafeRawBufferPointer) {
    var offset = 0
    while offset < bytes.count {
      if filled == Self.bufferSize { flush() }
      let length = min(bytes.count - offset, Self.bufferSize - filled)
      // Safe: both have at least `length` bytes left.
      unsafe (buffer + filled).copyMemory(from: bytes.baseAddress! + offset, byteCount: length)
      filled += length
      offset += length
    }
  }

  private mutating func flush() {
    defer { filled = 0 }
    guard failure == nil, filled > 0 else { return }
    do throws(Errno) { try unsafe Self.flush(buffer, filled, descriptor.rawValue) } catch { fail(error) }
  }

  private static func flush(_ buffer: UnsafeMutableRawPointer, _ count: Int, _ descriptor: CInt) throws(Errno) {
    // Safe: this many bytes of the buffer are initialized.
    let span = unsafe Span<UInt8>(_unsafeStart: buffer.assumingMemoryBound(to: UInt8.self), count: count)
    try FileDescriptor.writeAll(span, to: descriptor)
  }

  private mutating func fail(_ error: Errno) { if failure == nil { failure = error } }

  private static func create(_ path: String, _ header: recording_header) throws(Errno) -> FileDescriptor {
    let descriptor = FileDescriptor(owning: try unsafe Errno.check(
      clinux_open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0o600)))
    var header = header
    // Safe: the structure has no holes.
    try unsafe withUnsafeMutableBytes(of: &header) { bytes throws(Errno) in
      try unsafe flush(bytes.baseAddress!, bytes.count, descriptor.rawValue)
    }
    return descriptor
  }

  private static func header(nowNS: UInt64, wallOffsetNS: UInt64, bootSalt: UInt64) -> recording_header {
    var header = recording_header()
    header.byte_order = UInt32(RECORDING_BYTE_ORDER.rawValue)
    header.version = UInt16(RECORDING_VERSION.rawValue)
    header.header_size = UInt16(MemoryLayout<recording_header>.size)
    header.machine = machine
    header.record_size = UInt16(MemoryLayout<wire_record>.size)
    header.start_boot_ns = nowNS
    header.wall_offset_ns = wallOffsetNS
    header.boot_salt = bootSalt
    setNames(&header)
    return header
  }

  private static func setNames(_ header: inout recording_header) {
    let magic: StaticString = "QUARKREC"
    unsafe withUnsafeMutableBytes(of: &header.magic) { bytes in
      // Safe: the literal has eight bytes, like the array.
      for index in 0..<magic.utf8CodeUnitCount { unsafe bytes[index] = magic.utf8Start[index] }
    }
    var system = utsname()
    guard unsafe uname(&system) == 0 else { return }
    unsafe withUnsafeBytes(of: &system.release) { release in
      unsafe withUnsafeMutableBytes(of: &header.release) { bytes in
        let length = min(release.count, bytes.count - 1)
        for index in 0..<length { unsafe bytes[index] = release[index] }
      }
    }
  }

  /// EM_X86_64, EM_AARCH64 of elf.h; 0 (EM_NONE) elsewhere.
  private static var machine: UInt16 {
    #if arch(x86_64)
      62
    #elseif arch(arm64)
      183
    #else
      0
    #endif
  }
}
