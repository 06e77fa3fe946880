internal import CQuark

/// What a process wrote to a terminal, with one call or several.
public struct TerminalWrite: Equatable, Sendable {
  /// The device number of the terminal. For a pseudo terminal this is the slave, as for everything that follows.
  public let major, minor: UInt16
  /// The size of its window, in characters; 0 if nobody has set it.
  public let columns, rows: UInt16
  /// Its modes at the first call, as in termios(3).
  public let inputModes, outputModes, controlModes, localModes: UInt32
  /// True if the data was typed: written to the master of a pseudo terminal whose slave echoes it. What is typed and
  /// not echoed, such as a password, makes no event.
  public let isInput: Bool
  /// The bytes of each call.
  public let writes: [[UInt8]]
  /// The number of bytes that were written but are not in `writes`.
  public let truncated: UInt64
}

extension EventProtocol where Self: ~Escapable {
  /// What was written, if the event is an ``EventKinds/terminalWrite``; otherwise nil.
  public var terminalWrite: TerminalWrite? {
    guard let tty = unsafe storage.pointee.tty else { return nil }
    var (writes, truncated) = ([[UInt8]](), UInt64(0))
    var next: UnsafeMutablePointer<quark_tty>? = unsafe tty
    while let write = unsafe next {
      // Safe: this many bytes follow the structure.
      let data = unsafe UnsafeRawPointer(write) + MemoryLayout<quark_tty>.size
      unsafe writes.append([UInt8](UnsafeRawBufferPointer(start: data, count: write.pointee.data_len)))
      unsafe truncated &+= write.pointee.truncated
      unsafe next = write.pointee.next
    }
    return unsafe TerminalWrite(
      major: tty.pointee.major, minor: tty.pointee.minor, columns: tty.pointee.cols, rows: tty.pointee.rows,
      inputModes: tty.pointee.iflag, outputModes: tty.pointee.oflag, controlModes: tty.pointee.cflag,
      localModes: tty.pointee.lflag, isInput: storage.pointee.tty_flags & UInt32(QUARK_TTY_F_INPUT) != 0,
      writes: writes, truncated: truncated)
  }
}
