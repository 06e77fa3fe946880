internal import CQuark
internal import QuarkCore

/// Compares the process data of an event with the process that made the record.
struct LifeJudge {
  /// Events with data of another process, if no remaining record could show this.
  private(set) var unknowable = 0
  /// Lives whose entries got data of others, from records without a task, which do not identify their process.
  private var mixed: Set<UInt32> = []
  /// Pids whose entries had no start time at an event, and the time stamp of the last record of that event.
  private var nameless: [UInt32: UInt64] = [:]
  /// The life of each entity id.
  private var ids: [[UInt8]: UInt32] = [:]

  /// The path that a life executes, which is its number.
  static func path(_ life: UInt32) -> [UInt8] { Array("/\(life)".utf8) }

  /// `group`: the records that left with the event, in order. A process that ended before `endedBeforeNS` may be
  /// forgotten by now.
  mutating func judge(
    _ event: quark_event, _ group: [LifeRecord], _ lives: inout [Life], _ processes: borrowing ProcessCache,
    endedBeforeNS: UInt64
  ) throws(Violation) {
    guard let first = group.first, let process = unsafe event.process, unsafe event.time == first.timeNS else {
      throw Violation(message: "an event of \(unsafe event.time) is of no record")
    }
    let content = unsafe Content(process)
    let record = group.first { $0.hasTask } ?? first
    let life = lives[Int(record.life)]
    for other in group where other.life != record.life {
      if other.hasTask { throw Violation(message: "\(record) and \(other) are one event") }
      // No data shows that it belongs to another one.
      unknowable += 1
      mixed.insert(record.life)
    }
    let isRight = content.timeBootNS == life.startNS || content.timeBootNS == 0 && !record.hasTask
    guard isRight else {
      let mayBeForgotten = life.goneNS.map { $0 < endedBeforeNS } ?? false
      if record.hasTask || life.isTold && !mayBeForgotten {
        throw Violation(message: "\(record) of \(life) is told of a process that started at \(content.timeBootNS)")
      }
      unknowable += 1
      let other = lives.last { $0.pid == content.pid && $0.startNS == content.timeBootNS }
      if let other { mixed.insert(other.number) }
      return
    }
    // The entry may have belonged to another process, whose start time was not known either.
    if content.timeBootNS == 0 {
      mixed.insert(record.life)
      nameless[content.pid] = group.last?.timeNS
    } else if let toldNS = nameless.removeValue(forKey: content.pid), toldNS + 10_000_000 >= life.startNS {
      // This is possible, because the process had begun when that happened.
      mixed.insert(record.life)
    }
    for member in group where member.life == record.life { note(member, &lives, processes) }
    try check(content, of: lives[Int(record.life)], record, lives, mark: unsafe process.pointee.poison_tag)
    // Like a rule.
    if group.contains(where: { $0.kind == .exec || $0.kind == .connector }) {
      unsafe UnsafeMutablePointer(mutating: process).pointee.poison_tag = UInt64(life.number)
    }
  }

  /// The same of an event of another family, which is of who did it, or of nobody if that is not known.
  mutating func judge(
    _ event: quark_event, of record: LifeRecord, _ life: Life, _ processes: borrowing ProcessCache
  ) throws(Violation) {
    guard unsafe Payload(event) == record.payload?.told else {
      throw Violation(message: "\(record) of \(life) tells \(unsafe Payload(event).map { "\($0)" } ?? "nothing")")
    }
    let known = unsafe processes.lookup(pid: life.pid).map { unsafe UnsafePointer($0) }
    guard let process = unsafe event.process else {
      if unsafe known?.pointee.proc_time_boot == life.startNS {
        throw Violation(message: "\(record) of \(life) is of nobody, though that is known")
      }
      return
    }
    let startNS = unsafe process.pointee.proc_time_boot
    // Of an entry that was told of without a start, nothing says that it is another's.
    if startNS == 0 { unknowable += 1 }
    if unsafe process != known || startNS != 0 && startNS != life.startNS {
      throw Violation(message: "\(record) of \(life) is told of a process that started at \(startNS)")
    }
  }

  private func note(_ record: LifeRecord, _ lives: inout [Life], _ processes: borrowing ProcessCache) {
    let index = Int(record.life)
    if record.hasTask { lives[index].isTold = true }
    if record.kind == .exec || record.kind == .connector { lives[index].hasExecuted = true }
    guard record.kind == .fork else { return }
    let parent = lives[Int(lives[index].parent)]
    let known = unsafe processes.lookup(pid: parent.pid)
    let isParent = unsafe known == nil || known!.pointee.proc_time_boot == parent.startNS
    lives[index].isUnsure = !isParent || parent.isUnsure || mixed.contains(parent.number)
  }

  private mutating func check(
    _ content: Content, of life: Life, _ record: LifeRecord, _ lives: [Life], mark: UInt64
  ) throws(Violation) {
    func fail(_ what: String) -> Violation { Violation(message: "\(record) of \(life): \(what)") }
    if record.hasTask, content.task.ids[0] != life.number { throw fail("uid \(content.task.ids[0])") }
    if !content.entityID.isEmpty {
      let owner = ids[content.entityID] ?? life.number
      ids[content.entityID] = owner
      if owner != life.number { throw fail("the entity id of \(lives[Int(owner)])") }
    }
    for (what, owner) in [
      ("exe", Self.owner(content.exe)), ("arguments", Self.owner(content.cmdline)), ("mark", UInt32(mark)),
    ] where owner != 0 {
      if Self.isAncestor(owner, of: life, lives) { continue }
      guard life.isUnsure || mixed.contains(life.number) else { throw fail("\(what) of \(lives[Int(owner)])") }
      unknowable += 1
    }
  }

  private static func owner(_ path: [UInt8]?) -> UInt32 {
    guard let path, path.count > 1 else { return 0 }
    return path[1...].prefix { $0 != 0 }.reduce(0) { $0 * 10 + UInt32($1 - UInt8(ascii: "0")) }
  }

  /// True for an ancestor or the life itself.
  private static func isAncestor(_ number: UInt32, of life: Life, _ lives: [Life]) -> Bool {
    var next = life.number
    while next > number { next = lives[Int(next)].parent }
    return next == number
  }
}
