import Foundation

/// A directory that looks like a /proc; it is removed at the end of this value.
final class ProcTree {
  let root: URL
  var path: String { root.path }

  init() throws {
    root = FileManager.default.temporaryDirectory.appending(path: "proc-tree.\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: root) }

  func directory(_ name: String) throws {
    try FileManager.default.createDirectory(at: root.appending(path: name), withIntermediateDirectories: true)
  }

  func file(_ name: String, _ content: some Sequence<UInt8>) throws {
    let url = root.appending(path: name)
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(content).write(to: url)
  }

  func file(_ name: String, _ content: String) throws { try file(name, content.utf8) }

  /// The target need not exist.
  func link(_ name: String, to target: String) throws {
    let url = root.appending(path: name)
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(atPath: url.path, withDestinationPath: target)
  }

  /// A process with all possible data.
  func process(_ pid: UInt32, ppid: UInt32 = 1) throws {
    try file("\(pid)/status", """
      Name:\tsh
      Pid:\t\(pid)
      PPid:\t\(ppid)
      Uid:\t1\t2\t3\t4
      Gid:\t5\t6\t7\t8
      CapInh:\t1
      CapPrm:\t2
      CapEff:\t3
      CapBnd:\t4
      CapAmb:\t5

      """)
    try file("\(pid)/stat", "\(pid) (s) (h) S \(ppid) 10 11 34817 0 0 0 0 0 0 0 0 0 0 0 0 0 0 12345 0\n")
    for (name, inode) in [("uts", 21), ("ipc", 22), ("mnt", 23), ("net", 24)] {
      try link("\(pid)/ns/\(name)", to: "\(name):[\(inode)]")
    }
    try file("\(pid)/comm", "s) (h\n")
    try link("\(pid)/exe", to: "/bin/sh (deleted)")
    try link("\(pid)/cwd", to: "/home/a b")
    try file("\(pid)/cmdline", "sh\0-c\0exit\0")
    try file("\(pid)/cgroup", "1:name=systemd:/s\n0::/foo/docker-f6aa.scope\n")
    try file("\(pid)/environ", "A=1\0B=2\0")
  }
}
