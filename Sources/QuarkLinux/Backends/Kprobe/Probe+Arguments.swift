internal import QuarkBTF

/// Places of a sample, by what is there.
enum SampleField: Int, CaseIterable {
  case credentials, fileSystem, folders, mount, mountPoint, mountID
  case file, filePath, fileMount, filePoint, fileMountID
  case flags, pgid, sid, terminal, ttyNumbers, ttyMajor, ttyMinorStart, ttyIndex, tgid, pid, ppid, start, comm
  case uts, ipc, mnt, net
  case cgroup, pidsCgroup
  case moment, signalFlags, leaderExitCode, groupExitCode
  case argumentBounds, argumentHead, argumentTail
  case calledName
  case isByExec, newName
  case moduleState, moduleName, versionPointer, version, srcVersionPointer, srcVersion, taints
  case result, request, address, data, traceFlags, realParent
}

extension Probe {
  /// The values that are read at a hit, in the order of the sample. If a field has several arguments, they are
  /// consecutive.
  func arguments(
    _ offsets: KernelOffsets, _ blocks: BlockOffsets, _ shape: ProbeShape
  ) -> [(field: SampleField, argument: FetchArgument)] {
    var list = ArgumentList(offsets: offsets, blocks: blocks, shape: shape)
    switch self {
    case .fork:
      list.addTask()
      list.addControlGroup()
      if shape.joinsLives { list.addEnd(for: self) }
    case .exec:
      list.addTask()
      list.addControlGroup()
      list.addFile()
      list.addProgramArguments()
      list.addCalledName()
    case .exit:
      list.addTask(named: [offsets.place(.taskStructGroupLeader)])
      if shape.joinsLives { list.addControlGroup(is: false) }
      list.addEnd(for: self)
    case .name:
      if shape.joinsLives, shape.isRecent {
        list.addTask()
        list.addControlGroup(is: false)
        list.addEnd(for: self)
      } else {
        list.addName()
      }
    case .module:
      if shape.moduleReturns { list.addResult(.s32) }
      list.addModule(shape.moduleReturns ? .kept(0) : .parameter(0))
    case .ptraceAttach:
      if shape.attachReturns { list.addCall(.s32) } else { list.addAttached() }
    case .ptraceTraceme: list.addResult(.s32)
    case .ptraceRequest:
      list.addCall(.s64)
      list.addRealParent()
    }
    return list.arguments
  }
}

private struct ArgumentList {
  let offsets: KernelOffsets
  let blocks: BlockOffsets
  let shape: ProbeShape
  var arguments: [(field: SampleField, argument: FetchArgument)] = []

  private mutating func add(
    _ field: SampleField, _ name: String, _ kind: FetchArgument.Kind = .u64, count: Int = 1, parameter: Int = 0,
    at chain: [Int]
  ) {
    arguments.append((field, FetchArgument(name, kind, count: count, parameter: parameter, chain)))
  }

  /// If `is` is false, only another probe of the event reads this.
  private mutating func add(
    _ field: SampleField, _ name: String, _ kind: FetchArgument.Kind, is isRead: Bool, at chain: [Int]
  ) {
    let argument = isRead ? FetchArgument(name, kind, chain) : FetchArgument(name, kind, constant: 0)
    arguments.append((field, argument))
  }

  private subscript(_ name: Dotname) -> Int { offsets.place(name) }

  // The first argument of the functions is the task. `leader` leads to the task with the name of the process: the last
  // thread may have another name.
  mutating func addTask(named leader: [Int] = []) {
    let credentials = blocks.credentials
    add(.credentials, "cred", count: credentials.count / 8, at: [self[.taskStructCred], credentials.lowerBound])
    add(.start, "start", at: [self[.taskStructStartBoottime]])
    add(.comm, "comm", count: 2, at: leader + [self[.taskStructComm]])
    addFlags()
    addDirectory()
    add(.tgid, "tgid", .u32, at: [self[.taskStructTgid]])
    add(.pid, "pid", .u32, at: [self[.taskStructPid]])
    add(.ppid, "ppid", .u32, at: [self[.taskStructGroupLeader], self[.taskStructRealParent], self[.taskStructTgid]])
    add(.pgid, "pgid", .u32, at: groupChain(self[.pidTypePGID]))
    add(.sid, "sid", .u32, at: groupChain(self[.pidTypeSID]))
    addTerminal()
    addNamespaces()
  }

  /// If a value cannot be read, the sample keeps old bytes in its place; so the pointer of the terminal tells whether
  /// there is one. For a process without a terminal each of the other arguments costs a fault, so there are as few as
  /// possible. All other values are reached by pointers that a task has from its beginning until after the probe of its
  /// exit.
  private mutating func addTerminal() {
    let terminal = [self[.taskStructSignal], self[.signalStructTty]]
    add(.terminal, "tty", at: terminal)
    let driver = terminal + [self[.ttyStructDriver]]
    if self[.ttyDriverMinorStart] == self[.ttyDriverMajor] + 4 {
      add(.ttyNumbers, "ttydrv", at: driver + [self[.ttyDriverMajor]])
    } else {
      add(.ttyMajor, "ttymaj", .u32, at: driver + [self[.ttyDriverMajor]])
      add(.ttyMinorStart, "ttymin", .u32, at: driver + [self[.ttyDriverMinorStart]])
    }
    add(.ttyIndex, "ttyidx", .u32, at: terminal + [self[.ttyStructIndex]])
  }

