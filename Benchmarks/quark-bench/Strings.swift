import CQuark
import QuarkCore

/// The strings of the load, with about as many variants as on a machine: 8 working directories of 22 bytes, 16 control
/// groups of 43, 32 executables of 21, and 50 bytes of arguments.
struct Strings {
  private let bytes: [UInt8]

  // The ranges of the variants of each kind in `bytes`, one after the other.
  private static var directories: Range<Int> { 0..<22 }
  private static var groups: Range<Int> { 176..<219 }
  private static var executables: Range<Int> { 864..<885 }
  private static var arguments: Range<Int> { 1536..<1586 }

  init() {
    var bytes: [UInt8] = []
    for index in 0..<8 { bytes += Self.text("/home/user/directory/", 22, index) }
    for index in 0..<16 { bytes += Self.text("/user.slice/user-1000.slice/session-", 43, index) }
    for index in 0..<32 { bytes += Self.text("/usr/local/bin/prog", 21, index) }
    bytes += Self.text("prog\0--option\0--another-option=value\0file-", 49, 0) + [0]
    self.bytes = bytes
  }

  private static func text(_ start: StaticString, _ length: Int, _ variant: Int) -> [UInt8] {
    var text: [UInt8] = []
    start.withUTF8Buffer { unsafe text.append(contentsOf: $0) }
    while text.count < length { text.append(UInt8(ascii: "a") + UInt8(variant % 26)) }
    if variant >= 26 { text[length - 1] = UInt8(ascii: "A") }
    return text
  }

  /// Makes the raw event of a step and inserts it.
  @inline(__always)
  func add(_ step: Step, hasStrings: Bool, to pipeline: inout EventPipeline) {
    let (type, pid) = (raw_types(step.type), step.pid)
    guard let event = unsafe pipeline.makeRawEvent(type, pid: pid, timeNS: step.timeNS) else { return }
    unsafe Self.fill(&event.pointee.task, step)
    unsafe event.pointee.flags = UInt32(RAW_F_TASK)
    if hasStrings, type == RAW_WAKE_UP_NEW_TASK || type == RAW_EXEC {
      var isComplete = unsafe set(.workingDirectory, Self.directories, Int(pid & 7), of: event, in: &pipeline)
      isComplete = unsafe set(.controlGroup, Self.groups, Int(pid & 15), of: event, in: &pipeline) && isComplete
      if type == RAW_EXEC {
        isComplete = unsafe set(.exe, Self.executables, Int(pid & 31), of: event, in: &pipeline) && isComplete
        isComplete = unsafe set(.arguments, Self.arguments, 0, of: event, in: &pipeline) && isComplete
      }
      guard isComplete else {
        unsafe pipeline.discard(event)
        return
      }
    }
    unsafe pipeline.insert(event)
  }

  private func set(
    _ part: RawEventPart, _ first: Range<Int>, _ variant: Int, of event: UnsafeMutablePointer<raw_event>,
    in pipeline: inout EventPipeline
  ) -> Bool {
    let start = first.lowerBound + variant * first.count
    return unsafe pipeline.set(part, of: event, to: bytes.span.bytes.extracting(start..<start + first.count))
  }

  @inline(__always)
  private static func fill(_ task: inout raw_task, _ step: Step) {
    task.start_boottime = step.startNS
    task.cap_inheritable = 0
    task.cap_permitted = 0x1ff_ffff_ffff
    task.cap_effective = 0x1ff_ffff_ffff
    task.cap_bset = 0x1ff_ffff_ffff
    task.cap_ambient = 0
    task.ppid = 999
    task.uid = 1000
    task.gid = 1000
    task.suid = 1000
    task.sgid = 1000
    task.euid = 1000
    task.egid = 1000
    task.pgid = step.pid
    task.sid = 999
    task.tty_major = 136
    task.tty_minor = 3
    task.uts_inonum = 4_026_531_838
    task.ipc_inonum = 4_026_531_839
    task.mnt_inonum = 4_026_531_841
    task.net_inonum = 4_026_531_840
    task.exit_code = 0
    task.comm = (112, 114, 111, 103, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
  }
}
