/// Reads a guest's console for what a healthy one never says.
///
/// A program may print anything: what looks like a complaint of the kernel counts as one, whoever said it.
struct ConsoleJudge: Sendable {
  struct Finding: Sendable, Equatable, CustomStringConvertible {
    var kind: Complaint
    /// Counted from 1.
    var line: Int
    var text: String
    var description: String { "console line \(line): \(text)" }
  }

  enum ProgramExit: Sendable, Equatable {
    case code(Int)
    case signal(String)
  }

  private(set) var initStarted = false
  /// The release that init's banner names, once the guest was ready.
  private(set) var bannerRelease: String?
  private(set) var panic: String?
  private(set) var findings: [Finding] = []
  private(set) var programExit: ProgramExit?
  /// What quark-test's own last line says: `N failures`.
  private(set) var failuresLine: Int?
  /// krun.sh's last line: `exited with N`.
  private(set) var krunExitLine: Int?
  /// The lines around the first problem, or the last lines if there is none.
  private(set) var excerpt: [String] = []
  /// What was printed between the banner and the program's exit.
  private(set) var programLines: [String] = []

  /// A call trace belongs to the complaint before it if they are this close, in lines.
  private static let traceReach = 30
  private static let excerptBefore = 5
  private static let excerptLength = 40
  private static let excerptWidth = 400

  init(_ console: some Sequence<UInt8>) {
    let lines = Self.lines(of: console)
    var lastComplaint = -Self.traceReach - 1
    for entry in ConsoleLine.entries(of: lines) {
      if ConsoleNoise.all.contains(where: { entry.text.contains($0.contains) }) {
        lastComplaint = entry.line
      } else if let kind = Complaint.of(entry.text[...]) {
        let explained = kind == .callTrace && entry.line - lastComplaint <= Self.traceReach
        if kind == .panic, panic == nil { panic = entry.text }
        if !explained { findings.append(Finding(kind: kind, line: entry.line, text: entry.text)) }
        lastComplaint = entry.line
      } else if !entry.isKernels {
        readMarker(entry.text)
      }
    }
    excerpt = Self.excerpt(lines, around: findings.first?.line)
  }

  private mutating func readMarker(_ line: String) {
    if line == "quark-init: started" {
      initStarted = true
    } else if bannerRelease == nil, line.hasPrefix("`"), let on = line.lastRange(of: "` on ") {
      bannerRelease = line[on.upperBound...].split(separator: " ").first.map(String.init) ?? ""
    } else if let code = line.dropping(prefix: "exited with ").flatMap({ Int($0) }) {
      krunExitLine = code
    } else if bannerRelease != nil, programExit == nil, let exited = line.lastRange(of: " exited with ") {
      let rest = line[exited.upperBound...]
      if let code = Int(rest) {
        programExit = .code(code)
      } else if let signal = String(rest).dropping(prefix: "signal ") {
        programExit = .signal(String(signal))
      }
    } else if bannerRelease != nil, programExit == nil {
      programLines.append(line)
      if let count = line.dropping(suffix: " failures").flatMap({ Int($0) }) { failuresLine = count }
    }
  }

  /// Splits at newlines, drops carriage returns, terminal escapes and other control characters.
  static func lines(of console: some Sequence<UInt8>) -> [String] {
    var lines = console.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { bytes in
      TerminalText.plain(String(decoding: bytes, as: UTF8.self))
    }
    while lines.last?.isEmpty == true { lines.removeLast() }
    return lines
  }

  private static func excerpt(_ lines: [String], around problem: Int?) -> [String] {
    let first = problem.map { max(0, $0 - 1 - excerptBefore) } ?? max(0, lines.count - excerptLength)
    return lines[first..<min(lines.count, first + excerptLength)].map { String($0.prefix(excerptWidth)) }
  }
}

extension String {
  func dropping(prefix: String) -> Substring? {
    hasPrefix(prefix) ? dropFirst(prefix.count) : nil
  }

  func dropping(suffix: String) -> Substring? {
    hasSuffix(suffix) ? dropLast(suffix.count) : nil
  }

  func lastRange(of other: String) -> Range<Index>? {
    ranges(of: other).last
  }
}
