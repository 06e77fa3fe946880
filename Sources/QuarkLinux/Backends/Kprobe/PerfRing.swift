internal import CLinux

/// The perf events of one CPU and the ring to which they write: perf_event_open(2).
@safe @usableFromInline struct PerfRing: ~Copyable {
  /// A sample at the tail of the ring.
  struct Head {
    let timeNS: UInt64
    let probe: Probe
  }

  let cpu: CInt
  /// The first perf event owns the ring, the others write to it.
  let events: [CInt]
  private let page: UnsafeMutableRawPointer
  private let data: UnsafeRawPointer
  private let mappedSize: Int
  /// Size of the data in bytes; a power of two.
  private let dataSize: Int
  /// A record that wraps around is copied here in one piece.
  private let scratch: UnsafeMutableRawPointer

  private var tail: UInt64 = 0
  private var end: UInt64 = 0
  private var head: Head?
  private var record: UnsafeRawPointer?
  private var recordSize = 0

  /// The number of lost records that the ring reports. If the kernel counts them for each perf event, those counters
  /// are used instead.
  private(set) var lost: UInt64 = 0
  /// The number of malformed records.
  private(set) var malformed: UInt64 = 0
  /// How often the content of the ring was skipped because the beginning of its records could not be found.
  private(set) var stalls: UInt64 = 0
  /// True if records may have been lost that the ring has not reported yet.
  var isSilent = false

  /// More than our largest record. If less is free, a record may have been lost.
  private static var largestRecord: Int { 8 << 10 }

  /// Takes over the descriptors, even if it fails.
  init(cpu: CInt, events: [CInt], dataSize: Int) throws(Errno) {
    let pageSize = sysconf(CInt(_SC_PAGESIZE))
    let mappedSize = pageSize + dataSize
    let memory = unsafe mmap(nil, mappedSize, PROT_READ | PROT_WRITE, MAP_SHARED, events[0], 0)
    guard let memory = unsafe memory, unsafe memory != clinux_map_failed() else {
      let error = Errno.current
      for event in events { close(event) }
      throw error
    }
    self.cpu = cpu
    self.events = events
    self.mappedSize = mappedSize
    self.dataSize = dataSize
    unsafe page = memory
    unsafe data = UnsafeRawPointer(memory + pageSize)
    // The size of a record has 16 bits.
    unsafe scratch = .allocate(byteCount: 1 << 16, alignment: 8)
  }

  @inlinable deinit { destroy() }

  @usableFromInline func destroy() {
    unsafe munmap(page, mappedSize)
    unsafe scratch.deallocate()
    for event in events { close(event) }
  }

  /// The oldest sample that `layouts` knows and admits; others are skipped.
  mutating func peek(_ layouts: borrowing SampleLayouts) -> Head? {
    if let head { return head }
    while let size = nextRecord() {
      if let found = unsafe interpret(record!, size, layouts) {
        head = found
        return found
      }
      advance()
    }
    return nil
  }

  /// Lends the sample that `peek` found, and goes to the next one.
  mutating func take(_ body: (RawSpan) -> Void) {
    guard head != nil, let record = unsafe record else { return }
    // Safe: the kernel keeps the bytes until the tail passes them, which `advance` does.
    unsafe body(RawSpan(_unsafeStart: record, byteCount: recordSize))
    advance()
  }

  private mutating func advance() {
    tail &+= UInt64(recordSize)
    unsafe clinux_perf_set_tail(page, tail)
    head = nil
    unsafe record = nil
  }

  /// Makes the record at the tail available in one piece, and returns its size.
  private mutating func nextRecord() -> Int? {
    if tail == end {
      end = unsafe clinux_perf_head(page)
      if tail == end { return nil }
      if end &- tail > UInt64(dataSize - min(Self.largestRecord, dataSize / 2)) { isSilent = true }
    }
    guard end &- tail <= UInt64(dataSize) else { return passOver() }
    let offset = Int(tail & UInt64(dataSize - 1))
    // Safe: records begin at multiples of eight, so their first eight bytes never wrap around.
    let size = Int(unsafe data.load(fromByteOffset: offset + 6, as: UInt16.self))
    guard size >= 8, size % 8 == 0, size <= Int(end &- tail) else { return passOver() }
    recordSize = size
    if offset + size <= dataSize {
      unsafe record = data + offset
    } else {
      let first = dataSize - offset
      unsafe scratch.copyMemory(from: data + offset, byteCount: first)
      unsafe (scratch + first).copyMemory(from: data, byteCount: size - first)
      unsafe record = UnsafeRawPointer(scratch)
    }
    return size
  }

  /// Skips the whole content: it is not known where the next record begins. The kernel writes new records after all of
  /// it.
  private mutating func passOver() -> Int? {
    malformed &+= 1
    stalls &+= 1
    tail = end
    unsafe clinux_perf_set_tail(page, tail)
    return nil
  }

  /// Safe: `record` has `size` bytes, and nothing is read outside of them.
  @unsafe private mutating func interpret(
    _ record: UnsafeRawPointer, _ size: Int, _ layouts: borrowing SampleLayouts
  ) -> Head? {
    let sampleSize = CLINUX_PERF_SAMPLE_SIZE
    switch unsafe Int(record.load(as: UInt32.self)) {
    case CLINUX_PERF_RECORD_LOST where size >= 24:
      // struct { header; u64 id; u64 lost; }
      unsafe lost &+= record.load(fromByteOffset: 16, as: UInt64.self)
      return nil
    case CLINUX_PERF_RECORD_SAMPLE where size >= sampleSize + 4:
      let rawSize = unsafe Int(record.load(fromByteOffset: sampleSize - 4, as: UInt32.self))
      let raw = unsafe record + sampleSize
      guard rawSize <= size - sampleSize, let probe = unsafe layouts.probe(of: raw, size: rawSize) else {
        // The raw data begin with the id of the event.
        if layouts.knows(unsafe raw.load(as: UInt16.self)) { malformed &+= 1 }
        return nil
      }
      guard unsafe layouts.admits(probe, raw) else { return nil }
      return unsafe Head(timeNS: record.load(fromByteOffset: 16, as: UInt64.self), probe: probe)
    default: return nil
    }
  }

  // MARK: - Loss

  /// What the kernel counts as lost for one of the events, where it does.
  func countedLoss(_ event: Int) -> UInt64 { UInt64(max(0, clinux_perf_lost(events[event]))) }

  /// The kernel reports lost records only with the next record that it has room for: this makes one, with a clock
  /// event.
  mutating func makeItSpeak(clock: CInt) {
    isSilent = false
    let period: UInt64 = 100_000
    let descriptor = clinux_perf_cpu_clock(cpu, clock, period)
    guard descriptor >= 0 else { return }
    let event = FileDescriptor(owning: descriptor)
    guard clinux_perf_set_output(event.rawValue, events[0]) == 0, clinux_perf_sample_once(event.rawValue) == 0 else {
      return
    }
    // It takes one period, or a little more if other work has the CPU.
    for _ in 0..<100 where unsafe clinux_perf_head(page) == end { usleep(200) }
  }
}
