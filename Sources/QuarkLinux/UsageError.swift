internal import CLinux

/// What is wrong with a command line, in the words that follow the program's name.
public struct UsageError: Error, Sendable {
  public let message: String

  public init(_ message: String) { self.message = message }

  /// For what getopt(3) returned when its option string begins with a colon and it does not like an argument: `:` one
  /// that is missing, `?` an option that does not exist.
  public static func option(
    _ result: CInt, _ argv: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
  ) -> UsageError {
    let letter = UInt8(truncatingIfNeeded: clinux_optopt())
    // Long options have no letter, or none that can be shown; they are an argument of their own, the newest.
    var name = "-" + String(decoding: CollectionOfOne(letter), as: UTF8.self)
    if letter <= 0x20 || letter >= 0x7f {
      let index = Int(clinux_optind()) - 1
      name = unsafe argv[index].map { unsafe String(cString: $0) } ?? "?"
    }
    return UsageError(result == CInt(UInt8(ascii: ":")) ? "option \(name) needs an argument" : "unknown option \(name)")
  }
}
