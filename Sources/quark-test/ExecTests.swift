import CLinux
import CQuark
import Quark
import QuarkLinux

/// A program is executed by a relative path after a change of directory; its path is known completely.
func execRelative(_ context: TestContext) throws(TestEnd) {
  var queue = try context.open()
  let truth = try Truth()
  let life = try context.live(in: &queue) {
    must("chdir", unsafe chdir("/bin"))
    truth.text = workingDirectory()
    return execute("./true", ["true", "this", "is", "nop!"])
  }
  try life.expect(execs: 1)
  try expectEqual("exe", life.known.exe, truth.text + "/true")
  try expectEqual("cwd", life.known.cwd, truth.text)
  try expectEqual("cmdline", life.known.commandLine, "true|this|is|nop!|")
}

/// A program is executed by other names: a link, a path that is not the shortest, the longest path, /proc, and a
/// descriptor. The known path is always that of its file.
func execByOtherNames(_ context: TestContext) throws(TestEnd) {
  let scratch = try Scratch()
  let program = try scratch.addProgram("program")
  must("symlink", unsafe symlink("program", scratch.path + "/link"))
  must("mkdir", unsafe mkdir(scratch.path + "/sub", 0o755))
  var queue = try context.open()
  let long = "." + String(repeating: "/.", count: 1990) + "/program"
  var children: [pid_t] = []
  for name in ["link", "../.././tmp//quark-test.\(getpid())/program", "./sub/../program", "/dev/fd/3", long] {
    let child = try start {
      must("chdir", unsafe chdir(scratch.path))
      let descriptor = unsafe clinux_open(program, O_RDONLY, 0)
      if descriptor != 3 { must("dup", dup2(descriptor, 3)) }
      return execute(name, ["x", "20"])
    }
    try expectEqual("the child's end", try wait(for: child), 20 << 8)
    children.append(child)
  }
  // All of them are held at the same time.
  for child in children {
    let life = try context.life(of: child, endingWith: 20 << 8, in: &queue)
    try life.expect(execs: 1)
    try expectEqual("exe", life.known.exe, program)
    try expectEqual("script", life.known.script, "(none)")
  }
}

/// A file without a name is executed through /proc and by its descriptor.
func execMemfd(_ context: TestContext) throws(TestEnd) {
  var queue = try context.open()
  let program = try readFile("/bin/exit")
  let descriptor = unsafe clinux_memfd_named("glorious")
  guard descriptor >= 0 else { throw .failed("no memfd") }
  let file = FileDescriptor(owning: descriptor)
  try writeFile("/proc/self/fd/\(descriptor)", program)
  for isByDescriptor in [false, true] {
    let life = try context.live(in: &queue, status: 13) {
      if !isByDescriptor { return execute("/proc/self/fd/\(file.rawValue)", ["m", "13"]) }
      let (words, variables) = unsafe (cStrings(["m", "13"]), cStrings([]))
      unsafe fexecve(file.rawValue, words, variables)
      return 118
    }
    try life.expect(execs: 1)
    try expectEqual("exe", life.known.exe, "memfd:glorious")
    try expectEqual("cmdline", life.known.commandLine, "m|13|")
    if !isByDescriptor { try expectEqual("comm", life.known.comm, "\(descriptor)") }
  }
}

/// A program is executed whose file was deleted before.
func execDeleted(_ context: TestContext) throws(TestEnd) {
  let scratch = try Scratch()
  let path = try scratch.addProgram("gone")
  var queue = try context.open()
  let life = try context.live(in: &queue, status: 14) {
    let descriptor = unsafe clinux_open(path, O_RDONLY | O_CLOEXEC, 0)
    must("unlink", unsafe unlink(path))
    let (words, variables) = unsafe (cStrings(["gone", "14"]), cStrings([]))
    unsafe fexecve(descriptor, words, variables)
    return 118
  }
  try life.expect(execs: 1)
  try expectEqual("exe", life.known.exe, path)
  try expectEqual("cmdline", life.known.commandLine, "gone|14|")
}

/// A script: its interpreter runs, and the path of the script as given to execve(2) is known.
func execScript(_ context: TestContext) throws(TestEnd) {
  let scratch = try Scratch()
  let script = try scratch.addFile("script", Array("#!/bin/exit 15\n".utf8))
  // Its interpreter is a script, too.
  let nested = try scratch.addFile("nested", Array("#!\(script)\n".utf8))
  let exe = try realPath("/bin/exit")
  let long = "." + String(repeating: "/.", count: 150) + "/script"
  var queue = try context.open()
  for (path, directory, arguments) in [
    (script, "/", "/bin/exit|15|\(script)|a|"),
    ("./script", scratch.path, "/bin/exit|15|./script|a|"), (long, scratch.path, "/bin/exit|15|\(long)|a|"),
    (nested, "/", "/bin/exit|15|\(script)|\(nested)|a|"),
  ] {
    let life = try context.live(in: &queue, status: 15) {
      must("chdir", unsafe chdir(directory))
      return execute(path, ["unseen", "a"])
    }
    try life.expect(execs: 1)
    try expectEqual("exe", life.known.exe, exe)
    try expectEqual("script", life.known.script, path)
    try expectEqual("cmdline", life.known.commandLine, arguments)
  }
  // A program that is not a script has none, even if its parent has one.
  let life = try context.live(in: &queue, status: 2) { execute("/bin/exit", ["exit", "2"]) }
  try expectEqual("script of a program", life.known.script, "(none)")
}

