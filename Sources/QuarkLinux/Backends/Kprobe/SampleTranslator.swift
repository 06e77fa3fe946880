internal import CLinux
internal import CWire

/// Makes records of wire.h from samples, so that all that follows is the same for all backends.
@usableFromInline struct SampleTranslator: ~Copyable {
  private let blocks: BlockOffsets
  /// Added to the stamps gives nanoseconds since boot.
  var offsetNS: UInt64 = 0
  private var writer = WireWriter()
  private var names = DirectoryNames()
  private var reader = LateReader()

  init(_ blocks: BlockOffsets) { self.blocks = blocks }

  /// `record` is a sample of `probe`, of the size that its layout says at least.
  mutating func translate(
    _ record: RawSpan, _ probe: Probe, _ layouts: borrowing SampleLayouts, _ body: (RawSpan) -> Void
  ) {
    unsafe record.withUnsafeBytes { bytes in
      let sampleSize = CLINUX_PERF_SAMPLE_SIZE
      // Safe: the ring lends whole samples only, and the layouts say how much of the raw data there is.
      let sample = unsafe Sample(
        bytes.baseAddress! + sampleSize, size: bytes.count - sampleSize, layouts[probe])
      var header = wire_record()
      header.time_boot_ns = unsafe bytes.load(fromByteOffset: 16, as: UInt64.self) &+ offsetNS
      header.cpu = unsafe bytes.load(fromByteOffset: 24, as: UInt32.self)
      header.tid = unsafe bytes.load(fromByteOffset: 12, as: UInt32.self)
      writer.begin()
      fill(&header, probe, sample)
      writer.finish(header, body)
    }
  }

  private mutating func fill(_ header: inout wire_record, _ probe: Probe, _ sample: Sample) {
    switch probe {
    case .exec:
      begin(&header, WIRE_BARE_EXEC, pid: sample.u32(.pid))
      if let name = sample.string(.fileName) {
        writer.add(WIRE_FIELD_EXE, name, flags: WIRE_FIELD_PATH.rawValue)
      }
    case .fork:
      header.tid = sample.u32(.pid)
      let isThread = header.tid != sample.u32(.tgid)
      begin(&header, isThread ? WIRE_THREAD_FORK : WIRE_FORK, pid: sample.u32(.tgid))
      if !isThread { addTask(header, sample) }
    case .image:
      begin(&header, WIRE_EXEC_CONNECTOR, pid: sample.u32(.tgid))
      let startNS = addTask(header, sample)
      addArguments(header, startNS: startNS, sample)
    case .exit:
      let isThread = sample.u32(.isGroupDead) == 0
      begin(&header, isThread ? WIRE_THREAD_EXIT : WIRE_EXIT, pid: sample.u32(.tgid))
      if isThread { return }
      // As wait(2) tells it: of the whole group, if something ended that, or of its leader.
      let group = sample.u32(.groupExitCode)
      addTask(header, sample, exitCode: Int32(bitPattern: group != 0 ? group : sample.u32(.leaderExitCode)))
    case .name:
      let isThread = sample.u32(.pid) != sample.u32(.tgid)
      begin(&header, isThread ? WIRE_THREAD_COMM : WIRE_BARE_COMM, pid: sample.u32(.tgid))
      var name = wire_name()
      sample.copy(.newName, to: &name.comm)
      writer.setBody(name)
    }
  }

  private mutating func begin(_ header: inout wire_record, _ kind: wire_kind, pid: UInt32) {
    header.kind = UInt16(kind.rawValue)
    header.pid = pid
    writer.reserveBody(of: kind)
  }

