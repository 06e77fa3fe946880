import CLinux
import CQuark
import Quark
import QuarkCore
import QuarkLinux

/// Plays what a terminal showed from a recording, with the pauses between the writes.
struct TerminalReplay {
  /// Whose writes are played.
  enum Choice {
    case terminal(major: UInt16, minor: UInt16)
    case process(UInt32)

    /// `MAJOR:MINOR`, or a pid.
    init(_ text: String) throws(UsageError) {
      let parts = text.utf8.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        .map { String($0) ?? "" }
      if parts.count == 2, let major = UInt16(parts[0]), let minor = UInt16(parts[1]) {
        self = .terminal(major: major, minor: minor)
      } else if parts.count == 1, let pid = UInt32(parts[0]), pid > 0 {
        self = .process(pid)
      } else {
        throw UsageError("invalid terminal or process: \(text): major:minor, or a pid")
      }
    }

    func admits(_ write: Write) -> Bool {
      switch self {
      case .terminal(let major, let minor): write.major == major && write.minor == minor
      case .process(let pid): write.pid == pid
      }
    }
  }

  /// The terminal of an event, and who wrote; 0: that is not known.
  struct Write {
    let major, minor: UInt16
    let pid: UInt32
  }

  private var choice: Choice?
  /// 0: without pauses.
  private var speed = 1

  mutating func set(_ choice: Choice?, _ speed: Int?) {
    self.choice = choice
    self.speed = speed ?? 1
  }

  /// Returns the exit status, or `EventOutput.readerGone`. `isStopping` is asked before each pause and after it.
  func run(
    _ options: Options, _ files: inout OutputFiles, isStopping: () -> Bool
  ) throws(QuarkError) -> CInt {
    var attributes = options.attributes
    // Each write is an event of its own, because only an event has a time.
    attributes.flags = attributes.flags & ~QQ_SELF_TEST | QQ_TTY | QQ_MIN_AGG
    let path = unsafe String(cString: attributes.replay)
    let terminals = try survey(attributes)
    guard let terminal = terminals.first, terminals.count == 1 else {
      FileDescriptor.complain("quark-mon: \(path): \(Self.complaint(terminals, choice))\n")
      return 1
    }
    files.keep()
    return try play(attributes, terminal, files.events(), isStopping: isStopping)
  }

  /// A terminal that the recording tells of, and the number of writes.
  private struct Terminal {
    let major, minor: UInt16
    var count = 1
  }

  /// The terminals that may be meant.
  private func survey(_ attributes: quark_queue_attr) throws(QuarkError) -> [Terminal] {
    var terminals: [Terminal] = []
    _ = unsafe try forEachWrite(attributes) { _, write in
      if let index = terminals.firstIndex(where: { $0.major == write.major && $0.minor == write.minor }) {
        terminals[index].count += 1
      } else {
        terminals.append(Terminal(major: write.major, minor: write.minor))
      }
      return 0
    }
    return terminals
  }

  private static func complaint(_ terminals: [Terminal], _ choice: Choice?) -> String {
    if terminals.isEmpty {
      return choice == nil ? "it has nothing that was written to a terminal" : "it has nothing of what --tty-of says"
    }
    var list = ""
    for terminal in terminals {
      list += (list.isEmpty ? "" : ", ") + "\(terminal.major):\(terminal.minor) (\(terminal.count) writes)"
    }
    return "choose one terminal with --tty-of: \(list)"
  }

  private func play(
    _ attributes: quark_queue_attr, _ terminal: Terminal, _ output: consuming EventOutput, isStopping: () -> Bool
  ) throws(QuarkError) -> CInt {
    var output = output
    var last: UInt64?
    let status = unsafe try forEachWrite(attributes) { event, write in
      guard write.major == terminal.major, write.minor == terminal.minor else { return 0 }
      let time = unsafe event.pointee.time
      if let last, speed > 0, time > last {
        let status = output.flush()
        if status != 0 { return status }
        Self.sleep((time - last) / UInt64(speed), isStopping)
      }
      if isStopping() { return Self.stopped }
      last = time
      unsafe TerminalText.append(event.pointee, to: &output.text)
      return output.flushIfFull()
    }
    return status == 0 || status == Self.stopped ? output.flush() : status
  }

