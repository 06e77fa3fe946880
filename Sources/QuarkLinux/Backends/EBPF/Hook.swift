internal import CQuark
internal import CWire

/// The hooks of the EBPF backend, named by what they report. The raw value is the index in tables.
public enum Hook: Int, CaseIterable, Sendable {
  case fork, exec, exit, setsid, credentials, comm
  case getpid
  case ptraceAttach, ptraceTraceme, ptraceRequest
  case shmget, memfdCreate
  case moduleLoad

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
    case .shmget: "shmget"
    case .memfdCreate: "memfd_create"
    case .moduleLoad: "module load"
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
    case .ptraceAttach, .ptraceTraceme, .ptraceRequest: RAW_PTRACE
    case .shmget, .memfdCreate: RAW_SHM
    case .moduleLoad: RAW_MODULE_LOAD
    }
  }

  /// True if the process of the self-test does what this hook reports.
  var isTested: Bool {
    switch self {
    case .fork, .exec, .exit, .setsid, .credentials, .comm, .getpid: true
    case .ptraceAttach, .ptraceTraceme, .ptraceRequest, .shmget, .memfdCreate, .moduleLoad: false
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
      case .getpid, .ptraceAttach, .ptraceTraceme, .ptraceRequest, .shmget, .memfdCreate, .moduleLoad: WIRE_HOOK_NONE
      }
    return UInt64(hook.rawValue)
  }

  /// True for hooks that are needed to identify processes. Without another hook only its events are missing, and the
  /// queue reports this.
  public var isRequired: Bool { rawValue <= Hook.exit.rawValue }

  /// The variants in their order: raw tracepoints, which cost least and close at once; then kprobes, which are never
  /// preempted; then entries of functions (fentry), which take an eighth of a second to close, until every task has
  /// been outside of the trampoline.
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
    case .ptraceAttach: [HookVariant(.fexit, program: "ptrace_attach_fexit", target: "ptrace_attach")]
    case .ptraceTraceme: [HookVariant(.fexit, program: "ptrace_traceme_fexit", target: "ptrace_traceme")]
    case .ptraceRequest: [HookVariant(.fexit, program: "ptrace_request_fexit", target: "arch_ptrace")]
    case .shmget: [HookVariant(.fexit, program: "shmget_fexit", target: "__x64_sys_shmget")]
    case .memfdCreate: [HookVariant(.fexit, program: "memfd_create_fexit", target: "__x64_sys_memfd_create")]
    case .moduleLoad:
      [
        HookVariant(.kprobe, program: "module_kprobe", target: "trim_init_extable"),
        HookVariant(.fexit, program: "module_fexit", target: "do_init_module"),
      ]
    }
  }
}

/// One variant of a hook: a BPF program and its target.
public struct HookVariant: Sendable {
  public enum Kind: CaseIterable, Sendable {
    case rawTracepoint, fentry, kprobe
    /// The return of a function, with its arguments: one program sees both, and no state is needed in between.
    case fexit
    /// Many functions in one link, with one program that knows its hook by a cookie: Linux 5.18, with CONFIG_FPROBE.
    case kprobes

    public var name: StaticString {
      switch self {
      case .rawTracepoint: "raw_tp"
      case .fentry: "fentry"
      case .fexit: "fexit"
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

  init(_ kind: Kind, program: StaticString, target: StaticString) {
    self.kind = kind
    self.program = program
    self.target = target
  }

  /// Text such as `fentry/commit_creds`.
  public var description: String { "\(kind.name)/\(target)" }
}
