import CLinux

/// From where a process makes the calls that a test looks at.
enum Place: CaseIterable {
  case process, thread, namespace, chroot

  /// The kinds of hooks by which this kernel's functions are seen to return. Each is what some kernels take first. A
  /// kernel that has fprobes says so in its tracing files.
  static var returns: [String] {
    let text = (try? readFile("/sys/kernel/tracing/README")) ?? []
    let hasLinks = place(of: Array("<func-name>[%return]".utf8), in: text[...]) != nil
    return ["fexit", "kretprobe"] + (hasLinks ? ["kretprobe.multi"] : [])
  }
}

extension TestContext {
  /// Lets a child do `body` at such a place, and returns what the queue said of the process that did it.
  @inline(never) func live(
    at place: Place, in queue: inout TestQueue, _ body: () -> Void
  ) throws(TestEnd) -> Life {
    switch place {
    case .process:
      return try live(in: &queue, status: 7) {
        body()
        return 7
      }
    case .thread:
      return try live(in: &queue, status: 7) {
        withoutActuallyEscaping(body) { runOnThread($0) }
        return 7
      }
    case .chroot:
      let scratch = try Scratch()
      return try live(in: &queue, status: 7) {
        must("chroot", unsafe chroot(scratch.path))
        must("chdir", unsafe chdir("/"))
        body()
        return 7
      }
    case .namespace: return try liveInNamespace(&queue, body)
    }
  }

  /// The first process of a namespace of pids.
  private func liveInNamespace(_ queue: inout TestQueue, _ body: () -> Void) throws(TestEnd) -> Life {
    let truth = try Truth()
    let outer = try start {
      must("unshare", clinux_unshare(CLINUX_NEW_PID.rawValue))
      let inner = clinux_fork()
      if inner == 0 {
        body()
        _exit(7)
      }
      truth[0] = Int(inner)
      return (try? wait(for: inner)) == 7 << 8 ? 7 : 1
    }
    try expectEqual("the end of the child in the namespace", try wait(for: outer), 7 << 8)
    return try life(of: pid_t(truth[0]), endingWith: 7 << 8, in: &queue)
  }

  /// A queue that sees returns by one of `Place.returns`.
  func open(returnsBy kind: String) throws(TestEnd) -> TestQueue {
    unsafe setenv("QUARK_EBPF_HOOKS", "raw_tp,kprobe,kprobe.multi," + kind, 1)
    defer { unsafe unsetenv("QUARK_EBPF_HOOKS") }
    return try open()
  }
}

/// In a child: the thread does it all, while the first one waits.
private func runOnThread(_ body: @escaping () -> Void) {
  let memory = UnsafeMutablePointer<() -> Void>.allocate(capacity: 1)
  unsafe memory.initialize(to: body)
  var thread = pthread_t()
  let error = unsafe pthread_create(&thread, nil, { memory in
    // Safe: it is what is initialized above, and stays until the thread has ended.
    unsafe memory!.assumingMemoryBound(to: (() -> Void).self).pointee()
    return nil
  }, memory)
  must("start a thread", error == 0 ? 0 : -1)
  pthread_join(thread, nil)
  unsafe memory.deinitialize(count: 1)
  unsafe memory.deallocate()
}
