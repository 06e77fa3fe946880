internal import CQuark
internal import CWire

/// The hooks of the EBPF backend, named by what they report. The raw value is the index in tables.
public enum Hook: Int, CaseIterable, Sendable {
  case fork, exec, exit, setsid, credentials, comm
  case getpid
  case ptraceAttach, ptraceTraceme, ptraceRequest, ptraceRequest32
  case shmget, memfdCreate, memfdCreate32
  case moduleLoad
  case ttyWrite

  public var name: StaticString {
    switch self {
    case .fork: "fork"
    case .exec: "exec"
    case .exit: "exit"
    case .setsid: "setsid"
    case .credentials: "credentials"
    case .comm: "comm"
    case .getpid: "getpid"
    case .ptraceAttach: "ptrace attach"
    case .ptraceTraceme: "ptrace traceme"
    case .ptraceRequest: "ptrace request"
    case .ptraceRequest32: "ptrace request (32 bits)"
    case .shmget: "shmget"
    case .memfdCreate: "memfd_create"
    case .memfdCreate32: "memfd_create (32 bits)"
    case .moduleLoad: "module load"
    case .ttyWrite: "tty write"
    }
  }

  /// The type of raw event that its records become. The hook is used only if this type is asked for.
  var type: raw_types {
    switch self {
    case .fork: RAW_WAKE_UP_NEW_TASK
    case .exec: RAW_EXEC
    case .exit: RAW_EXIT_THREAD
    case .setsid, .credentials: RAW_ID_CHANGE
    case .comm: RAW_COMM
    case .getpid: RAW_GETPID
    case .ptraceAttach, .ptraceTraceme, .ptraceRequest, .ptraceRequest32: RAW_PTRACE
    case .shmget, .memfdCreate, .memfdCreate32: RAW_SHM
    case .moduleLoad: RAW_MODULE_LOAD
    case .ttyWrite: RAW_TTY
    }
  }

  /// The family of its records.
  var family: wire_family {
    // Safe: there is a row for every type.
    wire_family(unsafe cquark_type(type.rawValue).pointee.family)
  }

  /// True for hooks that deliver only calls of programs of 32 bits. A kernel that runs no such programs does not have
  /// their functions.
  var isOf32Bits: Bool { self == .ptraceRequest32 || self == .memfdCreate32 }

  /// True if the process of the self-test does what this hook reports.
  var isTested: Bool {
    switch self {
    case .fork, .exec, .exit, .setsid, .credentials, .comm, .getpid, .ptraceAttach, .shmget, .memfdCreate, .ttyWrite:
      true
    // Modules are not loaded to try something. Of its own children a process is told to trace them, and no more; and
    // a program need not be able to call the kernel as one of 32 bits.
    case .ptraceTraceme, .ptraceRequest, .ptraceRequest32, .memfdCreate32, .moduleLoad: false
    }
  }

  /// The hooks of the process family, which every queue uses.
  public static var ofProcesses: [Hook] { allCases.filter { $0.rawValue <= Hook.comm.rawValue } }

  /// The cookie that tells a program that is attached to many hooks which one called it.
  var cookie: UInt64 {
    let hook =
      switch self {
      case .fork: WIRE_HOOK_FORK
      case .exec: WIRE_HOOK_EXEC
      case .exit: WIRE_HOOK_EXIT
      case .setsid: WIRE_HOOK_SETSID
      case .credentials: WIRE_HOOK_CREDENTIALS
      case .comm: WIRE_HOOK_COMM
      case .ptraceAttach: WIRE_HOOK_PTRACE_ATTACH
      case .ptraceTraceme: WIRE_HOOK_PTRACE_TRACEME
      case .ptraceRequest: WIRE_HOOK_PTRACE_REQUEST
      case .ptraceRequest32: WIRE_HOOK_PTRACE_REQUEST_32
      case .shmget: WIRE_HOOK_SHMGET
      case .memfdCreate: WIRE_HOOK_MEMFD_CREATE
      case .memfdCreate32: WIRE_HOOK_MEMFD_CREATE_32
      case .ttyWrite: WIRE_HOOK_TTY_WRITE
      case .getpid, .moduleLoad: WIRE_HOOK_NONE
      }
    return UInt64(hook.rawValue)
  }

