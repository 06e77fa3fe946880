import CLinux
import QuarkCore
import QuarkLinux

/// An output file of a command line. It is opened at once, so that an error is reported before anything begins. But
/// until `keep` is called, an older file keeps its content, and a new file is removed.
struct OutputFile: ~Copyable {
  let path: String
  let descriptor: FileDescriptor
  private let isNew: Bool
  private var isKept = false

  static func open(_ path: String) throws(QuarkError) -> OutputFile {
    try QuarkError.attempting("write to", on: path) { () throws(Errno) in
      let flags = O_WRONLY | O_CLOEXEC
      let fresh = unsafe clinux_open(path, flags | O_CREAT | O_EXCL, 0o666)
      if fresh >= 0 { return OutputFile(path, FileDescriptor(owning: fresh), isNew: true) }
      // The path may also name an existing file, a device or a pipe.
      let old = unsafe clinux_open(path, flags, 0)
      return OutputFile(path, FileDescriptor(owning: try Errno.check(old)), isNew: false)
    }
  }

  private init(_ path: String, _ descriptor: consuming FileDescriptor, isNew: Bool) {
    self.path = path
    self.descriptor = descriptor
    self.isNew = isNew
  }

  /// From now on the file has the output, and its old content is lost.
  mutating func keep() {
    isKept = true
    // This fails if it is not a regular file, and then there is nothing to remove.
    _ = ftruncate(descriptor.rawValue, 0)
  }

  deinit {
    if !isKept && isNew { unsafe unlink(path) }
  }
}

/// All output files of a command line.
struct OutputFiles: ~Copyable {
  private var eventFile: OutputFile?
  private var processGraphFile: OutputFile?
  private var byTimeFile: OutputFile?
  private var byPIDTimeFile: OutputFile?

  init(_ options: Options) throws(QuarkError) {
    self.init()
    if let path = options.output { eventFile = try .open(path) }
    if let path = options.processGraph { processGraphFile = try .open(path) }
    guard options.debugLength != nil else { return }
    byTimeFile = try .open("quark_by_time.dot")
    byPIDTimeFile = try .open("quark_by_pidtime.dot")
  }

  private init() {
    eventFile = nil
    processGraphFile = nil
    byTimeFile = nil
    byPIDTimeFile = nil
  }

  mutating func keep() {
    eventFile?.keep()
    processGraphFile?.keep()
    byTimeFile?.keep()
    byPIDTimeFile?.keep()
  }

  func events() -> EventOutput {
    Self.output(to: eventFile) ?? EventOutput(to: STDOUT_FILENO, name: "standard output")
  }

  func processGraph() -> EventOutput? { Self.output(to: processGraphFile) }

  func rawEvents(_ order: RawEventGraph.Order) -> EventOutput? {
    switch order {
    case .byTime: Self.output(to: byTimeFile)
    case .byPIDTime: Self.output(to: byPIDTimeFile)
    }
  }

  private static func output(to file: borrowing OutputFile?) -> EventOutput? {
    switch file {
    case .some(let file): EventOutput(to: file.descriptor.rawValue, name: file.path)
    case .none: nil
    }
  }
}
