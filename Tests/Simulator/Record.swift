internal import CQuark

/// The numbers of a task that a record tells.
package struct TaskState: Equatable, Sendable {
  /// Nanoseconds since boot.
  var startNS: UInt64 = 0
  /// Inheritable, permitted, effective, bounding, ambient. The last one is the record's number plus one: so it can be
  /// seen which record a process was told by last.
  var capabilities: [UInt64] = [0, 0, 0, 0, 0]
  var ppid: UInt32 = 0
  /// uid, gid, suid, sgid, euid, egid.
  var ids: [UInt32] = [0, 0, 0, 0, 0, 0]
  var pgid: UInt32 = 0
  var sid: UInt32 = 0
  var ttyMajor: UInt32 = 0
  var ttyMinor: UInt32 = 0
  /// uts, ipc, mnt, net.
  var namespaces: [UInt32] = [0, 0, 0, 0]
  /// As wait(2) has it.
  var exitCode: Int32 = 0
  /// 16 bytes at most.
  var comm: [UInt8] = []
}

/// What somebody who had seen every record at once would know of a process.
struct Truth: Equatable, Sendable {
  var exe: [UInt8]?
  var arguments: [UInt8]?
  var workingDirectory: [UInt8]?
  var comm: [UInt8]
  var uid: UInt32
}

/// How the bytes of a record are spoiled.
enum Damage: CaseIterable, Sendable {
  case short, sizeBeyondEnd, sizeBelowHeader, noPID, hugePID, unknownType, fieldMissing, fieldBeyondEnd, unknownField
  case fieldTwice, longArguments
}

/// One record that the simulated kernel makes.
package struct Record: Sendable {
  var type: raw_types
  /// The stamp, nanoseconds since boot, of a CPU whose clock may be wrong.
  var timeNS: UInt64
  /// When it stands in its ring, by the true clock.
  var writtenNS: UInt64
  var cpu: Int
  var pid: UInt32
  var tid: UInt32
  var task: TaskState?
  /// Of a COMM, which has no task.
  var comm: [UInt8] = []
  var idChange: UInt32 = 0
  var exe: [UInt8]?
  var workingDirectory: [UInt8]?
  var controlGroup: [UInt8]?
  /// NUL-separated.
  var arguments: [UInt8]?
  var environment: [UInt8]?
  var payload: Payload?
  /// When the process started that did what the payload tells, as far as the record says it.
  var actorStartNS: UInt64?
  /// Goes in as the bytes that bpf/ writes, not through `makeRawEvent`.
  var isWire = false
  var damage: Damage?
  var truth: Truth?

  /// Of a task that is torn down already: where it works is not where it worked.
  var hasLeft: Bool { type == RAW_EXIT_THREAD && task?.namespaces[0] ?? 0 == 0 }
}