  /// The cookie that tells a program that is attached to the entries of many functions of what family their calls are.
  var entryCookie: UInt64 { UInt64(family.rawValue) }

  /// True for hooks that are needed to identify processes. Without another hook only its events are missing, and the
  /// queue reports this.
  public var isRequired: Bool { rawValue <= Hook.exit.rawValue }

  /// True if the function waits as long as somebody likes: a terminal may be stopped. Where the kernel keeps few returns,
  /// a few such calls would hide all others.
  var isOfLongCalls: Bool { self == .ttyWrite }

  /// The ways to have it: raw tracepoints, which cost least and are gone at once when they are closed; then kprobes,
  /// which are never preempted; then the entries of functions (fentry), each of which takes some kernels an eighth of a
  /// second to close, until every task has been seen outside of its trampoline. `HookPlan.Returns` is the order of the
  /// ways to see returns.
  public var variants: [HookVariant] {
    switch self {
    case .fork:
      [
        HookVariant(.rawTracepoint, program: "fork_raw", target: "sched_process_fork"),
        HookVariant(.kprobes, program: "any_kprobe", target: "wake_up_new_task"),
        HookVariant(.kprobe, program: "fork_kprobe", target: "wake_up_new_task"),
      ]
    case .exec:
      [
        HookVariant(.rawTracepoint, program: "exec_raw", target: "sched_process_exec"),
        HookVariant(.kprobes, program: "any_kprobe", target: "finalize_exec"),
        HookVariant(.kprobe, program: "exec_kprobe", target: "finalize_exec"),
        HookVariant(.kprobe, program: "exec_kprobe_late", target: "proc_exec_connector"),
      ]
    case .exit:
      [
        HookVariant(.rawTracepoint, program: "exit_raw", target: "sched_process_exit"),
        HookVariant(.kprobes, program: "any_kprobe", target: "taskstats_exit"),
        HookVariant(.kprobe, program: "exit_kprobe", target: "taskstats_exit"),
        HookVariant(.kprobe, program: "exit_kprobe_late", target: "disassociate_ctty"),
      ]
    case .setsid:
      [
        HookVariant(.kprobes, program: "any_kprobe", target: "proc_sid_connector"),
        HookVariant(.kprobe, program: "setsid_kprobe", target: "proc_sid_connector"),
        HookVariant(.kprobe, program: "setsid_kprobe", target: "sched_autogroup_create_attach"),
        HookVariant(.fentry, program: "setsid_fentry", target: "proc_sid_connector"),
        HookVariant(.fentry, program: "setsid_fentry", target: "sched_autogroup_create_attach"),
      ]
    case .credentials:
      [
        HookVariant(.kprobes, program: "any_kprobe", target: "commit_creds"),
        HookVariant(.kprobe, program: "creds_kprobe", target: "commit_creds"),
        HookVariant(.fentry, program: "creds_fentry", target: "commit_creds"),
      ]
    case .comm:
      [
        HookVariant(.rawTracepoint, program: "comm_raw", target: "task_rename"),
        HookVariant(.kprobes, program: "any_kprobe", target: "__set_task_comm"),
        HookVariant(.kprobe, program: "comm_kprobe", target: "__set_task_comm"),
        HookVariant(.fentry, program: "comm_fentry", target: "__set_task_comm"),
      ]
    case .getpid:
      [
        HookVariant(.kprobe, program: "getpid_kprobe", target: "__do_sys_getpid"),
        HookVariant(.fentry, program: "getpid_fentry", target: "__do_sys_getpid"),
      ]
    case .ptraceAttach:
      HookVariant.atReturn(
        of: "ptrace_attach", fexit: "ptrace_attach_fexit", kretprobe: "ptrace_attach_kretprobe", entry: "ptrace_kprobe")
    case .ptraceTraceme:
      HookVariant.atReturn(
        of: "ptrace_traceme", fexit: "ptrace_traceme_fexit", kretprobe: "ptrace_traceme_kretprobe",
        entry: "ptrace_kprobe")
    case .ptraceRequest:
      HookVariant.atReturn(
        of: "arch_ptrace", fexit: "ptrace_request_fexit", kretprobe: "ptrace_request_kretprobe", entry: "ptrace_kprobe")
    case .ptraceRequest32:
      HookVariant.atReturn(
        of: "compat_arch_ptrace", fexit: "ptrace_request_32_fexit", kretprobe: "ptrace_request_32_kretprobe",
        entry: "ptrace_kprobe")
    case .shmget:
      HookVariant.atReturn(
        of: "ipcget", fexit: "shmget_fexit", kretprobe: "shmget_kretprobe", entry: "shm_kprobe")
    case .memfdCreate:
      HookVariant.atReturn(
        of: "__x64_sys_memfd_create", fexit: "memfd_create_fexit", kretprobe: "memfd_create_kretprobe",
        entry: "shm_kprobe")
    case .memfdCreate32:
      HookVariant.atReturn(
        of: "__ia32_sys_memfd_create", fexit: "memfd_create_32_fexit", kretprobe: "memfd_create_32_kretprobe",
        entry: "shm_kprobe")
    case .moduleLoad:
      [
        HookVariant(.kprobe, program: "module_kprobe", target: "module_arch_freeing_init"),
        HookVariant(.fexit, program: "module_fexit", target: "do_init_module"),
      ]
    case .ttyWrite:
      HookVariant.atReturn(
        of: "n_tty_write", fexit: "tty_write_fexit", kretprobe: "tty_write_kretprobe", entry: "tty_write_kprobe")
    }
  }
}

