import CLinux
import QuarkCore
import QuarkLinux

/// The argument of `-r`: a file of rules, or standard input.
enum RuleFile {
  /// Returns an empty set if no file is named. Throws a one-line message if the file has an error.
  static func load(_ path: String?) throws(UsageError) -> Ruleset {
    guard let path else { return Ruleset() }
    let isInput = path.utf8.elementsEqual("-".utf8)
    let name = isInput ? "standard input" : path
    let text: [UInt8]
    do { text = isInput ? try read(STDIN_FILENO) : try read(path) } catch {
      throw UsageError("cannot read rules from \(name): \(error.description)")
    }
    do { return try Ruleset.parsing(text.span) } catch {
      throw UsageError("\(name):\(error.line):\(error.column): \(error.message)")
    }
  }

  private static func read(_ path: String) throws(Errno) -> [UInt8] {
    let file = FileDescriptor(owning: try unsafe Errno.check(clinux_open(path, O_RDONLY | O_CLOEXEC, 0)))
    return try read(file.rawValue)
  }

  private static func read(_ descriptor: CInt) throws(Errno) -> [UInt8] {
    var text: [UInt8] = []
    while true {
      var count = -1
      let chunk = unsafe [UInt8](unsafeUninitializedCapacity: 64 << 10) { buffer, filled in
        unsafe count = CLinux.read(descriptor, buffer.baseAddress, buffer.count)
        filled = max(0, count)
      }
      if count < 0, Errno.current.rawValue != EINTR { throw .current }
      if count == 0 { return text }
      text += chunk
      guard text.count <= Ruleset.textLimit else { throw Errno(EFBIG) }
    }
  }
}
