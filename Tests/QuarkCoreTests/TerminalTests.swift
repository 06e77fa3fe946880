import CQuark
import CWire
import Testing

@testable import QuarkCore

/// Writes to terminals, from the bytes of their records to what an event shows.
@Suite struct TerminalTests {
  /// A write of process 5.
  static func write(
    _ words: String, after: UInt64, minor: UInt32 = 3, isInput: Bool = false, originalCount: Int? = nil
  ) -> RecordBuilder {
    var record = RecordBuilder(isInput ? WIRE_TTY_INPUT : WIRE_TTY, pid: 5, timeNS: PayloadTests.startNS + after)
    record.tty = wire_tty(
      start_boot_ns: PayloadTests.startNS, major: 136, minor: minor, cflag: 1, iflag: 2, lflag: 3, oflag: 4, cols: 80,
      rows: 25, len: UInt32(words.utf8.count))
    record.add(WIRE_FIELD_TTY, words, originalCount: originalCount)
    return record
  }

  func chain(_ tty: UnsafeMutablePointer<quark_tty>?) -> [String] {
    var (words, next) = unsafe ([String](), tty)
    while let write = unsafe next {
      let data = unsafe UnsafeRawPointer(write) + MemoryLayout<quark_tty>.size
      unsafe words.append(
        String(decoding: UnsafeRawBufferPointer(start: data, count: write.pointee.data_len), as: UTF8.self))
      unsafe next = write.pointee.next
    }
    return words
  }

