import CLinux
import CQuark
import Quark
import QuarkLinux

/// A child moves to another control group of the unified hierarchy, next to the root and 60 levels deep.
func controlGroup(_ context: TestContext) throws(TestEnd) {
  let root = try unifiedHierarchy()
  let name = "quark-test-\(getpid())"
  var queue = try context.open()
  for depth in [0, 60] {
    var path = "/\(name)"
    for level in 0..<depth { path += "/level-\(level)-of-a-deep-hierarchy" }
    let truth = try Truth()
    let life = try withGroup(root, path) { () throws(TestEnd) in
      try context.live(in: &queue, status: 27) {
        guard (try? writeFile("\(root)\(path)/cgroup.procs", [UInt8(ascii: "0")])) != nil else { return 117 }
        truth.text = value(of: "0::", in: "/proc/self/cgroup") ?? "(none)"
        return execute("/bin/exit", ["exit", "27"])
      }
    }
    try life.expect(execs: 1)
    try expect(truth.text.utf8.count >= path.utf8.count, "the child is in \(truth.text)")
    try expectEqual("cgroup", life.known.cgroup, truth.text)
  }
}

/// If a child begins in another control group than its parent, this group is known from its fork on.
func cloneIntoGroup(_ context: TestContext) throws(TestEnd) {
  let root = try unifiedHierarchy()
  let path = "/quark-test-\(getpid())"
  var queue = try context.open()
  let truth = try Truth()
  let life = try withGroup(root, path) { () throws(TestEnd) in
    let group = unsafe clinux_open(root + path, O_RDONLY | O_CLOEXEC, 0)
    try expect(group >= 0, "cannot open \(root)\(path)")
    let file = FileDescriptor(owning: group)
    let pid = clinux_fork_into(file.rawValue)
    if pid == 0 {
      truth.text = value(of: "0::", in: "/proc/self/cgroup") ?? "(none)"
      _exit(28)
    }
    try expect(pid > 0, "clone3: \(Errno.current.description)")
    return try context.life(of: pid, endingWith: try wait(for: pid), in: &queue)
  }
  try life.expect()
  try expectEqual("cgroup at fork", life.parts[0].known.cgroup, truth.text)
  try expect(!equal(truth.text, value(of: "0::", in: "/proc/self/cgroup") ?? ""), "the child is in our group")
}

/// On a machine with only version 1, the control group is that of the hierarchy with the pids controller.
func controlGroupV1(_ context: TestContext) throws(TestEnd) {
  let root = try Scratch()
  guard unsafe mount("quark-test", root.path, "cgroup", 0, "pids") == 0 else {
    throw .skipped("this kernel mounts no pids hierarchy: \(Errno.current.description)")
  }
  defer { _ = unsafe umount(root.path) }
  let path = "/outer/inner"
  var queue = try context.open()
  let life = try withGroup(root.path, path) { () throws(TestEnd) in
    try context.live(in: &queue, status: 29) {
      guard (try? writeFile("\(root.path)\(path)/cgroup.procs", [UInt8(ascii: "0")])) != nil else { return 117 }
      return execute("/bin/exit", ["exit", "29"])
    }
  }
  try life.expect(execs: 1)
  try expectEqual("cgroup", life.known.cgroup, path)
}

/// The mount point of the unified hierarchy.
private func unifiedHierarchy() throws(TestEnd) -> String {
  let root = "/sys/fs/cgroup"
  guard unsafe access("\(root)/cgroup.procs", W_OK) == 0 else {
    throw .failed("no unified hierarchy at \(root)")
  }
  return root
}

/// Makes a control group and those above it, and removes them after `body`.
private func withGroup(
  _ root: String, _ path: String, _ body: () throws(TestEnd) -> Life
) throws(TestEnd) -> Life {
  var made: [String] = []
  defer { for directory in made.reversed() { _ = unsafe rmdir(directory) } }
  var directory = root
  for name in path.utf8.split(separator: UInt8(ascii: "/")) {
    directory += "/" + String(decoding: name, as: UTF8.self)
    guard unsafe mkdir(directory, 0o755) == 0 else {
      throw .failed("cannot make \(directory): \(Errno.current.description)")
    }
    made.append(directory)
  }
  return try body()
}
