import CQuark
import Testing

@testable import QuarkCore

@Suite struct AggregationTests {
  static let types = (1..<RAW_NUM_TYPES.rawValue).map { raw_types($0) }

  /// The matrix of the reference; every cell that is not here is `never`.
  static let whole: [UInt32: [UInt32: AggregationRule]] = [
    RAW_WAKE_UP_NEW_TASK.rawValue: [
      RAW_EXEC.rawValue: .forkExec, RAW_EXEC_CONNECTOR.rawValue: .forkExec, RAW_COMM.rawValue: .multiple,
      RAW_ID_CHANGE.rawValue: .multiple, RAW_EXIT_THREAD.rawValue: .single,
    ],
    RAW_EXEC.rawValue: [
      RAW_EXEC_CONNECTOR.rawValue: .single, RAW_COMM.rawValue: .multiple, RAW_EXIT_THREAD.rawValue: .single,
    ],
    RAW_COMM.rawValue: [RAW_COMM.rawValue: .multiple, RAW_EXIT_THREAD.rawValue: .single],
    RAW_ID_CHANGE.rawValue: [RAW_ID_CHANGE.rawValue: .multiple],
    RAW_FILE.rawValue: [RAW_FILE.rawValue: .file],
    RAW_TTY.rawValue: [RAW_TTY.rawValue: .tty],
  ]
  static let minimal: [UInt32: [UInt32: AggregationRule]] = [
    RAW_WAKE_UP_NEW_TASK.rawValue: [RAW_COMM.rawValue: .multiple],
    RAW_EXEC.rawValue: [RAW_EXEC_CONNECTOR.rawValue: .single, RAW_COMM.rawValue: .multiple],
    RAW_COMM.rawValue: [RAW_COMM.rawValue: .multiple],
    RAW_ID_CHANGE.rawValue: [RAW_ID_CHANGE.rawValue: .multiple],
  ]

  @Test(arguments: [false, true])
  func everyCell(isMinimal: Bool) {
    let matrix = AggregationMatrix(isMinimal: isMinimal)
    let expected = isMinimal ? Self.minimal : Self.whole
    for parent in Self.types {
      for child in Self.types {
        let rule = matrix[parent, child]
        #expect(rule == expected[parent.rawValue]?[child.rawValue] ?? .never, "\(parent.rawValue) \(child.rawValue)")
      }
    }
  }

  /// Tests each cell: a parent, then three children, become one event or several.
  @Test(arguments: [false, true])
  func everyCellJoins(isMinimal: Bool) {
    for parent in Self.types where parent != RAW_FILE && parent != RAW_TTY {
      for child in Self.types where child != RAW_FILE && child != RAW_TTY {
        var pipeline = EventPipeline(flags: isMinimal ? QQ_MIN_AGG : 0)
        pipeline.add(parent, pid: 9, at: 1)
        for time: UInt64 in 2...4 { pipeline.add(child, pid: 9, at: time) }
        _ = pipeline.nextSummary()
        let left = pipeline.length
        let rule = (isMinimal ? Self.minimal : Self.whole)[parent.rawValue]?[child.rawValue] ?? .never
        #expect(left == (rule == .multiple ? 0 : rule == .never ? 3 : 2), "\(parent.rawValue) \(child.rawValue)")
      }
    }
  }

  @Test func aShortLifeIsOneEvent() {
    var pipeline = EventPipeline()
    pipeline.add(RAW_WAKE_UP_NEW_TASK, pid: 9, at: 1)
    pipeline.add(RAW_WAKE_UP_NEW_TASK, pid: 8, at: 2)
    pipeline.add(RAW_COMM, pid: 9, at: 3)
    pipeline.add(RAW_EXEC, pid: 9, at: 4)
    pipeline.add(RAW_EXIT_THREAD, pid: 9, at: 5)
    let whole = QUARK_EV_FORK | QUARK_EV_EXEC | QUARK_EV_EXIT | QUARK_EV_SETPROCTITLE
    #expect(pipeline.drain() == [EventSummary(whole, pid: 9, at: 1), EventSummary(QUARK_EV_FORK, pid: 8, at: 2)])
    let stats = pipeline.statistics
    #expect(stats.insertions == 5 && stats.removals == 5 && stats.aggregations == 1 && stats.non_aggregations == 1)
  }