  @Test func severalWritesAreOneEvent() throws {
    var pipeline = PayloadTests.pipeline()
    let held = pipeline.processes.strings.held
    for (index, words) in ["one\n", "", "t\u{1b}wo\\", "three"].enumerated() {
      unsafe pipeline.insert(record: Self.write(words, after: UInt64(index) + 1).bytes.span.bytes)
    }
    let event = unsafe try #require(pipeline.next(nowNS: 1 << 60, wallOffsetNS: 0))
    #expect(unsafe event.pointee.events == UInt64(QUARK_EV_TTY) && event.pointee.tty_flags == 0)
    let tty = unsafe try #require(event.pointee.tty)
    #expect(unsafe chain(tty) == ["one\n", "", "t\u{1b}wo\\", "three"] && tty.pointee.total_len == 14)
    #expect(unsafe (tty.pointee.major, tty.pointee.minor, tty.pointee.cols, tty.pointee.rows) == (136, 3, 80, 25))
    #expect(unsafe (tty.pointee.cflag, tty.pointee.iflag, tty.pointee.lflag, tty.pointee.oflag) == (1, 2, 3, 4))
    let text = unsafe PayloadTests().text(event.pointee).0
    #expect(
      text.hasPrefix(
        "->5 (TTY)\n  TTY\tmajor=136 minor=3 cols=80 rows=25 input=0\n  TTY\tcflag=0x1 iflag=0x2 lflag=0x3 oflag=0x4\n"
          + "  TTY\tdata=one\\n\n  TTY\tdata=\n  TTY\tdata=t\\ewo\\\\\n  TTY\tdata=three\n"))
    let none = unsafe pipeline.next(nowNS: 1 << 60, wallOffsetNS: 0) == nil
    #expect(none)
    // The payloads go with the event.
    unsafe pipeline.insert(record: PayloadTests.ptrace().bytes.span.bytes)
    let next = unsafe try #require(pipeline.next(nowNS: 1 << 60, wallOffsetNS: 0))
    #expect(unsafe next.pointee.tty == nil)
    let after = pipeline.processes.strings.held
    #expect(after < held + 100)
  }

  @Test func anotherTerminalOrAnotherWayIsAnotherEvent() throws {
    var pipeline = PayloadTests.pipeline()
    let input = UInt32(QUARK_TTY_F_INPUT)
    for record in [
      Self.write("a", after: 1), Self.write("b", after: 2, minor: 4),
      Self.write("c", after: 3, minor: 4, isInput: true),
      Self.write("d", after: 4, minor: 4, isInput: true), Self.write("cut", after: 5, minor: 4, originalCount: 10),
      Self.write("e", after: 6, minor: 4),
    ] { unsafe pipeline.insert(record: record.bytes.span.bytes) }
    var seen: [[String]] = []
    while let event = unsafe pipeline.next(nowNS: 1 << 60, wallOffsetNS: 0) {
      let tty = unsafe try #require(event.pointee.tty)
      unsafe seen.append(chain(tty))
      #expect(unsafe event.pointee.tty_flags == (seen.count == 3 ? input : 0))
      #expect(unsafe tty.pointee.truncated == (seen.count == 4 ? 7 : 0))
    }
    #expect(seen == [["a"], ["b"], ["c", "d"], ["cut"], ["e"]])
  }

  /// A process that got the pid of another one writes on its own account.
  @Test func anotherProcessIsAnotherEvent() {
    var pipeline = PayloadTests.pipeline()
    for index in 1...2 as ClosedRange<UInt64> {
      var record = Self.write("\(index)", after: index)
      record.tty.start_boot_ns = PayloadTests.startNS + index
      unsafe pipeline.insert(record: record.bytes.span.bytes)
    }
    var seen: [[String]] = []
    while let event = unsafe pipeline.next(nowNS: 1 << 60, wallOffsetNS: 0) {
      unsafe seen.append(chain(event.pointee.tty))
    }
    #expect(seen == [["1"], ["2"]])
  }

  /// A program of generation 9 has what is behind `mprotect` elsewhere.
  @Test func theNextGenerationHasItToo() throws {
    var pipeline = PayloadTests.pipeline(generation: .nine)
    unsafe pipeline.insert(record: Self.write("a", after: 1, isInput: true).bytes.span.bytes)
    let event = unsafe try #require(pipeline.next(nowNS: 1 << 60, wallOffsetNS: 0))
    let tail = unsafe (UnsafeRawPointer(event) + CQUARK_EVENT_TAIL_9)
      .assumingMemoryBound(to: cquark_event_tail.self)
    #expect(unsafe tail.pointee.tty_flags == UInt32(QUARK_TTY_F_INPUT) && chain(tail.pointee.tty) == ["a"])
  }

  @Test func aChainHasLessThan4096Bytes() {
    var pipeline = PayloadTests.pipeline()
    for index in 0..<500 {
      unsafe pipeline.insert(record: Self.write("ten bytes.", after: UInt64(index) + 1).bytes.span.bytes)
    }
    var lengths: [Int] = []
    while let event = unsafe pipeline.next(nowNS: 1 << 60, wallOffsetNS: 0) {
      unsafe lengths.append(chain(event.pointee.tty).count)
    }
    #expect(lengths == [409, 91])
  }

  @Test(arguments: [0, 4, 6, 4097, UInt32.max])
  func aLengthThatIsNot(length: UInt32) {
    var pipeline = PayloadTests.pipeline()
    let held = pipeline.processes.strings.held
    var record = Self.write("hello", after: 1)
    record.tty.len = length
    #expect(unsafe !pipeline.insert(record: record.bytes.span.bytes))
    #expect(pipeline.statistics.malformed == 1)
    let after = pipeline.processes.strings.held
    #expect(after == held)
  }

  /// What the kernel could not read is a write of nothing.
  @Test func withoutData() throws {
    var pipeline = PayloadTests.pipeline()
    var record = RecordBuilder(WIRE_TTY, pid: 5, timeNS: PayloadTests.startNS + 1)
    record.tty.start_boot_ns = PayloadTests.startNS
    unsafe pipeline.insert(record: record.bytes.span.bytes)
    let event = unsafe try #require(pipeline.next(nowNS: 1 << 60, wallOffsetNS: 0))
    #expect(unsafe chain(event.pointee.tty) == [""])
  }
}