  /// The id of a task's group or session in the initial namespace.
  private func groupChain(_ type: Int) -> [Int] {
    let number = self[.pidNumbers] + self[.upidNr]
    if let pids = offsets[.signalStructPids] { return [self[.taskStructSignal], pids + 8 * type, number] }
    // Up to Linux 4.18: an array of struct pid_link, a list node of 16 bytes and the pointer.
    return [self[.taskStructGroupLeader], self[.taskStructPids] + 24 * type + 16, number]
  }

  private mutating func addNamespaces() {
    let proxy = self[.taskStructNsproxy]
    add(.uts, "uts", .u32, at: [proxy, self[.nsproxyUtsNs], self[.utsNamespaceProcInum]])
    add(.ipc, "ipc", .u32, at: [proxy, self[.nsproxyIpcNs], self[.ipcNamespaceProcInum]])
    add(.mnt, "mnt", .u32, at: [proxy, self[.nsproxyMntNs], self[.mntNamespaceProcInum]])
    add(.net, "net", .u32, at: [proxy, self[.nsproxyNetNs], self[.netNamespaceProcInum]])
  }

  private mutating func addDirectory() {
    let fileSystem = self[.taskStructFs]
    add(.fileSystem, "fs", count: blocks.fileSystem.count / 8, at: [fileSystem, blocks.fileSystem.lowerBound])
    addEntries(.folders, "dir", shape.levels, at: [fileSystem, self[.fsStructPwdDentry]])
    let mount = [fileSystem, self[.fsStructPwdMnt]]
    add(.mount, "mount", count: blocks.mount.count / 8, at: mount + [blocks.mount.lowerBound])
    addEntries(.mountPoint, "point", 1, at: mount + [blocks.mountPoint])
    addMountID(.mountID, "mid", at: mount)
  }

  /// Names of entries, from the entry at the end of the chain upwards.
  private mutating func addEntries(_ field: SampleField, _ name: String, _ levels: Int, at chain: [Int]) {
    for level in 0..<levels {
      let parents = [Int](repeating: self[.dentryDParent], count: level)
      add(field, "\(name)\(level)", count: blocks.entry.count / 8, at: chain + parents + [blocks.entry.lowerBound])
    }
  }

  private mutating func addMountID(_ field: SampleField, _ name: String, at mount: [Int]) {
    guard let place = offsets[.mountMntID] else { return }
    add(field, name, .u32, at: mount + [place - self[.mountMnt]])
  }

  /// The executable: the memory structure of a process has its file.
  mutating func addFile() {
    guard let place = offsets[.mmStructExeFile], let entry = offsets[.fileFPathDentry], let mnt = offsets[.fileFPathMnt]
    else { return }
    let file = [self[.taskStructMm], place]
    addEntries(.file, "exe", shape.fileLevels, at: file + [entry])
    add(.filePath, "epath", count: blocks.path.count / 8, at: file + [blocks.path.lowerBound])
    add(.fileMount, "emount", count: blocks.mount.count / 8, at: file + [mnt, blocks.mount.lowerBound])
    addEntries(.filePoint, "epoint", 1, at: file + [mnt, blocks.mountPoint])
    addMountID(.fileMountID, "emid", at: file + [mnt])
  }

  /// The id of the group in the unified hierarchy, and in that of the pids controller; the exit of a process does not
  /// need it.
  mutating func addControlGroup(is isRead: Bool = true) {
    guard let groups = offsets[.taskStructCgroups], let unified = offsets[.cssSetDflCgrp],
      let node = offsets[.cgroupKn], let id = offsets[.kernfsNodeID]
    else { return }
    add(.cgroup, "cgroup", .u64, is: isRead, at: [groups, unified, node, id])
    guard shape.hasPidsHierarchy, let subsystems = offsets[.cssSetSubsys], let pids = offsets[.cgroupSubsysIDPids],
      let group = offsets[.cgroupSubsysStateCgroup]
    else { return }
    add(.pidsCgroup, "pids", .u64, is: isRead, at: [groups, subsystems + 8 * pids, group, node, id])
  }

