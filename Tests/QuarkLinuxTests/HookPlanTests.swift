import CQuark
import CWire
import Testing

@testable import QuarkLinux

@Suite struct HookPlanTests {
  @Test func theBestComesFirst() {
    let plan = HookPlan()
    for hook in Hook.allCases {
      #expect(plan[hook]?.description == hook.variants.first { $0.kind != .kprobes }?.description)
    }
    #expect(plan.missing == nil)
    #expect(plan.description.hasPrefix("fork: raw_tp/sched_process_fork\nexec: raw_tp/sched_process_exec\n"))
  }

  @Test func whatIsRejectedIsTold() {
    var plan = HookPlan()
    plan.reject(.credentials, "cannot load the BPF programs: Invalid argument\nlast line of the verifier")
    #expect(plan[.credentials]?.description == "fentry/commit_creds")
    #expect(
      plan.description.contains(
        "credentials: fentry/commit_creds\n  not kprobe/commit_creds: cannot load the BPF programs: Invalid argument\n"
          + "    last line of the verifier\n"))
    plan.reject(.credentials, "no such function")
    #expect(plan[.credentials] == nil)
    #expect(plan.description.contains("credentials: none\n  not kprobe/commit_creds: "))
    #expect(plan.missing == nil, "changes of ids are no reason to be blind")
    // There is nothing left to reject.
    plan.reject(.credentials, "again")
    #expect(!plan.description.contains("again"))
  }

  @Test func whatCannotHappenIsNotMissed() {
    var plan = HookPlan(types: 1 << RAW_SHM.rawValue) { $0 == .fexit }
    #expect(plan.description.contains("32 bits"))
    plan.leaveOut(.memfdCreate32)
    #expect(!plan.description.contains("32 bits") && plan[.memfdCreate32] == nil && plan[.memfdCreate] != nil)
    #expect(plan.hooks == [.shmget, .memfdCreate])
  }

  @Test func someMustBeHad() {
    var plan = HookPlan()
    plan.reject(.exec, "first")
    #expect(plan.missing == nil)
    plan.reject(.exec, "second")
    plan.reject(.exec, "third")
    #expect(plan.missing == .exec)
    #expect(
      plan.explanation(of: .exec)
        == "  not raw_tp/sched_process_exec: first\n  not kprobe/finalize_exec: second\n"
        + "  not kprobe/proc_exec_connector: third\n")
  }

  @Test func preferences() {
    let tracepoints = HookPlan(.tracepoints)
    #expect(tracepoints.hooks(.rawTracepoint) == [.fork, .exec, .exit, .comm])
    #expect(tracepoints[.setsid]?.description == "kprobe/proc_sid_connector")
    var kprobes = HookPlan(.kprobes)
    #expect(kprobes.hooks(.kprobes) == Hook.ofProcesses)
    #expect(kprobes[.comm]?.description == "kprobe.multi/__set_task_comm")
    for hook in Hook.ofProcesses { kprobes.reject(hook, "no") }
    for hook in Hook.ofProcesses { #expect(kprobes[hook]?.kind == .kprobe) }
    kprobes.reject(.fork, "no")
    #expect(kprobes[.fork]?.kind == .rawTracepoint, "the rest is not forgotten")
    var only = HookPlan { $0 == .kprobe }
    for hook in Hook.ofProcesses { #expect(only[hook]?.kind == .kprobe) }
    only.reject(.comm, "no")
    #expect(only[.comm] == nil)
    #expect(HookPlan { $0 == .fentry }.missing == .fork)
    #expect(HookPlan { $0 == .kprobes }.missing == .fork, "no kernel that has tracepoints to spare is slow to close")
    #expect(HookPlan(.kprobes) { $0 == .kprobes }.missing == nil)
  }

  /// The kinds by which a kernel sees returns come in the order in which it closes them; a kprobe of an entry stays first.
  @Test func returnsInOrder() {
    func kinds(_ returns: HookPlan.Returns, _ preference: HookPlan.Preference, _ hook: Hook) -> [HookVariant.Kind] {
      var plan = HookPlan(preference, returns: returns, types: 1 << hook.type.rawValue)
      var kinds: [HookVariant.Kind] = []
      while let variant = plan[hook] {
        kinds.append(variant.kind)
        plan.reject(hook, "no")
      }
      return kinds
    }
    #expect(kinds(.trampolines, .tracepoints, .shmget) == [.fexit, .kretprobe, .kretprobes])
    #expect(kinds(.kprobes, .tracepoints, .shmget) == [.kretprobe, .kretprobes, .fexit])
    #expect(kinds(.links, .tracepoints, .shmget) == [.kretprobes, .fexit, .kretprobe])
    #expect(kinds(.kprobes, .tracepoints, .ttyWrite) == [.fexit, .kretprobe, .kretprobes], "it may wait for long")
    #expect(kinds(.links, .kprobes, .shmget) == [.kretprobes, .kretprobe, .fexit])
    for returns in [HookPlan.Returns.trampolines, .kprobes, .links] {
      #expect(kinds(returns, .tracepoints, .moduleLoad) == [.kprobe, .fexit])
      #expect(kinds(returns, .tracepoints, .credentials) == [.kprobe, .fentry])
    }
  }

  /// One program of many functions belongs to all their hooks.
  @Test func returnsOfMany() {
    var plan = HookPlan(returns: .links, types: 1 << RAW_SHM.rawValue)
    #expect(plan.hooks(.kretprobes) == [.shmget, .memfdCreate, .memfdCreate32])
    #expect(plan.hooks(ofProgram: Array("any_kretprobe".utf8)).count == 3)
    #expect(plan.hooks(ofProgram: Array("any_call".utf8)).count == 3)
    unsafe #expect(plan.family(ofProgram: "any_kretprobe") == nil)
    unsafe #expect(plan.family(ofProgram: "any_call") == nil, "who misses what it keeps counts that")
    plan.reject(.shmget, "no such function")
    #expect(plan.hooks(.kretprobes) == [.memfdCreate, .memfdCreate32])
    #expect(plan[.shmget]?.description == "fexit/ipcget")
    // A cookie says which of them it is.
    let all = Hook.allCases.filter { hook in hook.variants.contains { $0.isOfMany } }
    #expect(Set(all.map(\.cookie)).count == all.count && !all.contains { $0.cookie == 0 })
  }

  /// Where programs of trampolines may be preempted, returns are seen by kretprobes; they need a program more.
  @Test func returns() {
    var plan = HookPlan(types: 1 << RAW_SHM.rawValue)
    #expect(plan.hooks(.fexit) == [.shmget, .memfdCreate, .memfdCreate32])
    #expect(plan.programs.map { "\($0)" } == ["shmget_fexit", "memfd_create_fexit", "memfd_create_32_fexit"])
    #expect(plan.hooks(ofProgram: Array("shm_kprobe".utf8)) == [])
    plan.reject(.memfdCreate, "no")
    #expect(plan[.memfdCreate]?.description == "kretprobe/__x64_sys_memfd_create")
    #expect(plan.programs.map { "\($0)" }.last == "shm_kprobe")
    #expect(plan.hooks(ofProgram: Array("shm_kprobe".utf8)) == [.memfdCreate])
    #expect(HookPlan(.kprobes, types: 1 << RAW_SHM.rawValue).hooks(.kretprobe).count == 3)
    unsafe #expect(plan.family(ofProgram: "shmget_fexit") == WIRE_FAMILY_SHM)
    unsafe #expect(plan.family(ofProgram: "shm_kprobe") == nil, "who misses what it keeps counts that")
    unsafe #expect(plan.family(ofProgram: "memfd_create_kretprobe") == nil)
  }

  @Test func programsBelongToTheHooksThatUseThem() {
    var plan = HookPlan()
    #expect(plan.hooks(ofProgram: Array("comm_raw".utf8)) == [.comm])
    #expect(plan.hooks(ofProgram: Array("comm_kprobe".utf8)) == [])
    plan.reject(.comm, "no")
    #expect(plan.hooks(ofProgram: Array("comm_kprobe".utf8)) == [.comm])
    #expect(HookPlan(.kprobes).hooks(ofProgram: Array("any_kprobe".utf8)) == Hook.ofProcesses)
  }

  /// Each program is in bpf/, and each variant of a hook is another one.
  @Test func variantsDiffer() {
    for hook in Hook.allCases {
      let all = hook.variants.map(\.description)
      #expect(Set(all).count == all.count)
      #expect(!all.isEmpty)
    }
  }

  /// Hooks that are not asked for are not used and not listed.
  @Test func onlyWhatIsAskedFor() {
    #expect(HookPlan(types: cquark_types_for(0)).hooks == Hook.ofProcesses)
    let none = HookPlan(types: 1 << RAW_FILE.rawValue)
    #expect(none.hooks.isEmpty && none.missing == nil && none.description.isEmpty)
    #expect(Hook.allCases.allSatisfy { none[$0] == nil })
  }
}