  /// An exec after a change of ids is an event of its own, because it has another user.
  @Test func anExecBehindAnIDChangeStandsAlone() {
    var pipeline = EventPipeline()
    pipeline.add(RAW_WAKE_UP_NEW_TASK, pid: 9, at: 1)
    pipeline.add(RAW_ID_CHANGE, pid: 9, at: 2, idChange: 2)
    pipeline.add(RAW_ID_CHANGE, pid: 9, at: 3, idChange: 1)
    pipeline.add(RAW_EXEC, pid: 9, at: 4)
    pipeline.add(RAW_EXIT_THREAD, pid: 9, at: 5)
    #expect(
      pipeline.drain() == [
        EventSummary(QUARK_EV_FORK | QUARK_EV_ID_CHANGE, pid: 9, at: 1, idChange: 3),
        EventSummary(QUARK_EV_EXEC | QUARK_EV_EXIT, pid: 9, at: 4),
      ])
  }

  @Test func anExecBeforeAnIDChangeIsJoined() {
    var pipeline = EventPipeline()
    pipeline.add(RAW_WAKE_UP_NEW_TASK, pid: 9, at: 1)
    pipeline.add(RAW_EXEC, pid: 9, at: 2)
    pipeline.add(RAW_ID_CHANGE, pid: 9, at: 3, idChange: 4)
    pipeline.add(RAW_EXEC, pid: 9, at: 4)
    #expect(
      pipeline.drain() == [
        EventSummary(QUARK_EV_FORK | QUARK_EV_EXEC | QUARK_EV_ID_CHANGE, pid: 9, at: 1, idChange: 4),
        EventSummary(QUARK_EV_EXEC, pid: 9, at: 4),
      ])
  }

  /// The two halves of one exec belong together, each once.
  @Test func forkExecCountsEachTypeByItself() {
    var pipeline = EventPipeline()
    pipeline.add(RAW_WAKE_UP_NEW_TASK, pid: 9, at: 1)
    pipeline.add(RAW_EXEC, pid: 9, at: 2)
    pipeline.add(RAW_EXEC_CONNECTOR, pid: 9, at: 3)
    pipeline.add(RAW_EXEC, pid: 9, at: 4)
    pipeline.add(RAW_EXEC_CONNECTOR, pid: 9, at: 5)
    let events = pipeline.drain().map(\.timeNS)
    #expect(events == [1, 4])
  }

  /// Only the next raw event of the process counts: one in between splits two others.
  @Test func anotherFamilyBetweenSplits() {
    var pipeline = EventPipeline()
    pipeline.add(RAW_WAKE_UP_NEW_TASK, pid: 9, at: 1)
    pipeline.add(RAW_SHM, pid: 9, at: 2)
    pipeline.add(RAW_EXEC, pid: 9, at: 3)
    let events = pipeline.drain().map(\.events)
    #expect(events == [QUARK_EV_FORK, QUARK_EV_SHM, QUARK_EV_EXEC])
  }

  /// Raw events that join need not be old enough themselves.
  @Test func whatFollowsNeedNotBeRipe() {
    var pipeline = EventPipeline()
    pipeline.add(RAW_WAKE_UP_NEW_TASK, pid: 9, at: 1_000_000_000)
    pipeline.add(RAW_EXEC, pid: 9, at: 1_999_999_999)
    #expect(pipeline.nextSummary(nowNS: 1_999_999_999) == nil)
    #expect(pipeline.nextSummary(nowNS: 2_000_000_000)?.events == QUARK_EV_FORK | QUARK_EV_EXEC)
  }

  @Test func aCellIsReplaced() {
    var pipeline = EventPipeline()
    pipeline.matrix.set(RAW_WAKE_UP_NEW_TASK, RAW_EXEC, .never)
    unsafe pipeline.matrix.set(RAW_EXEC, RAW_EXEC) { _, parent, child in
      unsafe parent!.pointee.pid == child!.pointee.pid && child!.pointee.time < 5 ? 1 : 0
    }
    pipeline.add(RAW_WAKE_UP_NEW_TASK, pid: 9, at: 1)
    for time: UInt64 in 2...6 { pipeline.add(RAW_EXEC, pid: 9, at: time) }
    let events = pipeline.drain().map(\.timeNS)
    #expect(events == [1, 2, 5, 6])
  }

  // MARK: - Files and terminals

  func joinsFile(_ parent: CInt, _ child: CInt, inodes: (UInt64, UInt64) = (1, 1)) -> Bool {
    var files = unsafe (quark_file(), quark_file())
    unsafe (files.0.op_mask, files.0.inode) = (UInt32(parent), inodes.0)
    unsafe (files.1.op_mask, files.1.inode) = (UInt32(child), inodes.1)
    var events = unsafe (raw_event(), raw_event())
    return unsafe withUnsafeMutablePointer(to: &files.0) { first in
      unsafe withUnsafeMutablePointer(to: &files.1) { second in
        unsafe (events.0.file, events.1.file) = unsafe (first, second)
        return unsafe AggregationRule.file.allows(&events.0, &events.1)
      }
    }
  }

  @Test func files() {
    let (create, modify) = (QUARK_FILE_OP_CREATE, QUARK_FILE_OP_MODIFY)
    let (remove, move) = (QUARK_FILE_OP_REMOVE, QUARK_FILE_OP_MOVE)
    for parent in [create, modify, create | modify] {
      #expect(joinsFile(parent, modify) && joinsFile(parent, remove) && joinsFile(parent, modify | move))
      #expect(!joinsFile(parent, create) && !joinsFile(parent, move))
      #expect(!joinsFile(parent, modify, inodes: (1, 2)))
      #expect(!joinsFile(parent | remove, modify) && !joinsFile(parent | move, modify))
    }
    #expect(!joinsFile(remove, modify) && !joinsFile(move, remove))
  }

  /// Tells whether two terminal writes are joined, and the parent's total afterwards.
  func joinTTY(
    _ total: Int, _ length: Int, numbers: (UInt16, UInt16) = (136, 136), truncated: (UInt64, UInt64) = (0, 0)
  ) -> (Bool, Int) {
    var writes = unsafe (quark_tty(), quark_tty())
    unsafe (writes.0.total_len, writes.0.major, writes.0.truncated) = (total, numbers.0, truncated.0)
    unsafe (writes.1.data_len, writes.1.major, writes.1.truncated) = (length, numbers.1, truncated.1)
    var events = unsafe (raw_event(), raw_event())
    let isJoined = unsafe withUnsafeMutablePointer(to: &writes.0) { first in
      unsafe withUnsafeMutablePointer(to: &writes.1) { second in
        unsafe (events.0.tty, events.1.tty) = unsafe (first, second)
        return unsafe AggregationRule.tty.allows(&events.0, &events.1)
      }
    }
    return unsafe (isJoined, writes.0.total_len)
  }

  @Test func terminals() {
    #expect(joinTTY(4000, 95) == (true, 4095))
    #expect(joinTTY(4000, 96) == (false, 4000))
    #expect(joinTTY(1, 1, numbers: (136, 137)) == (false, 1))
    #expect(joinTTY(1, 1, truncated: (1, 0)) == (false, 1))
    #expect(joinTTY(1, 1, truncated: (0, 1)) == (false, 1))
    #expect(joinTTY(.max, 1) == (false, .max) && joinTTY(1, .max) == (false, 1) && joinTTY(1, -1) == (false, 1))
  }
}