  /// What ends a play without an error.
  private static var stopped: CInt { -2 }

  /// Calls `body` with each event that the choice admits, until that does not return 0. Returns what it returned.
  private func forEachWrite(
    _ attributes: quark_queue_attr, _ body: (UnsafePointer<quark_event>, Write) -> CInt
  ) throws(QuarkError) -> CInt {
    var queue = try Queue(attributes)
    while true {
      while let event = unsafe queue.nextEvent() {
        guard let tty = unsafe event.pointee.tty else { continue }
        let pid = unsafe event.pointee.process?.pointee.pid ?? 0
        let write = unsafe Write(major: tty.pointee.major, minor: tty.pointee.minor, pid: pid)
        guard choice?.admits(write) ?? true else { continue }
        let status = unsafe body(event, write)
        if status != 0 { return status }
      }
      do { try queue.block(milliseconds: 1000) } catch where error.rawValue == ENODATA { return 0 } catch where
        error.rawValue == EINTR
      { continue } catch { throw QuarkError("wait for events", error) }
    }
  }

  /// A signal ends it early. A part of a millisecond is not waited for.
  private static func sleep(_ nanoseconds: UInt64, _ isStopping: () -> Bool) {
    var milliseconds = nanoseconds / 1_000_000
    while milliseconds > 0, !isStopping() {
      let part = min(milliseconds, 1000)
      _ = poll(nil, 0, CInt(part))
      milliseconds -= part
    }
  }
}

/// What a terminal showed of a write, as its modes say: termios(3).
enum TerminalText {
  static func append(_ event: quark_event, to text: inout ByteBuffer) {
    var next: UnsafeMutablePointer<quark_tty>? = unsafe event.tty
    while let write = unsafe next {
      // Safe: this many bytes follow the structure.
      let data = unsafe UnsafeRawPointer(write) + MemoryLayout<quark_tty>.size
      let modes = unsafe Modes(write.pointee)
      for index in 0..<(unsafe write.pointee.data_len) {
        let byte = unsafe data.load(fromByteOffset: index, as: UInt8.self)
        if unsafe event.tty_flags & UInt32(QUARK_TTY_F_INPUT) != 0 {
          modes.echo(byte, to: &text)
        } else {
          modes.show(byte, to: &text)
        }
      }
      unsafe next = write.pointee.next
    }
  }

  private struct Modes {
    let input, output, local: UInt32

    init(_ tty: quark_tty) { unsafe (input, output, local) = (tty.iflag, tty.oflag, tty.lflag) }

    /// A newline may get a carriage return.
    func show(_ byte: UInt8, to text: inout ByteBuffer) {
      let adds = UInt32(OPOST | ONLCR)
      if byte == UInt8(ascii: "\n"), output & adds == adds { text.append(UInt8(ascii: "\r")) }
      text.append(byte)
    }

    /// A control character may be shown as `^C`. What editing keys do is not shown.
    func echo(_ byte: UInt8, to text: inout ByteBuffer) {
      var byte = byte
      if byte == UInt8(ascii: "\r") {
        if input & UInt32(IGNCR) != 0 { return }
        if input & UInt32(ICRNL) != 0 { byte = UInt8(ascii: "\n") }
      } else if byte == UInt8(ascii: "\n"), input & UInt32(INLCR) != 0 {
        byte = UInt8(ascii: "\r")
      }
      let isControl = byte < 0x20 && byte != UInt8(ascii: "\n") && byte != UInt8(ascii: "\t") || byte == 0x7f
      guard isControl, local & UInt32(ECHOCTL) != 0 else { return show(byte, to: &text) }
      text.append(UInt8(ascii: "^"))
      text.append(byte ^ 0x40)
    }
  }
}
