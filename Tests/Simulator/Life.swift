internal import CQuark

/// One process of a machine on which records are lost: its number names it for good, and is its user id and in all its
/// strings, so that whatever is told of a process shows whose it is.
struct Life {
  /// From 1; parents have smaller numbers.
  let number: UInt32
  let pid: UInt32
  /// Nanoseconds since boot.
  let startNS: UInt64
  /// The number of the parent; 0 if the process existed from the beginning.
  let parent: UInt32
  /// When it disappears from /proc, nanoseconds since boot; nil while it is alive.
  var goneNS: UInt64?
  /// True once a record with its task has left the queue.
  var isTold = false
  /// True once a record of an exec has left the queue.
  var hasExecuted = false
  /// True if its inherited data may belong to another process and no record could show this, because all records of its
  /// parent were lost.
  var isUnsure = false
}

/// What happens to the records, and how they are joined. Everything follows from the seed.
struct LossParameters {
  /// How many of a thousand records of these kinds are lost by chance.
  let lostPerMille: Int
  let lostKinds: Set<LifeRecord.Kind>
  /// The number of sources, one for each CPU.
  let sourceCount: Int
  /// After this many records a CPU goes offline or comes back; 0 means never. Its records in between are lost.
  let hotplugPeriod: Int
  /// True if these are counted as lost.
  let countsHotplug: Bool
  /// How many of a thousand records come to their source late, and the longest delay in nanoseconds.
  let delayedPerMille: Int
  let longestDelayNS: Int
  /// True for records like those of kprobes: an exec in two records, the first without a task, and names without a
  /// task.
  let isInParts: Bool
  /// True if threads are reported, too, without a task.
  let hasThreads: Bool
  let isMinimal: Bool
  /// The maximum number of raw events in the queue, and whether sometimes more are read than fit.
  let maxLength: Int
  let overfills: Bool
  let graceTimeMS: Int
  let paceNS: Int
  let processLimit: Int

  init(seed: UInt64) {
    var random = SeededGenerator(seed)
    lostPerMille = random.pick([0, 1, 20, 100, 400])
    let kinds = LifeRecord.Kind.allCases
    lostKinds = random.below(2) == 0 ? Set(kinds) : [random.pick(kinds), random.pick(kinds)]
    sourceCount = random.magnitude(1...16)
    hotplugPeriod = random.pick([0, 500, 5000])
    countsHotplug = random.below(2) == 0
    delayedPerMille = random.pick([0, 5, 50])
    longestDelayNS = random.pick([1_000_000, 50_000_000, 2_000_000_000])
    isInParts = random.below(2) == 0
    isMinimal = random.below(3) == 0
    graceTimeMS = random.pick([0, 1, 50, 4000])
    // A pid is used again only after some clock ticks: within one tick, /proc could not distinguish two processes.
    paceNS = random.pick([200_000, 500_000, 2_000_000])
    processLimit = random.pick([10, 100, 240])
    hasThreads = random.below(3) == 0
    maxLength = random.pick([40, 1000])
    overfills = random.below(2) == 0
  }
}

/// One record of a life. Its time stamp is unique.
struct LifeRecord {
  enum Kind: CaseIterable {
    case fork, exec, connector, exit, name, ids, getpid, ptrace, memoryFile, module
    case threadFork, threadName, threadExit

    var type: raw_types {
      switch self {
      case .fork, .threadFork: RAW_WAKE_UP_NEW_TASK
      case .exec: RAW_EXEC
      case .connector: RAW_EXEC_CONNECTOR
      case .exit, .threadExit: RAW_EXIT_THREAD
      case .name, .threadName: RAW_COMM
      case .ids: RAW_ID_CHANGE
      case .getpid: RAW_GETPID
      case .ptrace: RAW_PTRACE
      case .memoryFile: RAW_SHM
      case .module: RAW_MODULE_LOAD
      }
    }
  }

  var kind: Kind
  var life: UInt32
  var timeNS: UInt64
  /// When it is in its source.
  var writtenNS: UInt64
  var source: Int
  var hasTask = true

  /// What one of another family tells: whose it is.
  var payload: Payload? {
    switch kind {
    case .ptrace: .ptrace(child: life, request: 16, address: UInt64(life), data: timeNS)
    case .memoryFile: .memoryFile(name: LifeJudge.path(life), flags: life)
    case .module: .module(name: LifeJudge.path(life), version: [], sourceVersion: [], taints: UInt64(life))
    default: nil
    }
  }
}
