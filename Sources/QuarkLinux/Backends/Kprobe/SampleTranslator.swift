internal import CLinux
internal import CWire
internal import QuarkBTF

/// Converts samples to records of wire.h, so that everything after this is the same for all backends.
@usableFromInline struct SampleTranslator: ~Copyable {
  private let blocks: BlockOffsets
  /// A time stamp plus this is nanoseconds since boot.
  var offsetNS: UInt64 = 0
  private var writer = WireWriter()
  private var names = DirectoryNames()
  private var reader = LateReader()
  private var directories = KnownDirectories()
  private var mounts: MountTable
  private var groups: ControlGroups
  private var home: Home
  /// The root directories with which processes began, which are those of their parents, by the lowest bits of their
  /// pids.
  private var roots: [(pid: UInt32, root: UInt64)]
  /// Helpers that the kernel made to execute a program, by the lowest bits of their pids, with their start times.
  private var helpers: [(pid: UInt32, startNS: UInt64)]

  init(_ blocks: BlockOffsets) {
    self.blocks = blocks
    mounts = MountTable()
    groups = ControlGroups(mounts)
    roots = .init(repeating: (0, 0), count: 64)
    helpers = .init(repeating: (0, 0), count: 64)
    home = Home(namespace: reader.mountNamespace())
  }

  /// Our own mount namespace, and our root directory as it appears in samples.
  private struct Home {
    let namespace: UInt32
    var mount: UInt64 = 0
    var root: UInt64 = 0

    func isOf(_ namespace: UInt32, _ mount: UInt64, _ root: UInt64) -> Bool {
      root != 0 && namespace == self.namespace && mount == self.mount && root == self.root
    }
  }

  /// `record` is a sample of `probe`, with at least the size of its layout.
  mutating func translate(
    _ record: RawSpan, _ probe: Probe, _ layouts: borrowing SampleLayouts, _ body: (RawSpan) -> Void
  ) {
    unsafe record.withUnsafeBytes { bytes in
      let sampleSize = CLINUX_PERF_SAMPLE_SIZE
      // Safe: the ring lends only whole samples, and the layouts say how much raw data there is.
      let sample = unsafe Sample(
        bytes.baseAddress! + sampleSize, size: bytes.count - sampleSize, layouts[probe])
      if probe.askedType != nil {
        var header = wire_record()
        header.time_boot_ns = unsafe bytes.load(fromByteOffset: 16, as: UInt64.self) &+ offsetNS
        header.pid = unsafe bytes.load(fromByteOffset: 8, as: UInt32.self)
        header.tid = unsafe bytes.load(fromByteOffset: 12, as: UInt32.self)
        header.cpu = unsafe bytes.load(fromByteOffset: 24, as: UInt32.self)
        return Self.translate(sample, probe, header, &writer, body)
      }
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

  /// Kernel threads are reported here only if they are helpers; then an exit without an exec is reported, too.
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
      // Another thread of the process may give a thread its name.
      draft.header.tid = sample.u32(.pid)
      sample.copy(sample.has(.newName) ? .newName : .comm, to: &draft.name.comm)
    case .module, .ptraceAttach, .ptraceTraceme, .ptraceRequest: break
    }
  }

  /// The status that wait(2) returns: wait_task_zombie() in kernel/exit.c. It is the status of the whole group if
  /// something ended the group, otherwise that of its leader.
  private func exitCode(_ sample: Sample) -> UInt32 {
    let (group, leader) = (sample.u32(.groupExitCode), sample.u32(.leaderExitCode))
    let isOfGroup = sample.has(.signalFlags) ? sample.u32(.signalFlags) & Self.groupExit != 0 : group != 0
    return isOfGroup ? group : leader
  }

  /// SIGNAL_GROUP_EXIT in include/linux/sched/signal.h.
  private static var groupExit: UInt32 { 4 }

  /// A child begins in its parent's root directory: if that is our root directory, so is the child's.
  private mutating func findHome(_ draft: RecordDraft, _ sample: Sample) {
    guard sample.u32(.mnt) == home.namespace, reader.hasOurRoot(draft.task.ppid) else { return }
    (home.mount, home.root) = (rootMount(sample), rootEntry(sample))
  }

  /// Sets the kind of the record, and leaves room for its body; call it before any field is added.
  private mutating func begin(_ draft: inout RecordDraft, _ kind: wire_kind) {
    draft.header.kind = UInt16(kind.rawValue)
    writer.reserveBody(of: kind)
  }

  /// Marks the record as one of a thread only.
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
      // The numbers are in one of two forms; the other one is zero.
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

  /// The end of a walk from a leaf upwards.
  private enum WalkEnd {
    /// The task's root directory, or the top of a file system that is not mounted.
    case root
    /// The top of a mount.
    case mountRoot
    /// A name that a file system made up: it is not a path.
    case madeUp
    /// A place in between: the path has more names than the sample, or a name is too long.
    case cut
  }

