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
  private var directories = KnownDirectories()
  private var mounts: MountTable
  private var groups: ControlGroups
  private var home: Home
  /// The root directories that processes began with, which are their parents', by the lowest bits of their numbers.
  private var roots: [(pid: UInt32, root: UInt64)]
  /// What the kernel made to execute a program, by the lowest bits of their numbers, with when they began.
  private var helpers: [(pid: UInt32, startNS: UInt64)]

  init(_ blocks: BlockOffsets) {
    self.blocks = blocks
    mounts = MountTable()
    groups = ControlGroups(mounts)
    roots = .init(repeating: (0, 0), count: 64)
    helpers = .init(repeating: (0, 0), count: 64)
    home = Home(namespace: reader.mountNamespace())
  }

  /// Where we are ourselves: our mount namespace, and our root directory as samples tell it.
  private struct Home {
    let namespace: UInt32
    var mount: UInt64 = 0
    var root: UInt64 = 0

    func isOf(_ namespace: UInt32, _ mount: UInt64, _ root: UInt64) -> Bool {
      root != 0 && namespace == self.namespace && mount == self.mount && root == self.root
    }
  }

  /// `record` is a sample of `probe`, of the size that its layout says at least.
  mutating func translate(
    _ record: RawSpan, _ probe: Probe, _ layouts: borrowing SampleLayouts, _ body: (RawSpan) -> Void
  ) {
    unsafe record.withUnsafeBytes { bytes in
      let sampleSize = CLINUX_PERF_SAMPLE_SIZE
      // Safe: the ring lends whole samples only, and the layouts say how much of the raw data there is.
      let sample = unsafe Sample(
        bytes.baseAddress! + sampleSize, size: bytes.count - sampleSize, layouts[probe])
      if unsafe layouts.isOfKernelThread(probe, bytes.baseAddress! + sampleSize), !isOfHelper(probe, sample) { return }
      var draft = RecordDraft()
      draft.header.time_boot_ns = unsafe bytes.load(fromByteOffset: 16, as: UInt64.self) &+ offsetNS
      draft.header.cpu = unsafe bytes.load(fromByteOffset: 24, as: UInt32.self)
      draft.header.tid = unsafe bytes.load(fromByteOffset: 12, as: UInt32.self)
      writer.begin()
      fill(&draft, probe, sample)
      writer.finish(draft, body)
    }
  }

  /// Kernel threads begin here as helpers alone, which an end without an execution is told of, too.
  private mutating func isOfHelper(_ probe: Probe, _ sample: Sample) -> Bool {
    let helper = (pid: sample.u32(.tgid), startNS: sample.u64(.start))
    let index = Int(helper.pid) & (helpers.count - 1)
    if probe == .fork { helpers[index] = helper }
    return helpers[index] == helper
  }

  private mutating func fill(_ draft: inout RecordDraft, _ probe: Probe, _ sample: Sample) {
    switch probe {
    case .fork:
      draft.header.tid = sample.u32(.pid)
      if draft.header.tid != sample.u32(.tgid) { return mark(&draft, WIRE_THREAD_FORK, sample) }
      begin(&draft, WIRE_FORK)
      roots[Int(draft.header.tid) & (roots.count - 1)] = (draft.header.tid, rootEntry(sample))
      fillTask(&draft, sample)
      if home.root == 0 { findHome(draft, sample) }
    case .exec:
      begin(&draft, WIRE_EXEC)
      fillTask(&draft, sample)
      let called = CalledName(sample.calledName)
      addFile(draft, sample, called)
      addArguments(draft, sample, called)
    case .exit:
      if sample.u32(.moment) == 0 { return mark(&draft, WIRE_THREAD_EXIT, sample) }
      begin(&draft, WIRE_EXIT)
      fillTask(&draft, sample)
      draft.task.exit_code = Int32(bitPattern: exitCode(sample))
    case .name:
      if sample.u32(.pid) != sample.u32(.tgid) {
        mark(&draft, WIRE_THREAD_COMM, sample)
      } else {
        begin(&draft, WIRE_BARE_COMM)
        draft.header.pid = sample.u32(.tgid)
      }
      // A thread's may be given by another thread of its process.
      draft.header.tid = sample.u32(.pid)
      sample.copy(sample.has(.newName) ? .newName : .comm, to: &draft.name.comm)
    }
  }

  /// What wait(2) is told: wait_task_zombie() in kernel/exit.c. Of the whole group, if something ended that, or of its
  /// leader.
  private func exitCode(_ sample: Sample) -> UInt32 {
    let (group, leader) = (sample.u32(.groupExitCode), sample.u32(.leaderExitCode))
    let isOfGroup = sample.has(.signalFlags) ? sample.u32(.signalFlags) & Self.groupExit != 0 : group != 0
    return isOfGroup ? group : leader
  }

  /// SIGNAL_GROUP_EXIT in include/linux/sched/signal.h.
  private static var groupExit: UInt32 { 4 }

  /// A child begins in its parent's root directory: if that is ours, so is the child's.
  private mutating func findHome(_ draft: RecordDraft, _ sample: Sample) {
    guard sample.u32(.mnt) == home.namespace, reader.hasOurRoot(draft.task.ppid) else { return }
    (home.mount, home.root) = (rootMount(sample), rootEntry(sample))
  }

  /// Says of which kind the record is, for whose body room is left; before any field.
  private mutating func begin(_ draft: inout RecordDraft, _ kind: wire_kind) {
    draft.header.kind = UInt16(kind.rawValue)
    writer.reserveBody(of: kind)
  }

  /// As a thread's alone.
  private mutating func mark(_ draft: inout RecordDraft, _ kind: wire_kind, _ sample: Sample) {
    begin(&draft, kind)
    draft.header.pid = sample.u32(.tgid)
  }

  private mutating func fillTask(_ draft: inout RecordDraft, _ sample: Sample) {
    draft.header.pid = sample.u32(.tgid)
    draft.task.start_boot_ns = sample.u64(.start)
    fillCredentials(&draft.task, sample)
    draft.task.ppid = sample.u32(.ppid)
    draft.task.pgid = sample.u32(.pgid)
    draft.task.sid = sample.u32(.sid)
    if sample.u64(.terminal) != 0 {
      // One of the two ways to have them is zero.
      let numbers = sample.u64(.ttyNumbers)
      draft.task.tty_major = UInt32(truncatingIfNeeded: numbers) | sample.u32(.ttyMajor)
      draft.task.tty_minor = UInt32(numbers >> 32) | sample.u32(.ttyMinorStart)
      draft.task.tty_minor &+= sample.u32(.ttyIndex)
    }
    draft.task.uts_inonum = sample.u32(.uts)
    draft.task.ipc_inonum = sample.u32(.ipc)
    draft.task.mnt_inonum = sample.u32(.mnt)
    draft.task.net_inonum = sample.u32(.net)
    sample.copy(.comm, to: &draft.task.comm)
    addDirectory(draft, sample)
    addControlGroup(sample)
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

  // MARK: - Paths

  /// Where a walk from a leaf upwards has come to.
  private enum WalkEnd {
    /// The task's root directory, or the top of a file system that is mounted nowhere.
    case root
    /// The top of what is mounted.
    case mountRoot
    /// A name that a file system made up: it is no path.
    case madeUp
    /// Somewhere in between: there is more of it than the sample has, or a name is too long.
    case cut
  }

  /// What a walk begins with, and what its names are in the sample.
  private struct Leaf {
    var field: SampleField
    var levels: Int
    var entry: UInt64
    var mount: UInt64
    var mountRoot: UInt64
  }

  private func rootEntry(_ sample: Sample) -> UInt64 {
    sample.u64(.fileSystem, at: blocks.inFileSystem(.fsStructRootDentry))
  }

  /// 0: it is not known.
  private func rootMount(_ sample: Sample) -> UInt64 {
    blocks.hasRootMount ? sample.u64(.fileSystem, at: blocks.inFileSystem(.fsStructRootMnt)) : 0
  }

  /// Collects names, up to where the sample ends or the path does.
  private mutating func walk(_ sample: Sample, from leaf: Leaf) -> WalkEnd {
    let rootMount = rootMount(sample)
    // A folder may be seen through several mounts: by itself it is not the root.
    let root = rootMount == 0 || rootMount == leaf.mount ? rootEntry(sample) : 0
    var entry = leaf.entry
    if entry == 0 { return .cut }
    for level in 0..<leaf.levels {
      if entry == root { return .root }
      if entry == leaf.mountRoot { return .mountRoot }
      let place = blocks.entry.count * level
      let parent = sample.u64(leaf.field, at: place + blocks.parent)
      if parent == entry, level > 0 { return .root }
      guard parent != 0, prepend(sample, leaf.field, of: entry, at: place) else { return .cut }
      if parent == entry { return names.dropTop() ? .root : .madeUp }
      entry = parent
    }
    return entry == root ? .root : entry == leaf.mountRoot ? .mountRoot : .cut
  }

  /// False: the name is not in the entry itself, for it is long.
  private mutating func prepend(_ sample: Sample, _ field: SampleField, of entry: UInt64, at place: Int) -> Bool {
    guard sample.u64(field, at: place + blocks.namePointer) == entry &+ UInt64(blocks.entryName),
      let name = unsafe sample.place(field, at: place + blocks.name)
    else { return false }
    return unsafe names.prepend(name, limit: ProbeShape.nameBytes)
  }

  private func key(_ sample: Sample, of leaf: Leaf) -> KnownDirectories.Key {
    // The top of what is mounted goes by the name of where it is mounted.
    let place = leaf.entry == leaf.mountRoot ? nil : blocks.hashAndLength
    return KnownDirectories.Key(
      entry: leaf.entry, mount: leaf.mount, root: rootEntry(sample),
      parent: sample.u64(leaf.field, at: blocks.parent), name: sample.u64(leaf.field, at: blocks.namePointer),
      hashAndLength: place.map { sample.u64(leaf.field, at: $0) } ?? 0)
  }

  private mutating func addDirectory(_ draft: RecordDraft, _ sample: Sample) {
    names.begin()
    let leaf = unsafe Leaf(
      field: .folders, levels: sample.layout.pointee.levels,
      entry: sample.u64(.fileSystem, at: blocks.inFileSystem(.fsStructPwdDentry)),
      mount: sample.u64(.fileSystem, at: blocks.inFileSystem(.fsStructPwdMnt)),
      mountRoot: sample.u64(.mount, at: blocks.inMountRoot))
    switch walk(sample, from: leaf) {
    case .root, .madeUp: names.complete()
    case .mountRoot:
      if !crossMount(sample, leaf, .mount, .mountPoint) { cross(draft, sample, mount: sample.u32(.mountID)) }
    case .cut: break
    }
    guard !names.isComplete else { return names.add(WIRE_FIELD_CWD, to: &writer, flags: 0) }
    // The rest is read late. It is right only if it ends with what is known, for the process may have moved on.
    let key = key(sample, of: leaf)
    if reader.readDirectory(ofProcess: draft.header.pid, startNS: draft.task.start_boot_ns),
      names.isEnd(of: reader.bytes), key.mayBe(reader.bytes)
    {
      directories.learn(reader.copy, of: key)
      reader.add(WIRE_FIELD_CWD, to: &writer, flags: WIRE_FIELD_PATH.rawValue)
    } else if let path = directories.path(of: key), names.isEnd(of: path.span) {
      let flags = WIRE_FIELD_PATH.rawValue | WIRE_FIELD_LATE.rawValue
      unsafe writer.add(WIRE_FIELD_CWD, path.span.bytes, flags: flags)
    } else if !names.isEmpty,
      reader.readDirectory(ofParent: draft.task.ppid, ofOneStartedAt: draft.task.start_boot_ns),
      names.isEnd(of: reader.bytes), key.mayBe(reader.bytes)
    {
      // A shell's commands come and go where the shell stays.
      directories.learn(reader.copy, of: key)
      reader.add(WIRE_FIELD_CWD, to: &writer, flags: WIRE_FIELD_PATH.rawValue)
    } else {
      names.markAsCut()
      names.add(WIRE_FIELD_CWD, to: &writer, flags: WIRE_FIELD_CUT.rawValue)
    }
  }

  /// From where the file system is mounted: of that the sample has one name, which is enough next to the root.
  private mutating func crossMount(
    _ sample: Sample, _ leaf: Leaf, _ mount: SampleField, _ pointField: SampleField
  ) -> Bool {
    let (point, root) = (sample.u64(mount, at: blocks.inMountPoint), rootEntry(sample))
    let parent = sample.u64(pointField, at: blocks.parent)
    // The root of all mounts is mounted on itself.
    if point == leaf.mountRoot || point == root {
      names.complete()
    } else if point != 0, parent == root, prepend(sample, pointField, of: point, at: 0) {
      names.complete()
    }
    return names.isComplete
  }

  /// From a mount that the system lists, if the process sees the same mounts from the same root directory as we do, or
  /// as its parent does.
  private mutating func cross(_ draft: RecordDraft, _ sample: Sample, mount: UInt32) {
    guard mount != 0 else { return }
    if home.isOf(sample.u32(.mnt), rootMount(sample), rootEntry(sample)) {
      if let point = mounts.point(of: mount) { names.complete(below: point.span) }
      return
    }
    let slot = Int(draft.header.pid) & (roots.count - 1)
    guard roots[slot].pid == draft.header.pid, roots[slot].root == rootEntry(sample),
      reader.readMounts(ofProcess: draft.task.ppid, in: sample.u32(.mnt)),
      let point = MountTable.point(of: mount, in: reader.bytes)
    else { return }
    names.complete(below: point.span)
  }

  /// The file that is executed. Where the sample does not have all of its path, the file of a living process is known,
  /// or the name that it was called by, if that is a path that ends alike.
  private mutating func addFile(_ draft: RecordDraft, _ sample: Sample, _ called: borrowing CalledName) {
    guard unsafe sample.layout.pointee.fileLevels > 0 else {
      return writer.add(WIRE_FIELD_EXE, called.bytes, flags: WIRE_FIELD_PATH.rawValue)
    }
    names.begin()
    let mount = sample.u64(.filePath, at: blocks.inPathMount)
    let leaf = unsafe Leaf(
      field: .file, levels: sample.layout.pointee.fileLevels, entry: sample.u64(.filePath, at: blocks.inPathEntry),
      mount: mount, mountRoot: sample.u64(.fileMount, at: blocks.inMountRoot))
    switch walk(sample, from: leaf) {
    case .root: names.complete()
    case .mountRoot:
      if !crossMount(sample, leaf, .fileMount, .filePoint) { cross(draft, sample, mount: sample.u32(.fileMountID)) }
    case .madeUp:
      names.dropSlash()
      return names.add(WIRE_FIELD_EXE, to: &writer, flags: 0)
    case .cut: break
    }
    if names.isComplete { return names.add(WIRE_FIELD_EXE, to: &writer, flags: 0) }
    if reader.readFile(ofProcess: draft.header.pid, startNS: draft.task.start_boot_ns), names.isEnd(of: reader.bytes) {
      return reader.add(WIRE_FIELD_EXE, to: &writer, flags: WIRE_FIELD_PATH.rawValue)
    }
    if called.isPlainPath, names.isEnd(of: Span<UInt8>(_bytes: called.bytes)) {
      return writer.add(WIRE_FIELD_EXE, called.bytes, flags: WIRE_FIELD_PATH.rawValue)
    }
    names.markAsCut()
    names.add(WIRE_FIELD_EXE, to: &writer, flags: 0)
  }

  private mutating func addControlGroup(_ sample: Sample) {
    let (unified, pids) = (sample.u64(.cgroup), sample.u64(.pidsCgroup))
    guard unified | pids != 0, let path = groups.path(unified, pidsID: pids, &reader) else { return }
    unsafe writer.add(WIRE_FIELD_CGROUP, path.span.bytes, flags: WIRE_FIELD_PATH.rawValue)
  }

  // MARK: - Arguments

  private mutating func addArguments(_ draft: RecordDraft, _ sample: Sample, _ called: borrowing CalledName) {
    let (start, end) = (sample.u64(.argumentBounds), sample.u64(.argumentBounds, at: 8))
    guard start != 0, end > start, end - start <= UInt64(UInt32.max) else { return }
    let count = Int(end - start)
    let head = unsafe sample.span(.argumentHead, at: 0, count: min(count, sample.layout.pointee.headBytes))
    if unsafe count <= sample.layout.pointee.argumentBytes {
      let bytes = unsafe sample.span(.argumentTail, at: sample.layout.pointee.argumentBytes - count, count: count)
      // What could not be read is not what is in the sample: both must say the same.
      if Self.begins(bytes, with: head) {
        if let place = called.script(in: bytes) { writer.addScript(bytes.extracting(place)) }
        return writer.add(WIRE_FIELD_ARGV, bytes)
      }
    }
    let limit = min(count, Int(WIRE_ARGV_MAX.rawValue))
    let flags = count > limit ? WIRE_FIELD_CUT.rawValue : 0
    if reader.readArguments(ofProcess: draft.header.pid, startNS: draft.task.start_boot_ns, limit: limit),
      reader.bytes.count == limit, unsafe Self.begins(reader.bytes.bytes, with: head)
    {
      if let place = unsafe called.script(in: reader.bytes.bytes) { reader.addScript(at: place, to: &writer) }
      reader.add(WIRE_FIELD_ARGV, to: &writer, flags: flags, originalCount: count)
    } else {
      writer.add(WIRE_FIELD_ARGV, head, flags: WIRE_FIELD_CUT.rawValue, originalCount: count)
    }
  }

  private static func begins(_ bytes: RawSpan, with head: RawSpan) -> Bool {
    guard bytes.byteCount >= head.byteCount else { return false }
    return unsafe bytes.withUnsafeBytes { bytes in
      // Safe: both have as many.
      unsafe head.withUnsafeBytes { unsafe $0.isEmpty || memcmp(bytes.baseAddress!, $0.baseAddress!, $0.count) == 0 }
    }
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

  func has(_ field: SampleField) -> Bool { unsafe layout.pointee[field] != nil }

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

  /// The name that was called, with a NUL if it is all of it.
  var calledName: RawSpan {
    @_lifetime(immortal) get {
      if unsafe layout.pointee.calledBytes > 0 {
        return unsafe span(.calledName, at: 0, count: layout.pointee.calledBytes)
      }
      // Elsewhere in the sample: __data_loc, the offset in the lower and the size in the upper half.
      let location = u32(.calledName)
      let (offset, count) = (Int(location & 0xffff), Int(location >> 16))
      let isThere = offset + count <= size
      let start = unsafe isThere ? raw + offset : raw
      return unsafe _overrideLifetime(RawSpan(_unsafeStart: start, byteCount: isThere ? count : 0), borrowing: ())
    }
  }

  func copy<Name>(_ field: SampleField, to name: inout Name) {
    guard let place = unsafe layout.pointee[field] else { return }
    unsafe withUnsafeMutableBytes(of: &name) { target in
      unsafe target.copyMemory(from: UnsafeRawBufferPointer(start: raw + place, count: min(16, target.count)))
    }
  }
}
