/// A line of the console as whoever wrote it meant it.
///
/// The kernel and the programs share the console, and the kernel does not wait for a program's line to end:
///
///     t_probe @ ebpf.................[    2.610116] BUG: kernel NULL pointer dereference
///     ok
///
/// is a message of the kernel and the line `t_probe @ ebpf.................ok`. The time stamp tells them apart.
struct ConsoleLine: Equatable {
  /// Without the kernel's time stamp.
  var text: String
  var isKernels: Bool
  /// Where it ends on the console, counted from 1.
  var line: Int

  static func entries(of lines: [String]) -> [ConsoleLine] {
    var entries: [ConsoleLine] = []
    /// What a program wrote before the kernel cut in.
    var begun = ""
    for (index, line) in lines.enumerated() {
      guard let stamp = stamp(in: line) else {
        entries.append(ConsoleLine(text: begun + line, isKernels: false, line: index + 1))
        begun = ""
        continue
      }
      begun += line[..<stamp.lowerBound]
      entries.append(ConsoleLine(text: String(line[stamp.upperBound...]), isKernels: true, line: index + 1))
    }
    if !begun.isEmpty { entries.append(ConsoleLine(text: begun, isKernels: false, line: lines.count)) }
    return entries
  }

  /// The first `[    1.234567] `, or `[    1.234567][    T1] ` of kernels that print the caller.
  private static func stamp(in line: String) -> Range<String.Index>? {
    let bytes = line.utf8
    var from = bytes.startIndex
    while let open = bytes[from...].firstIndex(of: UInt8(ascii: "[")) {
      if var end = timeEnd(bytes, after: open) {
        if let caller = callerEnd(bytes, from: end) { end = caller }
        while end < bytes.endIndex, bytes[end] == UInt8(ascii: " ") { end = bytes.index(after: end) }
        return open..<end
      }
      from = bytes.index(after: open)
    }
    return nil
  }

  /// Blanks, seconds, a point, six digits and `]`.
  private static func timeEnd(_ bytes: String.UTF8View, after open: String.Index) -> String.Index? {
    let inside = bytes[bytes.index(after: open)...].prefix(24)
    guard let close = inside.firstIndex(of: UInt8(ascii: "]")) else { return nil }
    let parts = inside[..<close].drop { $0 == UInt8(ascii: " ") }.split(separator: UInt8(ascii: "."))
    let isTime = parts.count == 2 && parts[1].count == 6 && parts.allSatisfy { $0.allSatisfy(\.isDigit) }
    return isTime ? bytes.index(after: close) : nil
  }

  /// `[    T1]` or `[    C0]` right after the time.
  private static func callerEnd(_ bytes: String.UTF8View, from start: String.Index) -> String.Index? {
    guard start < bytes.endIndex, bytes[start] == UInt8(ascii: "[") else { return nil }
    let inside = bytes[bytes.index(after: start)...].prefix(12)
    guard let close = inside.firstIndex(of: UInt8(ascii: "]")) else { return nil }
    let word = inside[..<close].drop { $0 == UInt8(ascii: " ") }
    let isCaller = word.first == UInt8(ascii: "T") || word.first == UInt8(ascii: "C")
    return isCaller && word.dropFirst().allSatisfy(\.isDigit) ? bytes.index(after: close) : nil
  }
}

extension UInt8 {
  fileprivate var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
}
