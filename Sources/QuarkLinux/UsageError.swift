internal import CLinux

/// An error in a command line, as the text that follows the program's name.
public struct UsageError: Error, Sendable {
  public let message: String

  public init(_ message: String) { self.message = message }

  /// The error for a result of getopt(3) whose option string begins with a colon: `:` for a missing argument, `?` for
  /// an unknown option.
  public static func option(
    _ result: CInt, _ argv: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
  ) -> UsageError {
    let letter = UInt8(truncatingIfNeeded: clinux_optopt())
    // Long options have no letter, or none that can be printed; then the name is the last argument that was read.
    var name = "-" + String(decoding: CollectionOfOne(letter), as: UTF8.self)
    if letter <= 0x20 || letter >= 0x7f {
      let index = Int(clinux_optind()) - 1
      name = unsafe argv[index].map { unsafe String(cString: $0) } ?? "?"
    }
    return UsageError(result == CInt(UInt8(ascii: ":")) ? "option \(name) needs an argument" : "unknown option \(name)")
  }
}
