internal import CLinux

/// One CPU's events and the ring they write to: perf_event_open(2).
@safe @usableFromInline struct PerfRing: ~Copyable {
  /// A sample at the tail of the ring.
  struct Head {
    let timeNS: UInt64
    let probe: Probe
  }

  let cpu: CInt
  /// The first owns the ring, the others write to it.
  let events: [CInt]
  private let page: UnsafeMutableRawPointer
  private let data: UnsafeRawPointer
  private let mappedSize: Int
  /// Bytes; a power of two.
  private let dataSize: Int
  /// A record that wraps is put together here.
  private let scratch: UnsafeMutableRawPointer

  private var tail: UInt64 = 0
  private var end: UInt64 = 0
  private var head: Head?
  private var record: UnsafeRawPointer?
  private var recordSize = 0

  /// Records that the ring says it had no room for. A kernel that counts them for each event is asked there.
  private(set) var lost: UInt64 = 0
  /// Records that made no sense.
  private(set) var malformed: UInt64 = 0
  /// How often what was in the ring was passed over, for where its records begin was not to be found.
  private(set) var stalls: UInt64 = 0
  /// Something may have been lost that the ring has not told yet.
  var isSilent = false

  /// More than the largest record of ours. Where less is free, one may have been lost.
  private static var largestRecord: Int { 8 << 10 }

  /// Takes the descriptors over, also when it fails.
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
    // A record's size is 16 bits.
    unsafe scratch = .allocate(byteCount: 1 << 16, alignment: 8)
  }

  @inlinable deinit { destroy() }

  @usableFromInline func destroy() {
    unsafe munmap(page, mappedSize)
    unsafe scratch.deallocate()
    for event in events { close(event) }
  }

  /// The oldest sample that `layouts` know and `admits` does not refuse; others are passed over.
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

  /// Lends the sample that `peek` found, and goes on to the next.
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

  /// Puts the record at the tail in one piece, and says its size.
  private mutating func nextRecord() -> Int? {
    if tail == end {
      end = unsafe clinux_perf_head(page)
      if tail == end { return nil }
      if end &- tail > UInt64(dataSize - min(Self.largestRecord, dataSize / 2)) { isSilent = true }
    }
    guard end &- tail <= UInt64(dataSize) else { return passOver() }
    let offset = Int(tail & UInt64(dataSize - 1))
    // Safe: records begin at multiples of eight, so that their first eight bytes never wrap.
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

  /// There is no telling where the next record would begin; the kernel writes on behind all of them.
  private mutating func passOver() -> Int? {
    malformed &+= 1
    stalls &+= 1
    tail = end
    unsafe clinux_perf_set_tail(page, tail)
    return nil
  }

  /// Safe: `record` has `size` bytes, and each is looked at only if it is among them.
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
        // The raw data begin with the number of the event.
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

  /// The kernel tells of lost records with the next one it has room for, and only then: this makes one, by a clock.
  mutating func makeItSpeak(clock: CInt) {
    isSilent = false
    let period: UInt64 = 100_000
    let descriptor = clinux_perf_cpu_clock(cpu, clock, period)
    guard descriptor >= 0 else { return }
    let event = FileDescriptor(owning: descriptor)
    guard clinux_perf_set_output(event.rawValue, events[0]) == 0, clinux_perf_sample_once(event.rawValue) == 0 else {
      return
    }
    // It takes one period, or a little more where the CPU is somebody else's for a while.
    for _ in 0..<100 where unsafe clinux_perf_head(page) == end { usleep(200) }
  }
}
