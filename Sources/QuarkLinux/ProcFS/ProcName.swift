internal import CLinux

/// The name of a process's directory in /proc, or of a file in it.
struct ProcName {
  private var bytes = [24 of CChar](repeating: 0)
  private var start = 10

  /// `rest` is the part after the pid, 13 bytes at most.
  init(_ pid: UInt32, _ rest: StaticString = "") {
    var value = pid
    repeat {
      start -= 1
      bytes[start] = CChar(value % 10) + CChar(bitPattern: UInt8(ascii: "0"))
      value /= 10
    } while value > 0
    rest.withUTF8Buffer { rest in
      precondition(rest.count <= 13)
      for index in rest.indices { unsafe bytes[10 + index] = CChar(bitPattern: rest[index]) }
    }
  }

  func withPath<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
    // Safe: there are at most ten digits and 13 bytes, and the last byte is a NUL.
    unsafe bytes.span.extracting(start...).withUnsafeBufferPointer { unsafe body($0.baseAddress!) }
  }

  /// The unit of start times in /proc, USER_HZ; 0 if not known.
  static var ticksPerSecond: UInt64 { UInt64(max(0, sysconf(CInt(_SC_CLK_TCK)))) }
}
