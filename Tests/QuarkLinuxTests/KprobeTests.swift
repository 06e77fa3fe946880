import CQuark
import CWire
import QuarkCore
import Testing

@testable import QuarkBTF
@testable import QuarkLinux

/// From offsets to the definition of a probe, and from the bytes of its samples to records; this does not use the
/// kernel.
@Suite struct KprobeTests {
  /// Offsets that are all different; those of the credentials are adjacent, as in a kernel.
  private static func offsets() -> KernelOffsets {
    var vector = OffsetVector()
    for (index, name) in Dotname.allCases.enumerated() { vector[name] = 8 * index }
    let halves: [Dotname] = [.credUid, .credGid, .credSuid, .credSgid, .credEuid, .credEgid]
    for (index, name) in halves.enumerated() { vector[name] = 8 + 4 * index }
    let words: [Dotname] = [.credCapInheritable, .credCapPermitted, .credCapEffective, .credCapBset, .credCapAmbient]
    for (index, name) in words.enumerated() { vector[name] = 32 + 8 * index }
    let paths: [Dotname] = [.fsStructRootMnt, .fsStructRootDentry, .fsStructPwdMnt, .fsStructPwdDentry]
    for (index, name) in paths.enumerated() { vector[name] = 32 + 8 * index }
    (vector[.mountMnt], vector[.mountMntMountpoint], vector[.vfsmountMntRoot]) = (32, 24, 0)
    (vector[.dentryDParent], vector[.dentryDNameName], vector[.dentryDIname]) = (24, 40, 56)
    (vector[.fileFPathMnt], vector[.fileFPathDentry]) = (16, 24)
    (vector[.ttyDriverMajor], vector[.ttyDriverMinorStart]) = (44, 48)
    vector[.mmStructArgStart] = 100
    vector[.mmStructArgEnd] = 108
    return KernelOffsets(vector, .types(path: "none"))
  }

  @Test func definitions() {
    let chain = FetchArgument("c", .u64, count: 3, [16, -8])
    #if !arch(arm64)
      #expect(chain.definition(hasArrays: true) == " c=+-8(+16(%di)):u64[3]")
      #expect(chain.definition(hasArrays: false) == " c_0=+-8(+16(%di)):u64 c_1=+0(+16(%di)):u64 c_2=+8(+16(%di)):u64")
      #expect(FetchArgument("d", .u32, parameter: 1, []).definition(hasArrays: true) == " d=%si:u32")
    #endif
  }

