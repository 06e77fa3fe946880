internal import CQuark

/// One process of a machine on which records are lost: its number names it for good, and is its user id and in all its
/// strings, so that whatever is told of a process shows whose it is.
struct Life {
  /// From 1; those of the parents are smaller.
  let number: UInt32
  let pid: UInt32
  /// Nanoseconds since boot.
  let startNS: UInt64
  /// 0: it was there from the beginning.
  let parent: UInt32
  /// When it is gone from /proc, nanoseconds since boot; nil while it lives.
  var goneNS: UInt64?
  /// A record with its task has left the queue.
  var isTold = false
  /// So has one of an exec.
  var hasExecuted = false
  /// What it inherited may be a stranger's, and no record could have said so: all that told of its parent was lost.
  var isUnsure = false
}

/// What happens to the records, and how they are joined: all of it follows from the seed.
struct LossParameters {
  /// Records that are lost by chance, of a thousand, of those kinds.
  let lostPerMille: Int
  let lostKinds: Set<LifeRecord.Kind>
  /// Sources that are read, one for each CPU.
  let sourceCount: Int
  /// A CPU goes offline, and comes back, each so many records; 0: never. What happens on it meanwhile is lost.
  let hotplugPeriod: Int
  /// Those are counted as lost.
  let countsHotplug: Bool
  /// Of a thousand, those that come to their source late, by up to so many nanoseconds.
  let delayedPerMille: Int
  let longestDelayNS: Int
  /// As kprobes tell it: an exec in two records, of which the first has no task, and names without one.
  let isInParts: Bool
  /// Threads are told of, too, without a task.
  let hasThreads: Bool
  let isMinimal: Bool
  /// Raw events that the queue holds at most, and whether now and then more are read than fit.
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
    // Pids come again after some clock ticks at the earliest: within one, /proc could not tell two processes apart.
    paceNS = random.pick([200_000, 500_000, 2_000_000])
    processLimit = random.pick([10, 100, 240])
    hasThreads = random.below(3) == 0
    maxLength = random.pick([40, 1000])
    overfills = random.below(2) == 0
  }
}

/// One record of a life. Its stamp is no other's.
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
  /// When it stands in its source.
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
