/// Targets of the links below `/proc/PID`.
public enum ProcLink {
  /// The inode of a namespace, from the target of `ns/…` such as `uts:[4026531838]` (namespaces(7)).
  public static func namespace(_ target: Span<UInt8>) -> UInt32? {
    var start = 0
    while start < target.count, target[start] != UInt8(ascii: "[") { start += 1 }
    var end = start
    while end < target.count, target[end] != UInt8(ascii: "]") { end += 1 }
    guard end < target.count else { return nil }
    return target.extracting(start + 1..<end).number().flatMap { UInt32(exactly: $0) }
  }
}