  /// The limits of kernel/trace/trace_probe.h: a definition has 4,095 bytes and 128 arguments of at most 63 characters.
  @Test(arguments: [(true, true), (true, false), (false, false)])
  func definitionsFit(hasArrays: Bool, isRecent: Bool) {
    let offsets = Self.offsets()
    var shape = ProbeShape()
    (shape.hasArrays, shape.isRecent, shape.joinsLives) = (hasArrays, isRecent, hasArrays)
    if !hasArrays { shape.levels = 2 }
    for probe in Probe.allCases {
      let arguments = probe.arguments(offsets, BlockOffsets(offsets), shape)
      let text = arguments.map { $0.argument.definition(hasArrays: hasArrays) }.joined()
      let words = text.split(separator: " ")
      #expect(text.utf8.count < 4000 && words.count <= 128, "\(probe): \(text.utf8.count) bytes, \(words.count) arguments")
      #expect(Set(words.map { $0.prefix { $0 != "=" } }).count == words.count, "\(probe): two of one name")
      for word in words { #expect(word.drop { $0 != "=" }.dropFirst().utf8.count <= 63, "\(word)") }
    }
  }

  @Test func formats() throws {
    let format = EventFormat(Array(
      """
      name: fork_1_0
      ID: 1400
      format:
      \tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;

      \tfield:u64 cred[11];\toffset:16;\tsize:88;\tsigned:0;
      \tfield:__data_loc char[] filename;\toffset:104;\tsize:4;\tsigned:0;
      \tfield:what;\toffset:x;\tsize:4;\tsigned:0;

      print fmt: "(%lx)"
      """.utf8))
    let cred = try #require(format["cred"])
    #expect(cred == (16, 88))
    let name = try #require(format["filename"])
    #expect(name == (104, 4))
    #expect(format["what"] == nil && format["comm"] == nil)
  }

  /// The format file of the kernel for what was asked for.
  private static func format(
    _ arguments: [(field: SampleField, argument: FetchArgument)], hasArrays: Bool, gap: Int = 0
  ) -> EventFormat {
    var (text, offset) = ("", 16)
    for (_, argument) in arguments {
      let isSplit = argument.count > 1 && !hasArrays
      for index in 0..<(isSplit ? argument.count : 1) {
        let size = argument.kind.size * (isSplit ? 1 : argument.count)
        let name = isSplit ? argument.memberName(index) : argument.count > 1 ? "\(argument.name)[\(argument.count)]" : argument.name
        text += "\tfield:u64 \(name);\toffset:\(offset);\tsize:\(size);\tsigned:0;\n"
        offset += size + gap
      }
    }
    return EventFormat(Array(text.utf8))
  }

  @Test(arguments: [true, false])
  func layouts(hasArrays: Bool) throws {
    let offsets = Self.offsets()
    var shape = ProbeShape()
    shape.hasArrays = hasArrays
    let arguments = Probe.exec.arguments(offsets, BlockOffsets(offsets), shape)
    let layout = try #require(SampleLayout(Self.format(arguments, hasArrays: hasArrays), arguments, shape))
    #expect(layout[.credentials] == 16 && layout[.moment] == nil)
    let total = arguments.reduce(16) { $0 + $1.argument.kind.size * $1.argument.count }
    #expect(layout.size == total)
    #expect(layout.levels == shape.levels && layout.fileLevels == shape.fileLevels)
    #expect(SampleLayout(Self.format(arguments, hasArrays: hasArrays, gap: 4), arguments, shape) == nil)
    #expect(SampleLayout(EventFormat([]), arguments, shape) == nil)
    // Numbers that are too large to compute with.
    for gap in [1 << 24, 1 << 30, 1 << 40] {
      #expect(SampleLayout(Self.format(arguments, hasArrays: hasArrays, gap: gap), arguments, shape) == nil)
    }
  }

  /// A sample like one that the ring lends.
  private struct Sample {
    var bytes: [UInt8]
    let layout: SampleLayout

    init(_ layout: SampleLayout) {
      self.layout = layout
      bytes = [UInt8](repeating: 0, count: 40 + (layout.size + 7) / 8 * 8)
      bytes[16] = 77
    }

    mutating func set<Value: FixedWidthInteger>(_ field: SampleField, at distance: Int = 0, _ value: Value) {
      set(0, at: layout[field]! + distance, value)
    }

    /// Sets a directory entry that is `level` levels above the leaf.
    mutating func setEntry(_ field: SampleField, _ level: Int = 0, _ entry: UInt64, below parent: UInt64, _ name: String) {
      set(field, at: 64 * level, parent)
      set(field, at: 64 * level + 16, entry + 56)
      set(field, at: 64 * level + 32, name)
    }

    /// Sets the task's root and working directories.
    mutating func setDirectories(root: (mount: UInt64, entry: UInt64), working: (mount: UInt64, entry: UInt64)) {
      for (index, place) in [root.mount, root.entry, working.mount, working.entry].enumerated() {
        set(.fileSystem, at: 8 * index, place)
      }
    }

    private mutating func set<Value: FixedWidthInteger>(_ unused: Int, at offset: Int, _ value: Value) {
      for index in 0..<MemoryLayout<Value>.size { bytes[36 + offset + index] = UInt8(truncatingIfNeeded: value >> (8 * index)) }
    }

    mutating func set(_ field: SampleField, at distance: Int = 0, _ text: String) {
      for (index, byte) in text.utf8.enumerated() { bytes[36 + layout[field]! + distance + index] = byte }
    }
  }

  private func sample(of probe: Probe) throws -> Sample {
    let offsets = Self.offsets()
    let arguments = probe.arguments(offsets, BlockOffsets(offsets), ProbeShape())
    return Sample(try #require(SampleLayout(Self.format(arguments, hasArrays: true), arguments, ProbeShape())))
  }

  private struct Known {
    var uid, ttyMajor, ttyMinor: UInt32
    var effective, flags: UInt64
    var cwd, argument, exe, script: String
    var argumentBytes, argumentsThere: Int
    var exitCode, exitSignal: Int32

    init(_ process: UnsafePointer<quark_process>) {
      let known = unsafe process.pointee
      unsafe (uid, ttyMajor, ttyMinor) = (known.proc_uid, known.proc_tty_major, known.proc_tty_minor)
      unsafe (effective, flags) = (known.proc_cap_effective, known.flags)
      cwd = unsafe known.cwd.map { unsafe String(cString: $0) } ?? ""
      exe = unsafe known.exe.map { unsafe String(cString: $0) } ?? ""
      script = unsafe known.script.map { unsafe String(cString: $0) } ?? ""
      argument = unsafe known.cmdline.map { unsafe String(cString: $0) } ?? ""
      unsafe (argumentBytes, argumentsThere) = (known.cmdline_len, known.cmdline_orig_len)
      unsafe (exitCode, exitSignal) = (known.exit_code, known.exit_signal)
    }
  }

  /// The data that a queue has of the process of a sample.
  private func known(_ sample: Sample, of probe: Probe) -> Known? {
    var layouts = SampleLayouts(seesThreads: false)
    layouts.set(probe, id: 9, sample.layout)
    var translator = SampleTranslator(BlockOffsets(Self.offsets()))
    var pipeline = unsafe EventPipeline(
      quark_queue_attr(
        flags: QQ_MIN_AGG, max_length: 10, cache_grace_time: 4000, hold_time: 10, max_env: 0, kubefd: -1, ruleset: nil,
        ring_size: 0, replay: nil))
    var isTaken = false
    unsafe translator.translate(sample.bytes.span.bytes, probe, layouts) { isTaken = pipeline.insert(record: $0) }
    // Except if it is a helper of the kernel whose fork is not known.
    let isDropped = unsafe sample.bytes.withUnsafeBytes {
      unsafe layouts.isOfKernelThread(probe, $0.baseAddress! + 36) && probe != .fork
    }
    #expect(isTaken != isDropped)
    while unsafe pipeline.next(nowNS: .max, wallOffsetNS: 0) != nil {}
    return unsafe pipeline.processes.lookup(pid: 4_000_000).map { unsafe Known(UnsafePointer($0)) }
  }

  @Test func anExec() throws {
    var sample = try sample(of: .exec)
    // No process has this pid, so nothing is read from /proc.
    sample.set(.tgid, UInt32(4_000_000))
    sample.set(.credentials, UInt32(1000))
    sample.set(.credentials, at: 24 + 16, UInt64(0xff))
    sample.set(.comm, "tool")
    for (level, name) in ["c", "b", "a"].enumerated() {
      sample.setEntry(.folders, level, UInt64(101 + level), below: UInt64(102 + level), name)
    }
    sample.setDirectories(root: (7, 104), working: (7, 101))
    sample.set(.filePath, UInt64(7))
    sample.set(.filePath, at: 8, UInt64(201))
    sample.setEntry(.file, 0, 201, below: 202, "tool")
    sample.setEntry(.file, 1, 202, below: 104, "bin")
    sample.set(.terminal, UInt64(1))
    sample.set(.ttyNumbers, UInt64(136) | 3 << 32)
    sample.set(.ttyIndex, UInt32(2))
    sample.set(.argumentBounds, UInt64(5000))
    sample.set(.argumentBounds, at: 8, UInt64(5008))
    sample.set(.argumentTail, at: 1024 - 8, "tool\0-v\0")
    sample.set(.argumentHead, "tool\0-v\0")
    let whole = try #require(known(sample, of: .exec))
    #expect(whole.uid == 1000 && whole.effective == 0xff)
    #expect(whole.ttyMajor == 136 && whole.ttyMinor == 5)
    #expect(whole.cwd == "/a/b/c" && whole.exe == "/bin/tool" && whole.script == "")
    #expect(whole.argument == "tool" && whole.argumentBytes == 8 && whole.argumentsThere == 8)
    #expect(whole.flags & UInt64(QUARK_F_LATE_CWD | QUARK_F_LATE_CMDLINE) == 0)
    // The content of a field that could not be read is ignored.
    sample.set(.terminal, UInt64(0))
    #expect(try #require(known(sample, of: .exec)).ttyMajor == 0)
    // A long name is not inside its entry.
    sample.set(.folders, at: 64 + 16, UInt64(1))
    #expect(try #require(known(sample, of: .exec)).cwd == "./c")
    sample.set(.folders, at: 64 + 16, UInt64(102 + 56))
    // A file without a name.
    sample.setEntry(.file, 0, 201, below: 201, "memfd:x")
    #expect(try #require(known(sample, of: .exec)).exe == "memfd:x")
    // The same folder in another mount is not the root.
    sample.setDirectories(root: (7, 104), working: (8, 101))
    #expect(try #require(known(sample, of: .exec)).cwd == "./a/b/c")
    // The arguments are longer than was read, and the head of the path is missing.
    sample.set(.argumentBounds, at: 8, UInt64(5000 + 2000))
    sample.set(.argumentHead, "much")
    sample.setDirectories(root: (7, 1), working: (7, 101))
    let cut = try #require(known(sample, of: .exec))
    #expect(cut.argument == "much" && cut.argumentBytes == 64 && cut.argumentsThere == 2000)
    #expect(cut.cwd == "./a/b/c")
  }

  @Test func anExit() throws {
    var sample = try sample(of: .exit)
    sample.set(.tgid, UInt32(4_000_000))
    sample.set(.moment, UInt32(1))
    sample.set(.uts, UInt32(1))
    sample.setDirectories(root: (7, 102), working: (7, 101))
    sample.setEntry(.folders, 0, 101, below: 102, "leaf")
    sample.set(.leaderExitCode, UInt32(3 << 8))
    let exited = try #require(known(sample, of: .exit))
    #expect(exited.cwd == "/leaf" && exited.exitCode == 3)
    sample.set(.groupExitCode, UInt32(9))
    sample.set(.signalFlags, UInt32(4))
    let killed = try #require(known(sample, of: .exit))
    #expect(killed.exitSignal == 9 && killed.exitCode == 0)
    // Only the first thread was killed, and another one ended all with 0.
    sample.set(.leaderExitCode, UInt32(31))
    sample.set(.groupExitCode, UInt32(0))
    let ended = try #require(known(sample, of: .exit))
    #expect(ended.exitSignal == 0 && ended.exitCode == 0)
  }

  @Test func aMount() throws {
    var sample = try sample(of: .fork)
    sample.set(.tgid, UInt32(4_000_000))
    sample.set(.pid, UInt32(4_000_000))
    // /mnt is the root of another file system.
    sample.setDirectories(root: (7, 500), working: (8, 101))
    sample.setEntry(.folders, 0, 101, below: 102, "leaf")
    sample.set(.mount, UInt64(200))
    sample.set(.mount, at: 8, UInt64(102))
    sample.setEntry(.mountPoint, 0, 200, below: 500, "mnt")
    #expect(try #require(known(sample, of: .fork)).cwd == "/mnt/leaf")
    // A mount on a mount: its top has no name, and the system does not list such a mount.
    sample.setEntry(.mountPoint, 0, 200, below: 200, "/")
    #expect(try #require(known(sample, of: .fork)).cwd == "./leaf")
  }

  @Test func kernelThreads() throws {
    var sample = try sample(of: .fork)
    func isAdmitted() -> Bool {
      var layouts = SampleLayouts(seesThreads: true)
      layouts.set(.fork, id: 9, sample.layout)
      return unsafe sample.bytes.withUnsafeBytes { unsafe layouts.admits(.fork, $0.baseAddress! + 36) }
    }
    #expect(isAdmitted())
    sample.set(.flags, UInt32(0x20_0000))
    #expect(isAdmitted(), "made by another than kthreadd, it will execute a program")
    sample.bytes.replaceSubrange(36 + 4..<36 + 8, with: [2, 0, 0, 0])
    #expect(!isAdmitted())
  }

  @Test(arguments: [
    ("/s\0", "/bin/sh\0/s\0", "/s"), ("./s\0", "/bin/sh\0-x\0./s\0a\0", "./s"),
    ("/n\0", "/bin/sh\0/s\0/n\0", "/n"), ("/bin/sh\0", "sh\0/bin/sh\0", nil),
    ("/bin/sh\0", "/bin/sh\0/bin/sh\0", nil), ("/s\0", "/bin/sh\0", nil), ("/s\0", "/bin/sh\0/s", nil),
    ("/s\0", "", nil), ("\0", "/bin/sh\0\0", nil), ("", "/bin/sh\0\0", nil), ("/s\0", "/bin/sh\0/script\0", nil),
    // Only the beginning of the name is known.
    ("/long", "/bin/sh\0/long/name\0a\0", "/long/name"), ("/long", "/bin/sh\0/lone/name\0a\0", nil),
  ] as [(String, String, String?)])
  func scripts(name: String, arguments: String, expected: String?) {
    let (bytes, nameBytes) = (Array(arguments.utf8), Array(name.utf8))
    let place = unsafe CalledName(nameBytes.span.bytes).script(in: bytes.span.bytes)
    #expect(place.map { String(decoding: bytes[$0], as: UTF8.self) } == expected)
  }

  @Test(arguments: [
    ("/bin/sh\0", true), ("/\0", false), ("sh\0", false), ("/bin/./sh\0", false), ("/bin/../sh\0", false),
    ("/bin//sh\0", false), ("/bin/\0", false), ("\0", false), ("/bin/sh", false),
  ])
  func plainPaths(name: String, expected: Bool) {
    let bytes = Array(name.utf8)
    let isPlain = unsafe CalledName(bytes.span.bytes).isPlainPath
    #expect(isPlain == expected)
  }

  // MARK: - Other families

  /// A sample of one of the other families, of the process 77, and the record that it becomes; nil: none.
  private func record<Body: BitwiseCopyable>(
    _ probe: Probe, _ shape: ProbeShape = ProbeShape(), as type: Body.Type, _ fill: (inout Sample) -> Void
  ) throws -> Body? {
    let offsets = Self.offsets()
    let arguments = probe.arguments(offsets, BlockOffsets(offsets), shape)
    var sample = Sample(try #require(SampleLayout(Self.format(arguments, hasArrays: true), arguments, shape)))
    sample.bytes.replaceSubrange(8..<12, with: [77, 0, 0, 0])
    fill(&sample)
    var layouts = SampleLayouts(seesThreads: false)
    layouts.set(probe, id: 9, sample.layout)
    let isAdmitted = unsafe sample.bytes.withUnsafeBytes { unsafe layouts.admits(probe, $0.baseAddress! + 36) }
    guard isAdmitted else { return nil }
    var translator = SampleTranslator(BlockOffsets(offsets))
    var found: Body?
    unsafe translator.translate(sample.bytes.span.bytes, probe, layouts) { record in
      let header = unsafe record.unsafeLoadUnaligned(as: wire_record.self)
      #expect(header.pid == 77 && Int(header.size) == record.byteCount)
      #expect(record.byteCount == MemoryLayout<wire_record>.size + MemoryLayout<Body>.size)
      found = unsafe record.unsafeLoadUnaligned(fromByteOffset: MemoryLayout<wire_record>.size, as: Body.self)
    }
    return found
  }

  @Test func ptraceRequests() throws {
    func request(result: Int64, parent: UInt32) throws -> wire_ptrace? {
      try record(.ptraceRequest, as: wire_ptrace.self) {
        $0.set(.result, result)
        $0.set(.tgid, UInt32(5))
        $0.set(.request, UInt64(3))
        $0.set(.address, UInt64(8))
        $0.set(.data, UInt64(9))
        $0.set(.realParent, parent)
      }
    }
    let call = try #require(try request(result: 0, parent: 1))
    #expect(call.request == 3 && call.addr == 8 && call.data == 9 && call.child_pid == 5 && call.start_boot_ns == 0)
    #expect(try request(result: -3, parent: 1) == nil, "it failed")
    #expect(try request(result: 0, parent: 77) == nil, "it is one's own child")
  }

  @Test func tracees() throws {
    var shape = ProbeShape()
    shape.attachReturns = false
    func attached(_ request: UInt32, _ flags: UInt32) throws -> wire_ptrace? {
      try record(.ptraceAttach, shape, as: wire_ptrace.self) {
        $0.set(.request, request)
        $0.set(.tgid, UInt32(5))
        $0.set(.traceFlags, flags)
      }
    }
    let attach = try #require(try attached(16, 1))
    #expect(attach.request == 16 && attach.child_pid == 5 && attach.data == 0)
    let seize = try #require(try attached(16, 0x1_0001 | 0x10_0001 << 3))
    #expect(seize.request == 0x4206 && seize.data == 0x10_0001)
    #expect(try attached(17, 1) == nil, "a detachment")
    func traceme(_ result: Int32) throws -> wire_ptrace? {
      try record(.ptraceTraceme, as: wire_ptrace.self) { $0.set(.result, result) }
    }
    let own = try #require(try traceme(0))
    #expect(own.request == 0 && own.child_pid == 77)
    #expect(try traceme(-1) == nil)
  }

  /// What a NULL pointer leads to is not read, and in the sample is what stood there before.
  @Test func modules() throws {
    func module(versionPointer: UInt64) throws -> wire_module {
      try #require(
        try record(.module, as: wire_module.self) {
          $0.set(.moduleName, UInt64(0x6d_6d75))
          $0.set(.version, UInt64(0x31))
          $0.set(.versionPointer, versionPointer)
          $0.set(.srcVersion, UInt64.max)
          $0.set(.taints, UInt64(1 << 12))
        })
    }
    let with = try module(versionPointer: 5)
    #expect(with.taints == 1 << 12 && with.name.0 == 0x75 && with.name.3 == 0)
    #expect(with.version.0 == 0x31 && with.version.1 == 0 && with.src_version.0 == 0)
    #expect(try module(versionPointer: 0).version.0 == 0)
    var shape = ProbeShape()
    shape.moduleReturns = true
    let gone = try record(.module, as: wire_module.self) { $0.set(.moduleState, UInt32(2)) }
    #expect(gone == nil, "it goes")
    for (result, isTold) in [(0, true), (-19, false)] as [(Int32, Bool)] {
      let told = try record(.module, shape, as: wire_module.self) { $0.set(.result, result) }
      #expect((told != nil) == isTold)
    }
  }

  @Test(arguments: [
    ("4.19.118-nobtf", false), ("5.10.0-30-cloud-amd64", false), ("5.15.200", false), ("5.16.0-rc1", true),
    ("6.1.0-47-cloud-amd64", true), ("7.3.4+deb13-cloud-amd64", true), ("6", false), ("", false), ("linux", false),
  ])
  func recentKernels(release: String, expected: Bool) { #expect(ProbeShape.isRecent(release) == expected) }

  /// In an event of several probes a number identifies the probe of a sample.
  @Test func moments() throws {
    let offsets = Self.offsets()
    var shape = ProbeShape()
    shape.isRecent = true
    var layouts = SampleLayouts(seesThreads: false)
    var texts: [String] = []
    var made: [Sample] = []
    for probe in [.fork, .exit, .name] as [Probe] {
      let arguments = probe.arguments(offsets, BlockOffsets(offsets), shape)
      texts.append(arguments.map { "\($0.argument.name) \($0.argument.kind) \($0.argument.count)" }.joined(separator: ","))
      let layout = try #require(SampleLayout(Self.format(arguments, hasArrays: true), arguments, shape))
      layouts.set(probe, id: 9, layout)
      made.append(Sample(layout))
    }
    // The kernel accepts them as one event only if all have the same fields.
    #expect(Set(texts).count == 1)
    for (moment, expected) in [(0, .exit), (1, .exit), (Probe.fork.moment, .fork), (Probe.name.moment, .name)]
      as [(Int, Probe)]
    {
      made[0].set(.moment, UInt32(moment))
      made[0].bytes[36] = 9
      let found = unsafe made[0].bytes.withUnsafeBytes {
        unsafe layouts.probe(of: $0.baseAddress! + 36, size: $0.count - 36)
      }
      #expect(found == expected)
      let short = unsafe made[0].bytes.withUnsafeBytes { unsafe layouts.probe(of: $0.baseAddress! + 36, size: 20) }
      #expect(short == nil)
    }
    let (isKnown, isOther) = (layouts.knows(9), layouts.knows(0))
    #expect(isKnown && !isOther)
  }

  /// A sample with any content becomes a valid record.
  @Test func anyBytes() throws {
    var random = SystemRandomNumberGenerator()
    for probe in [.fork, .exec, .exit, .name] as [Probe] {
      for _ in 0..<200 {
        var sample = try sample(of: probe)
        for index in 40..<sample.bytes.count { sample.bytes[index] = UInt8.random(in: 0...255, using: &random) }
        sample.set(.tgid, UInt32(4_000_000))
        _ = known(sample, of: probe)
      }
    }
  }

  @Test func pathsFromTheirEnd() {
    var names = DirectoryNames()
    func add(_ name: String) -> Bool {
      let bytes = Array(name.utf8) + [UInt8](repeating: 0, count: 32)
      return unsafe bytes.withUnsafeBytes { unsafe names.prepend($0.baseAddress!, limit: 32) }
    }
    names.begin()
    #expect(add("b") && add("a"))
    let (isEnd, isNoEnd) = (names.isEnd(of: Array("/x/a/b".utf8).span), !names.isEnd(of: Array("/b".utf8).span))
    #expect(isEnd && isNoEnd)
    #expect(!add(String(repeating: "n", count: 32)), "a name without its end")
    names.complete()
    let isComplete = names.isComplete
    #expect(isComplete)
    names.begin()
    let isBegun = !names.isComplete && names.isEnd(of: Array("/".utf8).span)
    #expect(isBegun)
  }
}
