import CQuark
import CWire
import Foundation
import Testing

@testable import QuarkCore

/// Recordings of real kernels, made while Tests/Fixtures/recordings/load.sh ran in a guest.
@Suite struct RecordingFixtureTests {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Fixtures/recordings")

  /// The number of records of each kind in the recording of a kernel.
  static let kernels: [(release: String, forks: Int, execs: Int, exits: Int)] = [
    ("5.10.0", 30, 23, 31), ("6.1.0", 32, 26, 33), ("7.1.13", 30, 23, 31), ("7.3.4", 33, 25, 33),
  ]

  /// The data of a raw event, as values that outlive it.
  struct Content {
    var kind: raw_types
    var pid: UInt32
    var timeNS: UInt64
    var task: raw_task
    var exe: String
    var cwd: String
    var arguments: [String]
  }

  static func bytes(_ release: String) throws -> [UInt8] {
    Array(try Data(contentsOf: folder.appending(path: "\(release).rec")))
  }

  static func header(_ release: String) throws -> recording_header {
    let bytes = try bytes(release)
    // Safe: UInt8 has no padding, which `bytes` of a span would show.
    let span = unsafe bytes.span.bytes
    return try RecordingCursor(span).header
  }

  /// All records; a record that cannot be decoded is an issue.
  static func contents(_ release: String) throws -> [Content] {
    let bytes = try bytes(release)
    // Safe: UInt8 has no padding, which `bytes` of a span would show.
    let span = unsafe bytes.span.bytes
    var cursor = try RecordingCursor(span)
    var contents: [Content] = []
    while let frame = cursor.next(span) {
      guard case .record(let range) = frame else { continue }
      guard let content = content(span.extracting(range)) else {
        Issue.record("the record at \(range) is malformed")
        continue
      }
      contents.append(content)
    }
    guard case .closed(_, lost: 0) = cursor.ending else {
      Issue.record("\(release): \(String(describing: cursor.ending))")
      return []
    }
    return contents
  }

  static func content(_ record: RawSpan) -> Content? {
    var strings = StringPool()
    var queue = RawEventQueue(capacity: 1)
    let event = unsafe queue.make()!
    guard unsafe RecordDecoder.decode(record, into: event, maxEnvironment: 4096, strings: &strings) == .decoded else {
      return nil
    }
    return unsafe Content(
      kind: raw_types(event.pointee.type), pid: event.pointee.pid, timeNS: event.pointee.time,
      task: event.pointee.task, exe: text(event.pointee.exe) ?? "", cwd: text(event.pointee.cwd) ?? "",
      arguments: event.pointee.args.map { bytes in
        // The last NUL ends the last argument; it does not begin another.
        let characters = unsafe (0..<Int(event.pointee.args_len) - 1).map { unsafe UInt8(bitPattern: bytes[$0]) }
        return characters.split(separator: 0, omittingEmptySubsequences: false)
          .map { String(decoding: $0, as: UTF8.self) }
      } ?? [])
  }

  /// The records of the process that executed these arguments.
  static func life(_ contents: [Content], of arguments: [String]) throws -> [Content] {
    let exec = try #require(contents.first { $0.arguments == arguments }, "\(arguments)")
    return contents.filter { $0.pid == exec.pid }
  }