/// One variant of a hook: a BPF program and its target.
public struct HookVariant: Sendable {
  public enum Kind: CaseIterable, Sendable {
    case rawTracepoint, fentry, kprobe
    /// The return of a function, with its arguments: one program sees both, and no state is needed in between.
    case fexit
    /// The same by two kprobes: a program at the function's entry keeps the arguments. The kernel keeps returns of few
    /// calls at a time; the others are counted as lost.
    case kretprobe
    /// The same of many functions in two links: Linux 5.18, with CONFIG_FPROBE.
    case kretprobes
    /// Of many functions in one link, with one program that knows by a number where it is: Linux 5.18, with
    /// CONFIG_FPROBE.
    case kprobes

    public var name: StaticString {
      switch self {
      case .rawTracepoint: "raw_tp"
      case .fentry: "fentry"
      case .fexit: "fexit"
      case .kretprobe: "kretprobe"
      case .kretprobes: "kretprobe.multi"
      case .kprobe: "kprobe"
      case .kprobes: "kprobe.multi"
      }
    }
  }

  /// True if it is attached by the type id of its function.
  var isOfTrampoline: Bool { kind == .fentry || kind == .fexit }

  public let kind: Kind
  public let program: StaticString
  public let target: StaticString
  /// Of kretprobes: what keeps the arguments at the entry.
  let entry: StaticString?

  init(_ kind: Kind, program: StaticString, target: StaticString, entry: StaticString? = nil) {
    self.kind = kind
    self.program = program
    self.target = target
    self.entry = entry
  }

  /// True if one link has many of them, with one program.
  var isOfMany: Bool { kind == .kprobes || kind == .kretprobes }

  /// True if it is made of events of perf.
  var isOfEvents: Bool { kind == .kprobe || kind == .kretprobe }

  /// The ways to see a function's return with its arguments.
  static func atReturn(
    of target: StaticString, fexit: StaticString, kretprobe: StaticString, entry: StaticString
  ) -> [HookVariant] {
    [
      HookVariant(.fexit, program: fexit, target: target),
      HookVariant(.kretprobe, program: kretprobe, target: target, entry: entry),
      HookVariant(.kretprobes, program: "any_kretprobe", target: target, entry: "any_call"),
    ]
  }

  /// Text such as `fentry/commit_creds`.
  public var description: String { "\(kind.name)/\(target)" }
}
