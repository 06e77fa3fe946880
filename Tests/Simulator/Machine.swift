internal import CQuark

/// A machine whose processes do random things. Most of them make records; some make none, such as the end of a thread.
package struct Machine {
  private struct Process {
    var pid: UInt32
    var task: TaskState
    var workingDirectory: [UInt8]
    var threadCount = 1
    /// When it was forked; its children begin later.
    var forkedNS: UInt64 = 0
    /// The data in the records so far.
    var told: Truth
  }

  private let parameters: Parameters
  private var random: SeededGenerator
  private var nowNS = Machine.startNS
  private var burstLeft = 0
  private var processes: [Process] = []
  private var isTaken: [Bool]
  /// When the last process with each pid ended.
  private var freedNS: [UInt64]
  private var nextPID = 0
  private var skewsNS: [Int] = []
  private var records: [Record] = []

  /// The time at which rounds begin, nanoseconds since boot.
  static var startNS: UInt64 { 10_000_000_000 }

  private init(_ parameters: Parameters) {
    self.parameters = parameters
    random = SeededGenerator(~parameters.seed)
    isTaken = Array(repeating: false, count: parameters.pidCount)
    freedNS = Array(repeating: 0, count: parameters.pidCount)
    for _ in 0..<parameters.cpuCount { skewsNS.append(random.below(2 * parameters.skewNS + 1) - parameters.skewNS) }
    // These processes existed before the recording began.
    for _ in 0..<max(1, min(parameters.processLimit, parameters.pidCount) / 2) {
      guard let pid = allocatePID() else { break }
      var task = TaskState()
      (task.startNS, task.comm) = (UInt64(pid), Array("old".utf8))
      processes.append(Process(pid: pid, task: task, workingDirectory: path(), told: Truth(comm: [], uid: 0)))
    }
  }

  /// The records of a round, in the order in which they happen. With a smaller `recordCount` they are a prefix.
  package static func run(_ parameters: Parameters) -> [Record] {
    var machine = Machine(parameters)
    while machine.records.count < parameters.recordCount { machine.step() }
    return Array(machine.records.prefix(parameters.recordCount))
  }

  // MARK: - Actions

  private mutating func step() {
    pass()
    if random.chance(perMille: parameters.malformedPerMille) {
      spoil()
      return
    }
    let index = random.below(processes.count)
    switch random.below(100) {
    case 0..<28: fork(index)
    case 28..<46: exec(index)
    case 46..<54: changeIDs(index)
    case 54..<60: changeComm(index)
    case 60..<63: tell(RAW_GETPID, index) { $0.isWire = $0.timeNS % 2 == 0 }
    case 63..<68: somethingElse(index)
    case 68..<71: processes[index].workingDirectory = path()
    case 71..<74: processes[index].threadCount += 1
    case 74..<77: processes[index].threadCount = max(1, processes[index].threadCount - 1)
    default: if processes.count > 1 { exit(index) }
    }
  }

  private mutating func pass() {
    if burstLeft > 0 {
      burstLeft -= 1
      nowNS += UInt64(random.below(3))
    } else {
      burstLeft = random.below(parameters.burstLength)
      nowNS += UInt64(random.below(2 * parameters.paceNS))
    }
    nowNS += parameters.hasExactClock ? 1 : 0
  }

  private mutating func fork(_ parent: Int) {
    guard processes.count < parameters.processLimit, let pid = allocatePID() else {
      exit(parent)
      return
    }
    var child = processes[parent]
    (child.pid, child.threadCount) = (pid, 1)
    child.task.ppid = processes[parent].pid
    child.task.startNS = max(
      nowNS - UInt64(random.below(1000)), freedNS[Int(pid - parameters.firstPID)] + 1, processes[parent].forkedNS)
    child.forkedNS = nowNS
    child.told.workingDirectory = nil
    processes.append(child)
    let tellsDirectory = random.below(4) != 0
    tell(RAW_WAKE_UP_NEW_TASK, processes.count - 1) { record in
      record.isWire = true
      if tellsDirectory { record.workingDirectory = child.workingDirectory }
    }
  }

  private mutating func exec(_ index: Int) {
    let isHuge = random.chance(perMille: parameters.hugePerMille)
    let (exe, arguments) = (path(isHuge: isHuge), arguments(isHuge: isHuge))
    let name = exe.split(separator: UInt8(ascii: "/")).last.map { Array($0) } ?? exe
    // A thread that is not the leader may have made the call: the others end, and the process keeps its pid.
    let tid = processes[index].pid + UInt32(random.below(processes[index].threadCount))
    processes[index].threadCount = 1
    processes[index].task.comm = Array(name.prefix(16))
    if random.below(8) == 0 { changeTerminal(index) }
    if random.below(5) == 0 {
      execInTwoParts(index, tid: tid, exe: exe, arguments: arguments)
      return
    }
    let (directory, isWire) = (processes[index].workingDirectory, random.below(3) != 0)
    let more = isWire ? nil : (bytes(isHuge ? 40960 : 100), path(isHuge: isHuge))
    tell(RAW_EXEC, index) { record in
      (record.tid, record.isWire) = (tid, isWire)
      (record.exe, record.arguments, record.workingDirectory) = (exe, arguments, directory)
      (record.environment, record.controlGroup) = (more?.0, more?.1)
    }
  }

  /// An exec as from probes of old kernels: first the path, later the rest.
  private mutating func execInTwoParts(_ index: Int, tid: UInt32, exe: [UInt8], arguments: [UInt8]) {
    processes[index].told.exe = exe
    tell(RAW_EXEC, index, hasTask: false) { ($0.tid, $0.exe) = (tid, exe) }
    pass()
    tell(RAW_EXEC_CONNECTOR, index) { ($0.tid, $0.arguments) = (tid, arguments) }
  }

  private mutating func changeTerminal(_ index: Int) {
    processes[index].task.ttyMajor = random.pick([0, 4, 136, 143, 5])
    processes[index].task.ttyMinor = UInt32(random.below(300))
  }

  private mutating func changeIDs(_ index: Int) {
    var change: UInt32 = 0
    if random.below(2) == 0 {
      change |= UInt32(QUARK_ID_CHANGE_SETUID)
      for id in [0, 2, 4] { processes[index].task.ids[id] = UInt32(random.below(5)) }
    }
    if random.below(2) == 0 {
      change |= UInt32(QUARK_ID_CHANGE_SETGID)
      for id in [1, 3, 5] { processes[index].task.ids[id] = UInt32(random.below(5)) }
    }
    if change == 0 {
      change = UInt32(QUARK_ID_CHANGE_SETSID)
      processes[index].task.sid = processes[index].pid
      processes[index].task.pgid = processes[index].pid
    }
    processes[index].task.capabilities[random.below(4)] = random.next() >> 23
    tell(RAW_ID_CHANGE, index) { $0.idChange = change }
  }

  private mutating func changeComm(_ index: Int) {
    let comm = random.bytes(count: random.below(17))
    processes[index].task.comm = comm
    processes[index].told.comm = Array(comm.prefix(15))
    tell(RAW_COMM, index, hasTask: false) { $0.comm = comm }
  }

  private mutating func somethingElse(_ index: Int) {
    let type = random.pick([RAW_SOCK_CONN, RAW_PACKET, RAW_FILE, RAW_PTRACE, RAW_MODULE_LOAD, RAW_SHM, RAW_TTY])
    let payload = Payload(of: type, from: &random)
    let startNS = random.below(2) == 0 ? processes[index].task.startNS : nil
    tell(type, index, hasTask: false) { record in
      (record.payload, record.isWire) = (payload, payload != nil)
      if payload != nil { record.actorStartNS = startNS }
    }
  }

  private mutating func exit(_ index: Int) {
    guard processes.count > 1 else { return }
    let code = random.below(3) == 0 ? random.pick([9, 11 | 0x80, 15]) : random.below(256) << 8
    let (isWire, hasLeft) = (random.below(2) == 0, random.below(2) == 0)
    let (pid, directory) = (processes[index].pid, processes[index].workingDirectory)
    tell(RAW_EXIT_THREAD, index) { record in
      record.isWire = isWire
      record.task!.exitCode = Int32(code)
      record.workingDirectory = directory
      // A task that is being torn down has left its namespaces and its directory.
      if hasLeft { (record.task!.namespaces, record.workingDirectory) = ([0, 0, 0, 0], [UInt8(ascii: "/")]) }
    }
    isTaken[Int(pid - parameters.firstPID)] = false
    freedNS[Int(pid - parameters.firstPID)] = nowNS
    processes.swapAt(index, processes.count - 1)
    processes.removeLast()
    for index in processes.indices where processes[index].task.ppid == pid {
      processes[index].task.ppid = parameters.firstPID
    }
  }

  // MARK: - Records

  private mutating func tell(
    _ type: raw_types, _ index: Int, hasTask: Bool = true, _ fill: (inout Record) -> Void = { _ in }
  ) {
    var record = stamped(type, pid: processes[index].pid)
    if hasTask {
      if random.below(10) == 0 { processes[index].task.namespaces[random.below(4)] = UInt32(random.below(100)) }
      record.task = processes[index].task
      record.task!.capabilities[4] = UInt64(records.count) + 1
    }
    fill(&record)
    if let task = record.task {
      processes[index].told.comm = Array(task.comm.prefix(15))
      processes[index].told.uid = task.ids[0]
    }
    if let exe = record.exe { processes[index].told.exe = exe }
    // Wire records of an exec describe its whole image: if there are no arguments, the process has none.
    if record.isWire, type == RAW_EXEC { processes[index].told.arguments = nil }
    if let arguments = record.arguments, !arguments.isEmpty { processes[index].told.arguments = arguments }
    if let path = record.workingDirectory, !record.hasLeft { processes[index].told.workingDirectory = path }
    record.truth = processes[index].told
    records.append(record)
  }

  private mutating func spoil() {
    let kinds: [raw_types] = [RAW_WAKE_UP_NEW_TASK, RAW_EXEC, RAW_EXIT_THREAD] + Payload.types
    var record = stamped(random.pick(kinds), pid: UInt32(random.in(1...1000)))
    record.payload = Payload(of: record.type, from: &random)
    record.isWire = true
    record.damage = random.pick(Damage.allCases)
    if random.below(2) == 0 { record.exe = path() }
    records.append(record)
  }

  private mutating func stamped(_ type: raw_types, pid: UInt32) -> Record {
    let cpu = random.below(parameters.cpuCount)
    let stamp = UInt64(Int(nowNS) + skewsNS[cpu])
    let isDelayed = random.chance(perMille: parameters.delayedPerMille)
    let delayNS = random.below(isDelayed ? parameters.longestDelayNS : 300)
    return Record(
      type: type, timeNS: stamp - stamp % UInt64(parameters.granularityNS), writtenNS: nowNS + UInt64(delayNS),
      cpu: cpu, pid: pid, tid: pid)
  }

  // MARK: - Names

  /// The next free pid; after the largest one it begins again.
  private mutating func allocatePID() -> UInt32? {
    for _ in isTaken.indices {
      let slot = nextPID
      nextPID = (nextPID + 1) % isTaken.count
      if !isTaken[slot] {
        isTaken[slot] = true
        return parameters.firstPID + UInt32(slot)
      }
    }
    return nil
  }

  private static let names: [[UInt8]] =
    ["sshd", "login", "runc", "ssm-session-worker", "containerd-shim-v2", "pause", "sh", "ls", "make"].map {
      Array($0.utf8)
    }

  private mutating func path(isHuge: Bool = false) -> [UInt8] {
    if isHuge { return (0..<31).flatMap { _ in [UInt8(ascii: "/")] + random.bytes(count: 250) } }
    switch random.below(40) {
    case 0: return [UInt8(ascii: "/")]
    case 1: return Array("memfd:x".utf8)
    case 2: return Array("./cut/sh".utf8)
    case 3: return Array("/long/".utf8) + random.bytes(count: random.in(200...255))
    case 4...9: return Array("/bin/".utf8) + random.bytes(count: random.in(1...3))
    default: return Array("/usr/bin/".utf8) + random.pick(Self.names)
    }
  }

  private mutating func arguments(isHuge: Bool) -> [UInt8] {
    if isHuge { return bytes(20480) }
    return random.below(20) == 0 ? [] : bytes(random.magnitude(1...2000))
  }

  private mutating func bytes(_ limit: Int) -> [UInt8] {
    var result = random.bytes(count: random.in(max(1, limit / 2)...limit))
    if random.below(4) != 0 { result[result.count - 1] = 0 }
    return result
  }
}
