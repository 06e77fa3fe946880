internal import CLibbpf
internal import CLinux
internal import QuarkCore

/// Kprobes and kretprobes with BPF programs, as events of perf. To remove one, kernels wait up to 76 ms for all that
/// may still run in it, and let whoever closes the last descriptor of it wait. Therefore a map holds them, and none has
/// a descriptor: the map is gone at once, and the kernel's own threads remove what it held, one after the other
/// (perf_event_fd_array_release() of kernel/bpf/arraymap.c, delayed_fput() of fs/file_table.c). Until then the programs
/// run, for nobody. It is the same when a process is killed.
@safe @usableFromInline struct KprobeEvents: ~Copyable {
  private var probes = clinux_perf_probes()
  /// The map; -1 before there is one.
  private var holder: CInt = -1
  private var count: UInt32 = 0

  /// Each hook has an event at a function's entry, and one at its return.
  private static var most: UInt32 { UInt32(2 * Hook.allCases.count) }

  @inlinable deinit { destroy() }

  @usableFromInline func destroy() { if holder >= 0 { _ = close(holder) } }

  mutating func attach(_ program: CInt, to function: StaticString, isReturn: Bool) throws(Errno) {
    try prepare()
    // Safe: a static string lives for ever, and ends with a NUL.
    let number = unsafe clinux_perf_kprobe(&probes, function.cString, isReturn ? 1 : 0)
    let event = FileDescriptor(owning: try Errno.check(number))
    try hold(event)
    _ = try Errno.check(clinux_perf_set_program(event.rawValue, program))
  }

  private mutating func prepare() throws(Errno) {
    if holder >= 0 { return }
    _ = try Errno.check(unsafe clinux_perf_probes(&probes))
    let map = unsafe bpf_map_create(BPF_MAP_TYPE_PERF_EVENT_ARRAY, "kprobes", 4, 4, Self.most, nil)
    if map < 0 { throw Errno(-map) }
    holder = map
  }

  private mutating func hold(_ event: borrowing FileDescriptor) throws(Errno) {
    var value = event.rawValue
    // Safe: the key and the value have four bytes each.
    let error: CInt = unsafe bpf_map_update_elem(holder, &count, &value, UInt64(BPF_ANY))
    if error != 0 { throw Errno(-error) }
    count += 1
  }
}