  /// The beginning of a walk, and the field with its names in the sample.
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

  /// 0 if it is not known.
  private func rootMount(_ sample: Sample) -> UInt64 {
    blocks.hasRootMount ? sample.u64(.fileSystem, at: blocks.inFileSystem(.fsStructRootMnt)) : 0
  }

  /// Collects names, up to the end of the sample or of the path.
  private mutating func walk(_ sample: Sample, from leaf: Leaf) -> WalkEnd {
    let rootMount = rootMount(sample)
    // A folder may be in several mounts, so the folder alone does not identify the root.
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

  /// False if the name is too long to be inside the entry.
  private mutating func prepend(_ sample: Sample, _ field: SampleField, of entry: UInt64, at place: Int) -> Bool {
    guard sample.u64(field, at: place + blocks.namePointer) == entry &+ UInt64(blocks.entryName),
      let name = unsafe sample.place(field, at: place + blocks.name)
    else { return false }
    return unsafe names.prepend(name, limit: ProbeShape.nameBytes)
  }

  private func key(_ sample: Sample, of leaf: Leaf) -> KnownDirectories.Key {
    // The top of a mount has the name of its mount point.
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
    // The rest is read late. It is right only if it ends with the known part, because the process may have changed its
    // directory.
    let key = key(sample, of: leaf)
    let startNS = draft.task.start_boot_ns
    if reader.readDirectory(ofProcess: draft.header.pid, startNS: startNS), addLateDirectory(key) { return }
    if let path = directories.path(of: key), names.isEnd(of: path.span) {
      let flags = WIRE_FIELD_PATH.rawValue | WIRE_FIELD_LATE.rawValue
      return unsafe writer.add(WIRE_FIELD_CWD, path.span.bytes, flags: flags)
    }
    // Commands of a shell come and go in the directory of the shell.
    if !names.isEmpty, reader.readDirectory(ofParent: draft.task.ppid, ofOneStartedAt: startNS),
      addLateDirectory(key)
    { return }
    names.markAsCut()
    names.add(WIRE_FIELD_CWD, to: &writer, flags: WIRE_FIELD_CUT.rawValue)
  }

  /// Adds the path that was read last, unless it is another directory's. The result is false then.
  private mutating func addLateDirectory(_ key: KnownDirectories.Key) -> Bool {
    guard names.isEnd(of: reader.bytes), key.mayBe(reader.bytes) else { return false }
    directories.learn(reader.copy, of: key)
    reader.add(WIRE_FIELD_CWD, to: &writer, flags: WIRE_FIELD_PATH.rawValue)
    return true
  }

  /// Continues at the mount point: the sample has one name of it, which is enough directly below the root.
  private mutating func crossMount(
    _ sample: Sample, _ leaf: Leaf, _ mount: SampleField, _ pointField: SampleField
  ) -> Bool {
    let (point, root) = (sample.u64(mount, at: blocks.inMountPoint), rootEntry(sample))
    let parent = sample.u64(pointField, at: blocks.parent)
    // The root mount is mounted on itself.
    if point == leaf.mountRoot || point == root {
      names.complete()
    } else if point != 0, parent == root, prepend(sample, pointField, of: point, at: 0) {
      names.complete()
    }
    return names.isComplete
  }

  /// Continues at a mount in the list of the system, if the process has the same mounts and the same root directory as
  /// this process, or as its parent.
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

  /// Adds the path of the executable. If the sample does not have the whole path, it is read from /proc while the
  /// process is alive, or the called name is used, if that is a path with the same end.
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
      // A value that could not be read leaves old bytes in the sample, so both sources must agree.
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
      // Safe: both have as many bytes.
      unsafe head.withUnsafeBytes { unsafe $0.isEmpty || memcmp(bytes.baseAddress!, $0.baseAddress!, $0.count) == 0 }
    }
  }
}

/// The raw data of a sample. Fields that there are not read as zero.
@safe struct Sample {
  private let raw: UnsafeRawPointer
  private let size: Int
  let layout: UnsafePointer<SampleLayout>

  /// `raw` has `size` bytes, at least as many as the layout.
  @unsafe init(_ raw: UnsafeRawPointer, size: Int, _ layout: UnsafePointer<SampleLayout>) {
    unsafe self.raw = raw
    self.size = size
    unsafe self.layout = layout
  }

  // Safe: the offsets of the layout are within the sample, and `distance` is within the field, by construction.
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

  /// The name that was called, with a NUL if it is complete.
  var calledName: RawSpan {
    @_lifetime(immortal) get {
      if unsafe layout.pointee.calledBytes > 0 {
        return unsafe span(.calledName, at: 0, count: layout.pointee.calledBytes)
      }
      // It is elsewhere in the sample: __data_loc has the offset in the lower and the size in the upper half.
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