  @Test func headers() throws {
    for (release, _, _, _) in Self.kernels {
      let header = try Self.header(release)
      let recorded = unsafe withUnsafeBytes(of: header.release) {
        unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      #expect(recorded.hasPrefix(release))
      #expect(header.machine == 62)
      // The clocks of the guests were right: later than 2020.
      #expect(header.wall_offset_ns > 1_577_836_800_000_000_000)
      #expect(header.start_boot_ns < 600_000_000_000)
    }
  }

  @Test func theyAreSmall() throws {
    let sizes = try Self.kernels.map { try Self.bytes($0.release).count }
    #expect(sizes.reduce(0, +) < 200 * 1024)
  }

  @Test(arguments: kernels.map(\.release))
  func counts(release: String) throws {
    let expected = try #require(Self.kernels.first { $0.release == release })
    let contents = try Self.contents(release)
    #expect(contents.count { $0.kind == RAW_WAKE_UP_NEW_TASK } == expected.forks)
    #expect(contents.count { $0.kind == RAW_EXEC } == expected.execs)
    #expect(contents.count { $0.kind == RAW_EXIT_THREAD } == expected.exits)
  }

  /// Each process is forked before its exec, and its exit comes last; ids and times make sense. A process that began
  /// before the recording only has an exit.
  @Test(arguments: kernels.map(\.release))
  func everyLifeIsWhole(release: String) throws {
    let contents = try Self.contents(release)
    let startNS = try Self.header(release).start_boot_ns
    for (pid, life) in Dictionary(grouping: contents, by: \.pid) {
      let isOlder = life[0].task.start_boottime < startNS
      #expect(life[0].kind == RAW_WAKE_UP_NEW_TASK || isOlder && life.count == 1, "\(pid)")
      #expect(life.last?.kind == RAW_EXIT_THREAD, "\(pid)")
      #expect(life.dropFirst().dropLast().allSatisfy { $0.kind == RAW_EXEC }, "\(pid)")
      #expect(life.allSatisfy { $0.task.start_boottime == life[0].task.start_boottime }, "\(pid)")
      #expect(life.allSatisfy { $0.timeNS >= life[0].task.start_boottime }, "\(pid)")
      #expect(life.allSatisfy { $0.task.ppid != 0 }, "\(pid)")
      #expect(life.dropLast().allSatisfy { $0.task.uts_inonum != 0 && $0.task.mnt_inonum != 0 }, "\(pid)")
    }
    #expect(zip(contents, contents.dropFirst()).allSatisfy { $0.timeNS <= $1.timeNS }, "one processor")
  }

  @Test(arguments: kernels.map(\.release))
  func commands(release: String) throws {
    let contents = try Self.contents(release)
    var life = try Self.life(contents, of: ["/bin/true", "plain"])
    #expect(life.map(\.kind) == [RAW_WAKE_UP_NEW_TASK, RAW_EXEC, RAW_EXIT_THREAD])
    #expect(life[0].cwd == "/tmp/load")
    #expect(life[1].exe == "/bin/true")
    #expect(life[2].task.exit_code == 0)
    life = try Self.life(contents, of: ["/bin/true", "", "two words", "a new\nline"])
    #expect(life.count == 3)
    life = try Self.life(contents, of: ["sh", "-c", "exit 3"])
    #expect(life[1].exe == "/bin/busybox")
    #expect(life[2].task.exit_code == 3 << 8)
    life = try Self.life(contents, of: ["./odd ) (name", "odd"])
    #expect(life[1].exe == "/tmp/load/odd ) (name")
    life = try Self.life(contents, of: ["/bin/true", "long"] + (1...400).map(String.init))
    #expect(life.count == 3)
    life = try Self.life(contents, of: ["/bin/true", "grandchild"])
    #expect(life.count == 3)
    #expect(contents.contains { $0.kind == RAW_EXIT_THREAD && $0.task.exit_code == 9 }, "killed")
    #expect(contents.contains { $0.kind == RAW_EXIT_THREAD && $0.task.exit_code == 15 }, "terminated")
    #expect(contents.contains { $0.kind == RAW_EXIT_THREAD && $0.task.exit_code == 127 << 8 }, "no such program")
  }

  @Test(arguments: kernels.map(\.release))
  func sessionsThreadsAndUsers(release: String) throws {
    let contents = try Self.contents(release)
    var life = try Self.life(contents, of: ["/bin/true", "in-a-session"])
    #expect(life.map(\.kind) == [RAW_WAKE_UP_NEW_TASK, RAW_EXEC, RAW_EXEC, RAW_EXIT_THREAD])
    #expect(life[2].task.sid == life[2].pid && life[2].task.pgid == life[2].pid)
    #expect(life[1].task.sid != life[1].pid)
    // Its three threads are not processes.
    life = try Self.life(contents, of: ["/load", "threads"])
    #expect(life.map(\.kind) == [RAW_WAKE_UP_NEW_TASK, RAW_EXEC, RAW_EXIT_THREAD])
    #expect(life[2].task.exit_code == 7 << 8)
    // The thread that makes the exec takes over the pid of the process.
    life = try Self.life(contents, of: ["true", "by-a-thread"])
    #expect(life.map(\.kind) == [RAW_WAKE_UP_NEW_TASK, RAW_EXEC, RAW_EXEC, RAW_EXIT_THREAD])
    #expect(life[1].arguments == ["/load", "thread"])
    // The program without a path: on 5.10 this fails (ENOENT of execveat(2)).
    if release != "5.10.0" {
      life = try Self.life(contents, of: ["from-memory"])
      #expect(life[2].exe == "memfd:in-memory")
    }
    life = try Self.life(contents, of: ["true", "by-a-user"])
    #expect(life[1].task.uid == 0)
    #expect(life[2].task.uid == 1000 && life[2].task.euid == 1000 && life[2].task.gid == 100)
    #expect(life[1].task.cap_effective != 0)
    #expect(life[2].task.cap_effective == 0)
  }

  /// What families.sh made, of other families, and who did it: all but one began while it was recorded.
  @Test func otherFamilies() throws {
    let contents = try Self.contents("6.1.0-families")
    let counts = [RAW_GETPID, RAW_PTRACE, RAW_SHM, RAW_MODULE_LOAD].map { kind in contents.count { $0.kind == kind } }
    #expect(counts == [5, 3, 7, 2])
    for content in contents where [RAW_PTRACE, RAW_SHM, RAW_MODULE_LOAD].contains(content.kind) {
      let fork = contents.first { $0.pid == content.pid && $0.kind == RAW_WAKE_UP_NEW_TASK }
      let isOlder = content.task.start_boottime < (try Self.header("6.1.0-families").start_boot_ns)
      #expect(fork?.task.start_boottime ?? content.task.start_boottime == content.task.start_boottime)
      #expect((fork == nil) == isOlder)
    }
  }

  /// More components than a record kept when these were made: the path lacks its head, and says so.
  @Test(arguments: kernels.map(\.release))
  func deepDirectory(release: String) throws {
    let life = try Self.life(Self.contents(release), of: ["/bin/true", "deep"])
    #expect(life[1].cwd == "." + String(repeating: "/d", count: 100))
  }

  /// More arguments than a record keeps: 20,480 bytes, the last of which is replaced by a NUL.
  @Test func longestCommandLine() throws {
    let exec = try #require(Self.contents("7.3.4").first { $0.arguments.dropFirst().first == "longer" })
    let kept = exec.arguments.map { $0.utf8.count + 1 }.reduce(0, +)
    #expect(kept == Int(WIRE_ARGV_MAX.rawValue))
    #expect(exec.arguments.dropFirst(2).dropLast() == (1...exec.arguments.count - 3).map(String.init)[...])
  }
}
