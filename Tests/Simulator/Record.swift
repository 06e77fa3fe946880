internal import CQuark

/// The numbers of a task in a record.
package struct TaskState: Equatable, Sendable {
  /// Nanoseconds since boot.
  var startNS: UInt64 = 0
  /// Inheritable, permitted, effective, bounding, ambient. The last one is the number of the record plus one, which
  /// shows which record was the last one of a process.
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
  /// As in wait(2).
  var exitCode: Int32 = 0
  /// At most 16 bytes.
  var comm: [UInt8] = []
}

/// What would be known of a process if every record were seen at once.
struct Truth: Equatable, Sendable {
  var exe: [UInt8]?
  var arguments: [UInt8]?
  var workingDirectory: [UInt8]?
  var comm: [UInt8]
  var uid: UInt32
}

/// How the bytes of a record are damaged.
enum Damage: CaseIterable, Sendable {
  case short, sizeBeyondEnd, sizeBelowHeader, noPID, hugePID, unknownType, fieldMissing, fieldBeyondEnd, unknownField
  case fieldTwice, longArguments
}

/// One record that the simulated kernel makes.
package struct Record: Sendable {
  var type: raw_types
  /// The time stamp, nanoseconds since boot, from a CPU whose clock may be wrong.
  var timeNS: UInt64
  /// When it is in its ring, by the true clock.
  var writtenNS: UInt64
  var cpu: Int
  var pid: UInt32
  var tid: UInt32
  var task: TaskState?
  /// The name in a COMM record, which has no task.
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

  /// True for a task that is torn down already: its directory is not the one in which it worked.
  var hasLeft: Bool { type == RAW_EXIT_THREAD && task?.namespaces[0] ?? 0 == 0 }
}
