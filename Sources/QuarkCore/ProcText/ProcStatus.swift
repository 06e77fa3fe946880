/// The content of `/proc/PID/status` (proc_pid_status(5)). If a line is invalid or missing, only its own member is nil.
public struct ProcStatus: Equatable, Sendable {
  /// The saved id is the id that `exec` took from the file or kept.
  public struct Identity: Equatable, Sendable {
    public var real: UInt32
    public var effective: UInt32
    public var saved: UInt32

    public init(real: UInt32, effective: UInt32, saved: UInt32) {
      (self.real, self.effective, self.saved) = (real, effective, saved)
    }
  }

  /// The thread group.
  public private(set) var pid: UInt32?
  public private(set) var ppid: UInt32?
  public private(set) var user: Identity?
  public private(set) var group: Identity?
  /// Bit number = capability number, capabilities(7).
  public private(set) var inheritable: UInt64?
  public private(set) var permitted: UInt64?
  public private(set) var effective: UInt64?
  public private(set) var bounding: UInt64?
  /// Since Linux 4.3.
  public private(set) var ambient: UInt64?

  /// Reads whole lines only, because the text may have been cut. If a key is there twice, the first line counts.
  public init(_ text: Span<UInt8>) {
    var lines = TextCursor(text)
    while !isComplete, let line = lines.nextLine() {
      // The value is read with its newline, which proves that it is complete.
      read(text.extracting(line.lowerBound..<line.upperBound + 1))
    }
  }

  /// The order of the lines is not guaranteed, but the last wanted line is far from the end.
  private var isComplete: Bool {
    ambient != nil && bounding != nil && effective != nil && permitted != nil && inheritable != nil
      && group != nil && user != nil && ppid != nil && pid != nil
  }

  private mutating func read(_ line: Span<UInt8>) {
    switch line[0] {
    case UInt8(ascii: "P"):
      if line.has("Pid:") { pid = pid ?? Self.number(line, after: 4) }
      if line.has("PPid:") { ppid = ppid ?? Self.number(line, after: 5) }
    case UInt8(ascii: "U") where line.has("Uid:"): user = user ?? Self.identity(line)
    case UInt8(ascii: "G") where line.has("Gid:"): group = group ?? Self.identity(line)
    case UInt8(ascii: "C") where line.has("Cap"): readCapabilities(line)
    default: break
    }
  }

  private mutating func readCapabilities(_ line: Span<UInt8>) {
    guard line.count > 7, line[6] == UInt8(ascii: ":") else { return }
    var value = TextCursor(line.extracting(7...))
    let mask = value.number(radix: 16)
    if line.has("Inh", at: 3) { inheritable = inheritable ?? mask }
    if line.has("Prm", at: 3) { permitted = permitted ?? mask }
    if line.has("Eff", at: 3) { effective = effective ?? mask }
    if line.has("Bnd", at: 3) { bounding = bounding ?? mask }
    if line.has("Amb", at: 3) { ambient = ambient ?? mask }
  }

  private static func number(_ line: Span<UInt8>, after key: Int) -> UInt32? {
    var value = TextCursor(line.extracting(key...))
    return value.number32()
  }

  /// `Uid:` and `Gid:` have four ids: real, effective, saved, and the one for file access, which is not kept.
  private static func identity(_ line: Span<UInt8>) -> Identity? {
    var value = TextCursor(line.extracting(4...))
    guard let real = value.number32(), let effective = value.number32(), let saved = value.number32() else {
      return nil
    }
    return Identity(real: real, effective: effective, saved: saved)
  }
}