  /// Arguments are read backwards from their end. Below them is the rest of a new process's stack, so it is harmless to
  /// read too much; above them the stack may end soon, and each word after its end would cost a fault.
  mutating func addProgramArguments() {
    guard let start = offsets[.mmStructArgStart], let end = offsets[.mmStructArgEnd], end == start + 8 else { return }
    let memory = self[.taskStructMm]
    add(.argumentBounds, "args", count: 2, at: [memory, start])
    add(.argumentHead, "head", count: shape.headBytes / 8, at: [memory, start, 0])
    // No array has more than 64 members: MAX_ARRAY_LEN in kernel/trace/trace_probe.h.
    var distance = shape.argumentBytes
    while distance > 0 {
      let bytes = min(distance, 512)
      add(.argumentTail, "tail\(distance)", count: bytes / 8, at: [memory, end, -distance])
      distance -= bytes
    }
  }

  /// The name that was passed to execve(2). The kernel copies it to the stack of a new program first, and then the
  /// environment below it, so the name begins at the end of the environment: do_execveat_common() in fs/exec.c.
  mutating func addCalledName() {
    guard let start = offsets[.mmStructArgStart], let end = offsets[.mmStructArgEnd], end == start + 8 else { return }
    // arg_start, arg_end, env_start, env_end follow one another.
    let chain = [self[.taskStructMm], end + 16, 0]
    if shape.isRecent {
      add(.calledName, "called", .string, at: chain)
    } else {
      add(.calledName, "called", count: shape.calledBytes / 8, at: chain)
    }
  }

  mutating func addEnd(for probe: Probe) {
    let isRead = probe == .exit
    let constant = FetchArgument("dead", .u32, constant: probe.moment)
    arguments.append((.moment, isRead ? FetchArgument("dead", .u32, parameter: 1, []) : constant))
    let leader = self[.taskStructGroupLeader]
    add(.leaderExitCode, "code", .u32, is: isRead, at: [leader, self[.taskStructExitCode]])
    if let flags = offsets[.signalStructFlags] {
      add(.signalFlags, "sigflags", .u32, is: isRead, at: [self[.taskStructSignal], flags])
    }
    if let place = offsets[.signalStructGroupExitCode] {
      add(.groupExitCode, "gcode", .u32, is: isRead, at: [self[.taskStructSignal], place])
    }
  }

  private mutating func addFlags() {
    if let flags = offsets[.taskStructFlags] { add(.flags, "flags", .u32, at: [flags]) }
  }

  mutating func addName() {
    addFlags()
    if shape.isRecent {
      add(.newName, "new", count: 2, at: [self[.taskStructComm]])
    } else {
      add(.isByExec, "byexec", .u8, parameter: 2, at: [])
      add(.newName, "new", count: 2, parameter: 1, at: [0])
    }
    add(.tgid, "tgid", .u32, at: [self[.taskStructTgid]])
    add(.pid, "pid", .u32, at: [self[.taskStructPid]])
  }

  // MARK: - Other families

  /// Texts are read in whole words, for how long they are is not known. A pointer that is NULL says that there is none:
  /// what cannot be read leaves in the sample what stood there before.
  mutating func addModule(_ source: FetchArgument.Source) {
    func add(_ field: SampleField, _ name: String, count: Int = 1, at chain: [Int]) {
      arguments.append((field, FetchArgument(name, .u64, count: count, from: source, chain)))
    }
    arguments.append((.moduleState, FetchArgument("state", .u32, from: source, [self[.moduleState]])))
    add(.moduleName, "name", count: 7, at: [self[.moduleName]])
    add(.versionPointer, "vptr", at: [self[.moduleVersion]])
    add(.version, "version", count: 16, at: [self[.moduleVersion], 0])
    add(.srcVersionPointer, "sptr", at: [self[.moduleSrcversion]])
    add(.srcVersion, "srcver", count: 8, at: [self[.moduleSrcversion], 0])
    add(.taints, "taints", at: [self[.moduleTaints]])
  }

  mutating func addResult(_ kind: FetchArgument.Kind) {
    arguments.append((.result, FetchArgument("ret", kind, from: .result)))
  }

  /// The return of a function whose arguments are a task, a request of ptrace(2) and what belongs to that.
  mutating func addCall(_ result: FetchArgument.Kind) {
    addResult(result)
    arguments.append((.tgid, FetchArgument("tgid", .u32, from: .kept(0), [self[.taskStructTgid]])))
    arguments.append((.request, FetchArgument("request", .u64, from: .kept(1))))
    arguments.append((.address, FetchArgument("addr", .u64, from: .kept(2))))
    arguments.append((.data, FetchArgument("data", .u64, from: .kept(3))))
  }

  mutating func addRealParent() {
    let chain = [self[.taskStructRealParent], self[.taskStructTgid]]
    arguments.append((.realParent, FetchArgument("parent", .u32, from: .kept(0), chain)))
  }

  /// proc_ptrace_connector(task, request): how it is traced, its flags say.
  mutating func addAttached() {
    arguments.append((.request, FetchArgument("request", .u32, parameter: 1, [])))
    add(.tgid, "tgid", .u32, at: [self[.taskStructTgid]])
    add(.traceFlags, "flags", .u32, at: [self[.taskStructPtrace]])
  }
}
