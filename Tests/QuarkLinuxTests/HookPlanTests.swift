import Testing

@testable import QuarkLinux

@Suite struct HookPlanTests {
  @Test func theBestComesFirst() {
    let plan = HookPlan()
    for hook in Hook.allCases { #expect(plan[hook]?.description == hook.variants[0].description) }
    #expect(plan.missing == nil)
    #expect(plan.description.hasPrefix("fork: raw_tp/sched_process_fork\nexec: raw_tp/sched_process_exec\n"))
  }

  @Test func whatIsRejectedIsTold() {
    var plan = HookPlan()
    plan.reject(.credentials, "cannot load the BPF programs: Invalid argument\nlast line of the verifier")
    #expect(plan[.credentials]?.description == "kprobe/commit_creds")
    #expect(
      plan.description.contains(
        "credentials: kprobe/commit_creds\n  not fentry/commit_creds: cannot load the BPF programs: Invalid argument\n"
          + "    last line of the verifier\n"))
    plan.reject(.credentials, "no such function")
    #expect(plan[.credentials] == nil)
    #expect(plan.description.contains("credentials: none\n  not fentry/commit_creds: "))
    #expect(plan.missing == nil, "changes of ids are no reason to be blind")
    // Nothing is left to be rejected.
    plan.reject(.credentials, "again")
    #expect(!plan.description.contains("again"))
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
    #expect(tracepoints[.fork]?.kind == .rawTracepoint)
    #expect(tracepoints[.setsid]?.description == "kprobe/proc_sid_connector")
    var kprobes = HookPlan(.kprobes)
    for hook in Hook.allCases { #expect(kprobes[hook]?.kind == .kprobe) }
    kprobes.reject(.fork, "no")
    #expect(kprobes[.fork]?.kind == .rawTracepoint, "the rest is not forgotten")
    var only = HookPlan { $0 == .kprobe }
    for hook in Hook.allCases { #expect(only[hook]?.kind == .kprobe) }
    only.reject(.comm, "no")
    #expect(only[.comm] == nil)
    #expect(HookPlan { $0 == .fentry }.missing == .fork)
  }

  @Test func programsBelongToTheHooksThatUseThem() {
    var plan = HookPlan()
    #expect(plan.hook(ofProgram: Array("comm_fentry".utf8)) == .comm)
    #expect(plan.hook(ofProgram: Array("comm_kprobe".utf8)) == nil)
    plan.reject(.comm, "no")
    #expect(plan.hook(ofProgram: Array("comm_kprobe".utf8)) == .comm)
  }

  /// Each program is in bpf/, and each variant of a hook is another one.
  @Test func variantsDiffer() {
    for hook in Hook.allCases {
      let all = hook.variants.map(\.description)
      #expect(Set(all).count == all.count)
      #expect(!all.isEmpty)
    }
  }
}
