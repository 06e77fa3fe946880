import CLinux
import QuarkLinux

/// Starts a child, which exits with what `body` returns.
@inline(never) func start(_ body: () -> CInt) throws(TestEnd) -> pid_t {
  let child = clinux_fork()
  if child == 0 { _exit(body()) }
  try expect(child > 0, "fork: \(Errno.current.description)")
  return child
}

/// Waits for the end of a child, and returns its status from wait(2).
@inline(never) func wait(for child: pid_t) throws(TestEnd) -> CInt {
  var status: CInt = 0
  do { try Errno.retrying { unsafe waitpid(child, &status, 0) } } catch {
    throw .failed("waitpid: \(error.description)")
  }
  return status
}

/// Checks in a child that a call has not failed. If it has, the child prints this and exits with a status that no test
/// expects.
@inline(never)
func must(_ what: StaticString, _ result: CInt) {
  if result >= 0 { return }
  FileDescriptor.complain("the child cannot \(what): \(Errno.current.description)\n")
  _exit(119)
}

/// Executes a program in place of this one. It returns, with a status that no test expects, only if that fails.
@inline(never)
func execute(_ path: String, _ arguments: [String], environment: [String] = []) -> CInt {
  let (words, variables) = unsafe (cStrings(arguments), cStrings(environment))
  unsafe execve(path, words, variables)
  return 118
}

/// Starts a thread in a child, and passes it the memory.
func startThread(
  _ truth: borrowing Truth, _ body: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer?
) {
  var thread = pthread_t()
  let error = unsafe pthread_create(&thread, nil, body, truth.memory)
  must("start a thread", error == 0 ? 0 : -1)
}

/// A list for execve(2), with a NULL at its end. It is never freed, because the program is about to be replaced.
@unsafe func cStrings(_ strings: [String]) -> [UnsafeMutablePointer<CChar>?] {
  var list = unsafe strings.map { unsafe strdup($0) }
  unsafe list.append(nil)
  return unsafe list
}

/// Memory that a test and its children share: a child stores here what it knows of itself.
@safe struct Truth: ~Copyable {
  private let numbers: UnsafeMutablePointer<Int>
  private static var size: Int { 1 << 16 }
  private static var count: Int { 1024 }

  init() throws(TestEnd) {
    let protection = PROT_READ | PROT_WRITE
    let memory = unsafe mmap(nil, Self.size, protection, MAP_SHARED | MAP_ANONYMOUS, -1, 0)
    guard let memory = unsafe memory, unsafe memory != clinux_map_failed() else { throw .failed("no shared memory") }
    unsafe numbers = memory.bindMemory(to: Int.self, capacity: Self.count)
  }

  deinit { unsafe munmap(numbers, Self.size) }

  /// 1024 numbers, 0 at first.
  subscript(index: Int) -> Int {
    get {
      precondition(index >= 0 && index < Self.count)
      return unsafe numbers[index]
    }
    nonmutating set {
      precondition(index >= 0 && index < Self.count)
      unsafe numbers[index] = newValue
    }
  }

  /// One string.
  var text: String {
    get { unsafe String(cString: buffer) }
    nonmutating set { unsafe strncpy(buffer, newValue, capacity - 1) }
  }

  /// The whole memory, numbers first.
  @unsafe var memory: UnsafeMutableRawPointer { unsafe UnsafeMutableRawPointer(numbers) }

  /// The memory of the string, for a system call that writes one.
  @unsafe var buffer: UnsafeMutablePointer<CChar> {
    unsafe UnsafeMutableRawPointer(numbers + Self.count).assumingMemoryBound(to: CChar.self)
  }
  var capacity: Int { Self.size - Self.count * MemoryLayout<Int>.stride }
}

/// A private folder of a test in /tmp; it is removed with its content at the end of this value.
struct Scratch: ~Copyable {
  let path: String

  init() throws(TestEnd) {
    path = "/tmp/quark-test.\(getpid())"
    guard unsafe mkdir(path, 0o755) == 0 else { throw .failed("cannot make \(path): \(Errno.current.description)") }
  }

