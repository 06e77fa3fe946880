import CQuark
import QuarkCore
import Testing

@testable import Quark

/// Copies of events that are gone, with processes made by hand.
@Suite struct BatchCopierTests {
  /// The texts of a process; some are equal to those of the process before, and some are larger than a block.
  struct Texts: Equatable {
    var exe: String
    var workingDirectory: String?
    var environment: [String]
    var arguments: [String]

    init(_ pid: UInt32) {
      exe = ["/bin/sh", "/usr/bin/true", "/usr/bin/" + String(repeating: "long", count: 300)][Int(pid) % 3]
      workingDirectory = pid % 7 == 0 ? nil : "/home/\(pid / 10)"
      environment = ["HOME=/\(pid / 50)", "LONG=" + String(repeating: "x", count: 1500)]
      arguments = [exe, String(repeating: "\(pid)", count: Int(pid) * 5)]
    }

    init(_ process: ProcessEntry) {
      exe = process.executable ?? ""
      workingDirectory = process.workingDirectory
      environment = process.environment
      arguments = process.arguments
    }
  }

  /// The string pool of a queue, and the strings that it has not released yet: an equal string is shared.
  @safe struct Strings: ~Copyable {
    var pool = StringPool()
    private var kept: [(text: String, bytes: StringPool.Bytes)] = unsafe []

    mutating func take(_ text: String) -> StringPool.Bytes {
      if let known = unsafe kept.first(where: { unsafe $0.text == text }) { return unsafe known.bytes }
      let bytes = unsafe Array(text.utf8).withUnsafeBytes { unsafe pool.copy($0.baseAddress!, count: $0.count)! }
      unsafe kept.append((text, bytes))
      return unsafe bytes
    }

    /// Releases all but the newest strings.
    mutating func giveBack(but count: Int) {
      while unsafe kept.count > count { unsafe pool.release(kept.removeFirst().bytes) }
    }
  }

  /// Copies one event for each process. The strings of one may be released before the next one comes.
  static func batch(
    of pids: Range<UInt32>, limit: Int = 256, into blocks: BlockPool, _ strings: inout Strings, keeping count: Int
  ) -> EventBatch {
    var copier = unsafe withUnsafeMutablePointer(to: &strings.pool) {
      unsafe BatchCopier(limit: limit, blocks, sharing: $0)
    }
    for pid in pids {
      let texts = Texts(pid)
      var process = unsafe quark_process()
      unsafe process.pid = pid
      unsafe process.exe = strings.take(texts.exe)
      unsafe process.cwd = texts.workingDirectory.map { unsafe strings.take($0) }
      let (variables, list) = (texts.environment.joined(separator: "\0"), texts.arguments.joined(separator: "\0"))
      unsafe (process.env, process.env_len) = (strings.take(variables), variables.utf8.count + 1)
      unsafe (process.cmdline, process.cmdline_len) = (strings.take(list), list.utf8.count + 1)
      unsafe withUnsafePointer(to: process) { pointer in
        var event = unsafe quark_event()
        unsafe event.process = pointer
        unsafe copier.append(&event)
      }
      strings.giveBack(but: count)
    }
    return copier.finish()
  }

  static func expect(_ batch: EventBatch, _ pids: Range<UInt32>) {
    #expect(batch.map { $0.process?.pid } == Array(pids))
    #expect(batch.compactMap(\.process).map(Texts.init) == pids.map(Texts.init))
  }

  /// The queue either releases its strings at once, so that others use their memory, or keeps some for long.
  @Test(arguments: [0, 1, 2, 5, 100]) func textsAreThoseOfTheTime(kept: Int) {
    var strings = Strings()
    let batch = Self.batch(of: 1..<240, into: BlockPool(limit: 8), &strings, keeping: kept)
    strings.giveBack(but: 0)
    #expect(strings.pool.held == 0, "a text was not given back")
    Self.expect(batch, 1..<240)
  }

  @Test func aTextThatRepeatsIsThereOnce() throws {
    var strings = Strings()
    let batch = Self.batch(of: 11..<13, into: BlockPool(limit: 8), &strings, keeping: 100)
    strings.giveBack(but: 0)
    let processes = try batch.map { try #require($0.process) }
    #expect(unsafe processes[0].storage.pointee.cwd == processes[1].storage.pointee.cwd)
    #expect(unsafe processes[0].storage.pointee.env == processes[1].storage.pointee.env)
    #expect(unsafe processes[0].storage.pointee.exe != processes[1].storage.pointee.exe)
  }

  /// The memory of a batch that is kept is not used again.
  @Test func batchesThatAreKeptStay() {
    let blocks = BlockPool(limit: 64)
    var strings = Strings()
    var kept: [(batch: EventBatch, pids: Range<UInt32>)] = []
    for round in UInt32(1)..<12 {
      let pids = round..<round + 20
      let batch = Self.batch(of: pids, into: blocks, &strings, keeping: 0)
      if round % 2 == 0 { kept.append((batch, pids)) }
    }
    for (batch, pids) in kept { Self.expect(batch, pids) }
  }

  /// The memory of a batch that was released is used for the next one.
  @Test func memoryGoesRound() {
    let blocks = BlockPool(limit: 64)
    var strings = Strings()
    var places = Set<UInt>()
    for _ in 0..<10 {
      let batch = Self.batch(of: 1..<20, into: blocks, &strings, keeping: 0)
      places.insert(unsafe UInt(bitPattern: batch[0].storage))
    }
    #expect(places.count < 10)
  }

  @Test func limitOfABatch() {
    var strings = Strings()
    let some = Self.batch(of: 1..<4, limit: .max, into: BlockPool(limit: 8), &strings, keeping: 0)
    Self.expect(some, 1..<4)
    var copier = unsafe withUnsafeMutablePointer(to: &strings.pool) {
      unsafe BatchCopier(limit: 2, BlockPool(limit: 8), sharing: $0)
    }
    var event = unsafe quark_event()
    var count = 0
    while !copier.isFull {
      unsafe copier.append(&event)
      count += 1
    }
    let full = copier.finish()
    #expect(count == 2 && full.count == 2)
  }

  /// With small events a batch is limited by its memory.
  @Test func sizeOfABatch() {
    var strings = Strings()
    var copier = unsafe withUnsafeMutablePointer(to: &strings.pool) {
      unsafe BatchCopier(limit: .max, BlockPool(limit: 8), sharing: $0)
    }
    var event = unsafe quark_event()
    while !copier.isFull { unsafe copier.append(&event) }
    let batch = copier.finish()
    #expect(batch.count > 4000 && batch.byteCount >= BatchCopier.longest && batch.byteCount < BatchCopier.longest + 4096)
  }

  @Test func poolHoldsSoManyBlocks() {
    let pool = BlockPool(limit: 4)
    func give(_ count: Int) {
      var chain = BlockChain()
      for _ in 0..<count { unsafe _ = chain.allocate(64) }
      pool.give(&chain)
    }
    func expect(_ count: Int) {
      let all = pool.takeAll()
      #expect(all.count == count)
    }
    expect(0)
    give(3)
    expect(3)
    expect(0)
    give(2)
    give(2)
    expect(4)
    give(3)
    give(2)
    expect(3)
    give(2)
    give(3)
    expect(3)
  }
}
