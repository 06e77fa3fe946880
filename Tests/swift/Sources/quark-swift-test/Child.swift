import Glibc

/// Runs a program to its end.
enum Child {
  struct Failure: Error {
    var words: String
  }

  /// Returns its pid when it has ended.
  static func run(_ arguments: [String]) throws -> UInt32 {
    var pid: pid_t = 0
    var vector: [UnsafeMutablePointer<CChar>?] = unsafe arguments.map { unsafe strdup($0) }
    unsafe vector.append(nil)
    defer { for unsafe argument in unsafe vector { unsafe free(argument) } }
    let error = unsafe posix_spawn(&pid, arguments[0], nil, nil, vector, nil)
    guard error == 0 else { throw Failure(words: "\(arguments[0]): error \(error)") }
    var status: CInt = 0
    while unsafe waitpid(pid, &status, 0) == -1 {
      guard errno == EINTR else { throw Failure(words: "waitpid: error \(errno)") }
    }
    return UInt32(pid)
  }
}