  deinit { _ = unsafe clinux_remove_tree(path) }

  /// A copy of /bin/exit.
  func addProgram(_ name: String, mode: mode_t = 0o755) throws(TestEnd) -> String {
    try addFile(name, try readFile("/bin/exit"), mode: mode)
  }

  func addFile(_ name: String, _ bytes: [UInt8], mode: mode_t = 0o755) throws(TestEnd) -> String {
    let file = "\(path)/\(name)"
    try writeFile(file, bytes)
    guard unsafe chmod(file, mode) == 0 else { throw .failed("cannot chmod \(file): \(Errno.current.description)") }
    return file
  }
}

/// Reads a whole file.
@inline(never) func readFile(_ path: String) throws(TestEnd) -> [UInt8] {
  let descriptor = unsafe clinux_open(path, O_RDONLY | O_CLOEXEC, 0)
  guard descriptor >= 0 else { throw .failed("cannot open \(path): \(Errno.current.description)") }
  let file = FileDescriptor(owning: descriptor)
  var bytes: [UInt8] = []
  while true {
    var length = 0
    let chunk = unsafe [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
      length = unsafe read(file.rawValue, buffer.baseAddress, buffer.count)
      count = max(0, length)
    }
    guard length >= 0 else { throw .failed("cannot read \(path): \(Errno.current.description)") }
    if chunk.isEmpty { return bytes }
    bytes += chunk
  }
}

/// Writes a file, and creates it if needed.
@inline(never) func writeFile(_ path: String, _ bytes: [UInt8]) throws(TestEnd) {
  let descriptor = unsafe clinux_open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
  guard descriptor >= 0 else { throw .failed("cannot open \(path): \(Errno.current.description)") }
  let file = FileDescriptor(owning: descriptor)
  do { try FileDescriptor.writeAll(bytes.span, to: file.rawValue) } catch {
    throw .failed("cannot write \(path): \(error.description)")
  }
}

/// The text after `key` on the first line that begins with it, without blanks; nil if there is none.
@inline(never) func value(of key: String, in path: String) -> String? {
  guard let bytes = try? readFile(path) else { return nil }
  for line in bytes.split(separator: UInt8(ascii: "\n")) where line.starts(with: key.utf8) {
    return String(decoding: line.dropFirst(key.utf8.count).drop { $0 <= UInt8(ascii: " ") }, as: UTF8.self)
  }
  return nil
}

/// The inode number of a namespace of a process: `/proc/self/ns/uts` is a link to `uts:[4026531838]`.
@inline(never) func namespace(_ name: String, of process: String = "self") -> UInt32 {
  var number: UInt32 = 0
  for byte in linkTarget("/proc/\(process)/ns/\(name)").utf8
  where (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
    number = number &* 10 &+ UInt32(byte - UInt8(ascii: "0"))
  }
  return number
}

/// The target of a symbolic link, or an empty string.
@inline(never) func linkTarget(_ path: String) -> String {
  let bytes = unsafe [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
    count = unsafe max(0, readlink(path, buffer.baseAddress!, buffer.count))
  }
  return String(decoding: bytes, as: UTF8.self)
}

/// The wall clock, nanoseconds since the epoch.
func wallTime() -> UInt64 {
  let boot = (try? Clock.bootNS()) ?? 0
  return boot &+ ((try? Clock.wallOffsetNS()) ?? 0)
}

/// Call it in a child: changes to a folder, and to another one in it, which is created if needed, and so on.
@inline(never) func descend(from path: String, _ depth: Int, _ name: String = "level") {
  must("chdir", unsafe chdir(path))
  for level in 0..<depth {
    _ = unsafe mkdir("\(name)-\(level)", 0o755)
    must("chdir", unsafe chdir("\(name)-\(level)"))
  }
}

/// getcwd(3)
@inline(never) func workingDirectory() -> String {
  guard let path = unsafe getcwd(nil, 0) else { return "(unknown)" }
  defer { unsafe free(path) }
  return unsafe String(cString: path)
}
