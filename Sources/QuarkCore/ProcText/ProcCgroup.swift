/// The content of `/proc/PID/cgroup` (cgroups(7)): lines of hierarchy:controllers:path.
public enum ProcCgroup {
  /// The range in `text` of the path that names a container: that of the unified hierarchy (`0::`) if there is one,
  /// otherwise that of the `pids` controller. Nil if there is neither, or if the path is empty. A line without its
  /// newline was cut, and is ignored.
  public static func path(in text: Span<UInt8>) -> Range<Int>? {
    var lines = TextCursor(text)
    var ofPids: Range<Int>?
    while let line = lines.nextLine() {
      if text.extracting(line).has("0::") { return nonEmpty(line.lowerBound + 3..<line.upperBound) }
      if ofPids == nil { ofPids = path(ofPids: line, in: text) }
    }
    return ofPids.flatMap(nonEmpty)
  }

  /// The path in a line such as `8:cpu,pids:/a`: controllers can be mounted together.
  private static func path(ofPids line: Range<Int>, in text: Span<UInt8>) -> Range<Int>? {
    var index = line.lowerBound
    while index < line.upperBound, text[index] != UInt8(ascii: ":") { index += 1 }
    var isPids = false
    while index < line.upperBound {
      let start = index + 1
      index = start
      while index < line.upperBound, text[index] != UInt8(ascii: ","), text[index] != UInt8(ascii: ":") { index += 1 }
      if index - start == 4, text.has("pids", at: start) { isPids = true }
      if index < line.upperBound, text[index] == UInt8(ascii: ":") { return isPids ? index + 1..<line.upperBound : nil }
    }
    return nil
  }

  private static func nonEmpty(_ range: Range<Int>) -> Range<Int>? { range.isEmpty ? nil : range }
}