  /// Adds the task as the record's body, and where it works. Returns when it started, nanoseconds since boot.
  @discardableResult
  private mutating func addTask(_ header: wire_record, _ sample: Sample, exitCode: Int32 = 0) -> UInt64 {
    var task = wire_task()
    task.start_boot_ns = sample.u64(.start)
    task.exit_code = exitCode
    fillCredentials(&task, sample)
    task.ppid = sample.u32(.ppid)
    task.pgid = sample.u32(.pgid)
    task.sid = sample.u32(.sid)
    // One of the two ways to have them is zero. A process without a terminal has no driver either.
    let numbers = sample.u64(.ttyNumbers)
    task.tty_major = UInt32(truncatingIfNeeded: numbers) | sample.u32(.ttyMajor)
    if task.tty_major != 0 {
      task.tty_minor = UInt32(numbers >> 32) | sample.u32(.ttyMinorStart)
      task.tty_minor &+= sample.u32(.ttyIndex)
    }
    task.uts_inonum = sample.u32(.uts)
    task.ipc_inonum = sample.u32(.ipc)
    task.mnt_inonum = sample.u32(.mnt)
    task.net_inonum = sample.u32(.net)
    sample.copy(.comm, to: &task.comm)
    writer.setBody(task)
    addDirectory(header, startNS: task.start_boot_ns, sample)
    return task.start_boot_ns
  }

  private func fillCredentials(_ task: inout wire_task, _ sample: Sample) {
    func u32(_ name: Dotname) -> UInt32 { sample.u32(.credentials, at: blocks.inCredentials(name)) }
    func u64(_ name: Dotname) -> UInt64 { sample.u64(.credentials, at: blocks.inCredentials(name)) }
    task.cap_inheritable = u64(.credCapInheritable)
    task.cap_permitted = u64(.credCapPermitted)
    task.cap_effective = u64(.credCapEffective)
    task.cap_bset = u64(.credCapBset)
    task.cap_ambient = u64(.credCapAmbient)
    task.uid = u32(.credUid)
    task.gid = u32(.credGid)
    task.suid = u32(.credSuid)
    task.sgid = u32(.credSgid)
    task.euid = u32(.credEuid)
    task.egid = u32(.credEgid)
  }

  // MARK: - The working directory

  private mutating func addDirectory(_ header: wire_record, startNS: UInt64, _ sample: Sample) {
    names.begin()
    collectNames(sample)
    guard !names.isComplete else {
      return names.add(to: &writer, flags: 0)
    }
    // The rest is read late. It is right only if it ends with what is known, for the process may have moved on.
    if reader.readDirectory(ofProcess: header.pid, startNS: startNS), names.isEnd(of: reader.bytes) {
      reader.add(WIRE_FIELD_CWD, to: &writer, flags: WIRE_FIELD_PATH.rawValue)
    } else {
      names.markAsCut()
      names.add(to: &writer, flags: WIRE_FIELD_CUT.rawValue)
    }
  }

  /// From the working directory upwards to the root, as far as the sample goes.
  private mutating func collectNames(_ sample: Sample) {
    let root = sample.u64(.fileSystem, at: blocks.inFileSystem(.fsStructRootDentry))
    let (mountRoot, nameBytes) = (sample.u64(.mountRoot), ProbeShape.nameBytes)
    var directory = sample.u64(.fileSystem, at: blocks.inFileSystem(.fsStructPwdDentry))
    // The task has left its directory.
    if directory == 0 { return }
    for level in unsafe 0..<sample.layout.pointee.levels {
      if directory == root { return names.complete() }
      if directory == mountRoot { return crossMount(sample, root: root) }
      let parent = sample.u64(.parents, at: 8 * level)
      // The top of a file system that is mounted nowhere.
      if parent == directory { return names.complete() }
      guard parent != 0, unsafe names.prepend(sample.place(.names, at: nameBytes * level)!, limit: nameBytes) else {
        return
      }
      directory = parent
    }
    if directory == root { names.complete() }
  }

  /// Where the file system is mounted: that one directory is known.
  private mutating func crossMount(_ sample: Sample, root: UInt64) {
    let (point, parent) = (sample.u64(.mountPoint), sample.u64(.mountPointParent))
    // The root of all mounts is mounted on itself.
    if point == sample.u64(.mountRoot) || point == root { return names.complete() }
    guard point != 0, unsafe names.prepend(sample.place(.mountPointName, at: 0)!, limit: ProbeShape.nameBytes) else {
      return
    }
    if parent == root { names.complete() }
  }

  // MARK: - Arguments

