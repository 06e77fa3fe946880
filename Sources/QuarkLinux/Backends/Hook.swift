/// What the EBPF backend hooks into, by what it learns there. The raw value is its place in tables.
public enum Hook: Int, CaseIterable, Sendable {
  case fork, exec, exit, setsid, credentials, comm

  public var name: StaticString {
    switch self {
    case .fork: "fork"
    case .exec: "exec"
    case .exit: "exit"
    case .setsid: "setsid"
    case .credentials: "credentials"
    case .comm: "comm"
    }
  }

  /// Without these there is no telling who is who. Without another one its events are missed, and the queue says so.
  public var isRequired: Bool { rawValue <= Hook.exit.rawValue }

  /// The ways to have it, the cheapest first: raw tracepoints, which are the kernel's steadiest offer, too; then the
  /// entries of functions (fentry); then kprobes, which work on kernels without BPF trampolines, and are never preempted.
  public var variants: [HookVariant] {
    switch self {
    case .fork:
      [
        HookVariant(.rawTracepoint, program: "fork_raw", target: "sched_process_fork"),
        HookVariant(.kprobe, program: "fork_kprobe", target: "wake_up_new_task"),
      ]
    case .exec:
      [
        HookVariant(.rawTracepoint, program: "exec_raw", target: "sched_process_exec"),
        HookVariant(.kprobe, program: "exec_kprobe", target: "finalize_exec"),
        HookVariant(.kprobe, program: "exec_kprobe_late", target: "proc_exec_connector"),
      ]
    case .exit:
      [
        HookVariant(.rawTracepoint, program: "exit_raw", target: "sched_process_exit"),
        HookVariant(.kprobe, program: "exit_kprobe", target: "taskstats_exit"),
        HookVariant(.kprobe, program: "exit_kprobe_late", target: "disassociate_ctty"),
      ]
    case .setsid:
      [
        HookVariant(.fentry, program: "setsid_fentry", target: "proc_sid_connector"),
        HookVariant(.fentry, program: "setsid_fentry", target: "sched_autogroup_create_attach"),
        HookVariant(.kprobe, program: "setsid_kprobe", target: "proc_sid_connector"),
        HookVariant(.kprobe, program: "setsid_kprobe", target: "sched_autogroup_create_attach"),
      ]
    case .credentials:
      [
        HookVariant(.fentry, program: "creds_fentry", target: "commit_creds"),
        HookVariant(.kprobe, program: "creds_kprobe", target: "commit_creds"),
      ]
    case .comm:
      [
        HookVariant(.fentry, program: "comm_fentry", target: "__set_task_comm"),
        HookVariant(.kprobe, program: "comm_kprobe", target: "__set_task_comm"),
      ]
    }
  }
}

/// One way to hook: a BPF program and where it is attached.
public struct HookVariant: Sendable {
  public enum Kind: Sendable {
    case rawTracepoint, fentry, kprobe

    public var name: StaticString {
      switch self {
      case .rawTracepoint: "raw_tp"
      case .fentry: "fentry"
      case .kprobe: "kprobe"
      }
    }
  }

  public let kind: Kind
  public let program: StaticString
  public let target: StaticString

  init(_ kind: Kind, program: StaticString, target: StaticString) {
    self.kind = kind
    self.program = program
    self.target = target
  }

  /// `fentry/commit_creds`
  public var description: String { "\(kind.name)/\(target)" }
}