/// A program without arguments. From 5.18 on the kernel adds one empty argument; the program tells which case it is.
func execNoArguments(_ context: TestContext) throws(TestEnd) {
  var queue = try context.open()
  let pid = try start { execute("/bin/exit", []) }
  let status = try wait(for: pid)
  let life = try context.life(of: pid, endingWith: status, in: &queue)
  try life.expect(execs: 1)
  try expectEqual("exe", life.known.exe, try realPath("/bin/exit"))
  switch life.known.exitCode {
  case 0: try expectEqual("cmdline", life.known.commandLine, "")
  case 1: try expectEqual("cmdline", life.known.commandLine, "|")
  default: throw .failed("the child ended with \(status)")
  }
}

/// Arguments of 20 KiB are complete; of longer ones the first 20 KiB are kept, and their length is known.
func execArguments(_ context: TestContext) throws(TestEnd) {
  var queue = try context.open()
  let most = keptArguments
  for there in [most, most + 1, 100_000] {
    // The NULs of three arguments and the five bytes of the first two are subtracted.
    var long = [UInt8](repeating: 0, count: there - 8)
    for index in 0..<long.count { long[index] = UInt8(ascii: "a") + UInt8(index % 26) }
    let text = String(decoding: long, as: UTF8.self)
    let life = try context.live(in: &queue, status: 7) { execute("/bin/exit", ["exit", "7", text]) }
    try life.expect(execs: 1)
    var whole = Array("exit\u{0}7\u{0}".utf8)
    whole += long
    whole.append(0)
    try expectEqual("bytes of arguments there were", life.known.argumentsThere, there)
    try expectEqual("bytes of arguments", life.known.arguments.count, min(there, most))
    // Arguments that were cut also end with a NUL.
    for index in 0..<min(there, most) - 1 where life.known.arguments[index] != whole[index] {
      throw .failed("of \(there) bytes of arguments, byte \(index) is wrong")
    }
    try expectEqual("the last byte", Int(life.known.arguments[min(there, most) - 1]), 0)
  }
}

/// With a path of about 4,000 bytes, 90 folders deep, directory and executable of the child are known exactly.
func execDeepPath(_ context: TestContext) throws(TestEnd) {
  let scratch = try Scratch()
  let program = try readFile("/bin/exit")
  let truth = try Truth()
  var queue = try context.open()
  let life = try context.live(in: &queue, status: 16) {
    must("chdir", unsafe chdir(scratch.path))
    for level in 10..<100 {
      let name = "\(level)-what-is-as-deep-as-that-must-be-long-too-"
      must("mkdir", unsafe mkdir(name, 0o755))
      must("chdir", unsafe chdir(name))
    }
    truth.text = workingDirectory()
    guard (try? writeFile("exit", program)) != nil else { return 117 }
    must("chmod", unsafe chmod("exit", 0o755))
    return execute("./exit", ["exit", "16"])
  }
  try life.expect(execs: 1)
  let directory = truth.text
  try expect(directory.utf8.count > 3900, "a path of \(directory.utf8.count) bytes is not long")
  try expectEqual("cwd", life.known.cwd, directory)
  try expectEqual("exe", life.known.exe, directory + "/exit")
}

/// An exec that fails is not reported, and changes nothing that is known.
func execFails(_ context: TestContext) throws(TestEnd) {
  let scratch = try Scratch()
  let text = try scratch.addFile("text", Array("what is this?\n".utf8))
  let locked = try scratch.addProgram("locked", mode: 0o644)
  let orphan = try scratch.addFile("orphan", Array("#!/does/not/exist\n".utf8))
  var queue = try context.open()
  let life = try context.live(in: &queue, status: 118) {
    for path in ["/does/not/exist", "/proc", text, locked, orphan] { _ = execute(path, ["nothing"]) }
    return 118
  }
  try life.expect()
  let us = try ourselves(&queue)
  try expectEqual("comm", life.known.comm, us.comm)
  try expectEqual("exe", life.known.exe, us.exe)
  try expectEqual("cmdline", life.known.commandLine, us.commandLine)
}