  private mutating func addArguments(_ header: wire_record, startNS: UInt64, _ sample: Sample) {
    let (start, end) = (sample.u64(.argumentBounds), sample.u64(.argumentBounds, at: 8))
    guard start != 0, end > start, end - start <= UInt64(UInt32.max) else { return }
    let count = Int(end - start)
    if unsafe count <= sample.layout.pointee.argumentBytes {
      let bytes = unsafe sample.span(.argumentTail, at: sample.layout.pointee.argumentBytes - count, count: count)
      return writer.add(WIRE_FIELD_ARGV, bytes)
    }
    let head = unsafe sample.span(.argumentHead, at: 0, count: min(count, sample.layout.pointee.headBytes))
    let limit = min(count, Int(WIRE_ARGV_MAX.rawValue))
    let flags = count > limit ? WIRE_FIELD_CUT.rawValue : 0
    if reader.readArguments(ofProcess: header.pid, startNS: startNS, limit: limit),
      reader.bytes.count == limit, Self.begins(reader.bytes, with: head)
    {
      reader.add(WIRE_FIELD_ARGV, to: &writer, flags: flags, originalCount: count)
    } else {
      writer.add(WIRE_FIELD_ARGV, head, flags: WIRE_FIELD_CUT.rawValue, originalCount: count)
    }
  }

  private static func begins(_ bytes: Span<UInt8>, with head: RawSpan) -> Bool {
    guard bytes.count >= head.byteCount else { return false }
    for index in 0..<head.byteCount
    where unsafe bytes[index] != head.unsafeLoad(fromByteOffset: index, as: UInt8.self) { return false }
    return true
  }
}

/// The raw data of a sample. Fields that there are not read as zero.
@safe private struct Sample {
  private let raw: UnsafeRawPointer
  private let size: Int
  let layout: UnsafePointer<SampleLayout>

  /// `raw` has `size` bytes, the layout's at least.
  @unsafe init(_ raw: UnsafeRawPointer, size: Int, _ layout: UnsafePointer<SampleLayout>) {
    unsafe self.raw = raw
    self.size = size
    unsafe self.layout = layout
  }

  // Safe: the layout's places are within the sample, and `distance` within the field, by how both are made.
  func u32(_ field: SampleField, at distance: Int = 0) -> UInt32 {
    guard let place = unsafe layout.pointee[field] else { return 0 }
    return unsafe raw.loadUnaligned(fromByteOffset: place + distance, as: UInt32.self)
  }

  func u64(_ field: SampleField, at distance: Int = 0) -> UInt64 {
    guard let place = unsafe layout.pointee[field] else { return 0 }
    return unsafe raw.loadUnaligned(fromByteOffset: place + distance, as: UInt64.self)
  }

  @unsafe func place(_ field: SampleField, at distance: Int) -> UnsafeRawPointer? {
    unsafe layout.pointee[field].map { unsafe raw + $0 + distance }
  }

  @_lifetime(immortal)
  @unsafe func span(_ field: SampleField, at distance: Int, count: Int) -> RawSpan {
    guard let start = unsafe place(field, at: distance) else {
      return unsafe _overrideLifetime(RawSpan(_unsafeStart: raw, byteCount: 0), borrowing: ())
    }
    return unsafe _overrideLifetime(RawSpan(_unsafeStart: start, byteCount: count), borrowing: ())
  }

  /// A string elsewhere in the sample: __data_loc, the offset in the lower and the size in the upper half.
  @_lifetime(immortal)
  func string(_ field: SampleField) -> RawSpan? {
    let location = u32(field)
    let (offset, count) = (Int(location & 0xffff), Int(location >> 16))
    guard count > 0, offset + count <= size else { return nil }
    return unsafe _overrideLifetime(RawSpan(_unsafeStart: raw + offset, byteCount: count), borrowing: ())
  }

  func copy<Name>(_ field: SampleField, to name: inout Name) {
    guard let place = unsafe layout.pointee[field] else { return }
    unsafe withUnsafeMutableBytes(of: &name) { target in
      unsafe target.copyMemory(from: UnsafeRawBufferPointer(start: raw + place, count: min(16, target.count)))
    }
  }
}