/// A thread that is not the first executes a program: the process keeps its id, with one exec and one exit.
func execByThread(_ context: TestContext) throws(TestEnd) {
  var queue = try context.open()
  let life = try context.live(in: &queue, status: 17) {
    var thread = pthread_t()
    _ = unsafe pthread_create(&thread, nil, { _ in _exit(execute("/bin/exit", ["exit", "17"])) }, nil)
    while true { pause() }
  }
  try life.expect(execs: 1)
  try expectEqual("exe", life.known.exe, try realPath("/bin/exit"))
  try expectEqual("comm", life.known.comm, "exit")
  try expectEqual("cmdline", life.known.commandLine, "exit|17|")
  try expectEqual("ppid", life.known.ppid, UInt32(getpid()))
}

/// In a changed root, paths are those that the process itself sees.
func execInChroot(_ context: TestContext) throws(TestEnd) {
  let scratch = try Scratch()
  must("mkdir", unsafe mkdir(scratch.path + "/cell", 0o755))
  _ = try scratch.addProgram("cell/exit")
  var queue = try context.open()
  let life = try context.live(in: &queue, status: 18) {
    must("chroot", unsafe chroot(scratch.path))
    must("chdir", unsafe chdir("/cell"))
    return execute("/cell/exit", ["exit", "18"])
  }
  try life.expect(execs: 1)
  try expectEqual("exe", life.known.exe, "/cell/exit")
  try expectEqual("cwd", life.known.cwd, "/cell")
}

/// The environment is kept up to `max_env`, and its full length is known.
func environmentLimit(_ context: TestContext) throws(TestEnd) {
  let variables = ["A=" + String(repeating: "a", count: 60), "B=" + String(repeating: "b", count: 59)]
  let whole = Array("\(variables[0])\u{0}\(variables[1])\u{0}".utf8)
  for limit in [whole.count, 100, 0] {
    var context = context
    context.attributes.max_env = limit
    var queue = try context.open()
    let life = try context.live(in: &queue, status: 19) {
      execute("/bin/exit", ["exit", "19"], environment: variables)
    }
    let kept = life.known.environment
    try expectEqual("bytes of environment", kept.count, limit)
    try expectEqual("bytes there were", life.known.environmentThere, limit == 0 ? 0 : whole.count)
    for index in 0..<max(0, limit - 1) where kept[index] != whole[index] {
      throw .failed("byte \(index) of the environment is wrong")
    }
    if limit > 0 { try expectEqual("the last byte", Int(kept[limit - 1]), 0) }
  }
}

/// A process works below mounts: seven nested mounts, a bind mount, and two mounts at one place; and in a folder with
/// the longest possible name.
func directoriesAcrossMounts(_ context: TestContext) throws(TestEnd) {
  let scratch = try Scratch()
  var mounted: [String] = []
  defer { for path in mounted.reversed() { _ = unsafe umount(path) } }
  func mountAt(_ path: String, from source: String? = nil) throws(TestEnd) {
    _ = unsafe mkdir(path, 0o755)
    let isMade = unsafe mount(source ?? "none", path, "tmpfs", source == nil ? 0 : UInt(MS_BIND), nil) == 0
    try expect(isMade, "cannot mount \(path): \(Errno.current.description)")
    mounted.append(path)
  }
  must("mkdir", unsafe mkdir(scratch.path + "/bound", 0o755))
  try mountAt(scratch.path + "/a", from: scratch.path + "/bound")
  for _ in 0..<2 { try mountAt(scratch.path + "/twice") }
  var deep = scratch.path
  for level in 1...7 {
    deep += "/m\(level)"
    try mountAt(deep)
  }
  var queue = try context.open()
  let truth = try Truth()
  var children: [(pid: pid_t, path: String)] = []
  for path in [scratch.path + "/a", scratch.path + "/twice", deep] {
    let child = try start {
      descend(from: path, 1)
      truth.text = workingDirectory()
      return execute("/bin/exit", ["exit", "21"])
    }
    try expectEqual("the child's end", try wait(for: child), 21 << 8)
    children.append((child, truth.text))
  }
  // All of them are held at the same time.
  for child in children {
    let life = try context.life(of: child.pid, endingWith: 21 << 8, in: &queue)
    try expectEqual("cwd", life.known.cwd, child.path)
  }
}

// MARK: -

/// A path without symbolic links: realpath(3).
func realPath(_ path: String) throws(TestEnd) -> String {
  guard let resolved = unsafe realpath(path, nil) else { throw .failed("there is no \(path)") }
  defer { unsafe free(resolved) }
  return unsafe String(cString: resolved)
}

/// The data that a queue has of this process.
func ourselves(_ queue: inout TestQueue) throws(TestEnd) -> Known {
  guard let known = try queue.lookup(pid: UInt32(getpid())) else { throw .failed("we are not known") }
  return known
}

/// The number of bytes of arguments that are kept.
private var keptArguments: Int { 20480 }
